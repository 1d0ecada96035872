#include "core/preflight/presented.hpp"

#include "core/base/async.hpp"

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>

namespace evercert::survey {
namespace {

constexpr std::size_t token_size = 43;

std::string random_text(random_source& chance, std::size_t size) {
    static constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    while (out.size() < size) {
        out += alphabet[chance.next() % alphabet.size()];
    }
    return out;
}

} // namespace

challenge_task make_task(const inquiry& in, const identifier& name) {
    const std::string prefix = "evercert-look-";
    auto& chance = in.parts.random;
    const std::string token = prefix + random_text(chance, token_size - prefix.size());
    const issuer_facts& facts = in.request.facts;
    const std::string thumbprint =
        facts.thumbprint.empty() ? random_text(chance, token_size) : facts.thumbprint;
    challenge_task task(identifier{name.type, name.base()}, token, token + "." + thumbprint);
    task.wildcard = name.wildcard();
    task.account_url = facts.account_url;
    task.thumbprint = thumbprint;
    task.issuer_domains = facts.issuer_domains;
    task.account_hash_prefix = facts.account_hash_prefix;
    return task;
}

awaitable<result<void>> with_presented(solver& by, challenge_task task,
                                       std::function<awaitable<void>()> then) {
    std::exception_ptr stopped;
    result<void> up;
    try {
        up = co_await by.present(task);
        if (up) {
            co_await then();
        }
    } catch (...) {
        stopped = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    try {
        co_await by.clean_up(task);
    } catch (...) {
        stopped = stopped ? stopped : std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    if (stopped) {
        std::rethrow_exception(stopped);
    }
    co_return up;
}

} // namespace evercert::survey
