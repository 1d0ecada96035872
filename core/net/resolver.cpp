#include "core/net/resolver.hpp"

#include "core/net/url.hpp"
#include "core/net/watchdog.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <cstring>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <netdb.h>
#include <optional>
#include <system_error>
#include <thread>

namespace evercert::net {

namespace {

constexpr unsigned max_threads = 4;

using outcome = result<std::vector<asio::ip::address>>;

outcome look_up(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    int rc = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (rc == EAI_NONAME || rc == EAI_ADDRFAMILY) {
        // On a host that has only loopback addresses AI_ADDRCONFIG hides even localhost.
        hints.ai_flags = 0;
        rc = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    }
    if (rc != 0) {
        const std::string reason = rc == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(rc);
        return fail(errc::network, "cannot look up the address of " + host + ": " + reason);
    }
    std::vector<asio::ip::address> list;
    for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
        asio::ip::tcp::endpoint where;
        if (a->ai_addrlen <= where.capacity()) {
            std::memcpy(where.data(), a->ai_addr, a->ai_addrlen);
            where.resize(a->ai_addrlen);
            list.push_back(where.address());
        }
    }
    ::freeaddrinfo(found);
    if (list.empty()) {
        return fail(errc::network, "the name " + host + " has no address");
    }
    return list;
}

struct waiter {
    explicit waiter(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    std::optional<outcome> answer;
};

} // namespace

/// `waiting` belongs to the loop thread; the rest is shared with the lookup threads under the mutex.
struct resolver::state : std::enable_shared_from_this<resolver::state> {
    explicit state(const asio::any_io_executor& e) : executor(e) {}

    std::map<std::string, std::list<std::shared_ptr<waiter>>, std::less<>> waiting;

    std::mutex mutex;
    asio::any_io_executor executor;
    std::deque<std::string> queue;
    unsigned threads = 0;
    bool closed = false; ///< after this nobody may touch the executor: its context may be gone

    /// False if the system gives us no thread at all.
    bool ask(const std::string& host) {
        const std::lock_guard lock(mutex);
        queue.push_back(host);
        if (threads < max_threads) {
            try {
                std::thread([self = shared_from_this()] { self->work(); }).detach();
                ++threads;
            } catch (const std::system_error&) {
                if (threads == 0) {
                    queue.clear();
                    return false;
                }
            }
        }
        return true;
    }

    void work() {
        std::unique_lock lock(mutex);
        while (!closed && !queue.empty()) {
            const std::string host = std::move(queue.front());
            queue.pop_front();
            lock.unlock();
            auto answer = std::make_shared<const outcome>(look_up(host));
            lock.lock();
            if (!closed) {
                auto deliver = [self = weak_from_this(), host, answer = std::move(answer)] {
                    if (const auto alive = self.lock()) {
                        alive->deliver(host, *answer);
                    }
                };
                asio::post(executor, std::move(deliver));
            }
        }
        --threads;
    }

    void deliver(const std::string& host, const outcome& answer) {
        const auto found = waiting.find(host);
        if (found == waiting.end()) {
            return;
        }
        for (const auto& w : found->second) {
            w->answer = answer;
            w->timer.cancel();
        }
        waiting.erase(found);
    }
};

resolver::resolver(const asio::any_io_executor& executor) : state_(std::make_shared<state>(executor)) {}

resolver::~resolver() {
    const std::lock_guard lock(state_->mutex);
    state_->closed = true;
    state_->queue.clear();
    state_->waiting
        .clear(); // a lookup thread may be the last to let go of the state: no timers may be left in it
    state_->executor = asio::any_io_executor();
}

awaitable<result<addresses>> resolver::resolve(std::string host, std::uint16_t port, steady_time deadline) {
    boost::system::error_code not_literal;
    const auto literal = asio::ip::make_address(host, not_literal);
    if (!not_literal) {
        addresses one(1, asio::ip::tcp::endpoint(literal, port));
        co_return one;
    }
    if (host == "localhost" || host.ends_with(".localhost")) {
        // RFC 6761 section 6.3: never asked of anybody, and there whether /etc/hosts says so or not.
        addresses loopback;
        loopback.emplace_back(asio::ip::address_v6::loopback(), port);
        loopback.emplace_back(asio::ip::address_v4::loopback(), port);
        co_return loopback;
    }
    auto me = std::make_shared<waiter>(co_await asio::this_coro::executor);
    me->timer.expires_at(deadline);
    const bool first = !state_->waiting.contains(host);
    state_->waiting[host].push_back(me);
    if (first && !state_->ask(host)) {
        state_->waiting.erase(host);
        co_return fail(errc::network,
                       "cannot look up the address of " + host + ": the system allows no more threads");
    }
    boost::system::error_code ec;
    co_await me->timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    if (!me->answer) {
        // The entry of the name itself stays until its lookup ends, so that a hanging name holds one thread,
        // not four.
        if (const auto found = state_->waiting.find(host); found != state_->waiting.end()) {
            found->second.remove(me);
        }
        throw_if_cancelled(co_await asio::this_coro::cancellation_state);
        co_return fail(errc::timed_out,
                       "looking up the address of " + host + " took too long: check the host's DNS servers");
    }
    throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    if (!me->answer->has_value()) {
        co_return fail(me->answer->error());
    }
    addresses list;
    for (const auto& address : **me->answer) {
        list.emplace_back(address, port);
    }
    co_return interleaved(std::move(list));
}

addresses interleaved(addresses list) {
    addresses a, b, out;
    for (const auto& where : list) {
        (where.protocol() == list.front().protocol() ? a : b).push_back(where);
    }
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        if (i < a.size()) {
            out.push_back(a[i]);
        }
        if (i < b.size()) {
            out.push_back(b[i]);
        }
    }
    return out;
}

} // namespace evercert::net
