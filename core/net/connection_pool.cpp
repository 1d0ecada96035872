#include "core/net/connection_pool.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <list>

namespace evercert::net {

namespace {
/// A CA names few hosts; one that names many does not get to fill our memory.
constexpr std::size_t remembered_origins = 32;
} // namespace

struct connection_pool::waiter {
    explicit waiter(const asio::any_io_executor& executor) : timer(executor) {}

    asio::steady_timer timer;
    bool granted = false;
    std::unique_ptr<connection> link;
};

struct connection_pool::origin : std::enable_shared_from_this<origin> {
    std::size_t leased = 0;
    milliseconds idle_for{0};
    bool closed = false;
    std::shared_ptr<session_slot> sessions = std::make_shared<session_slot>();
    std::list<std::unique_ptr<connection>> idle; ///< newest last
    std::list<waiter*> waiting;

    std::unique_ptr<connection> take_idle() {
        while (!idle.empty()) {
            auto link = std::move(idle.back());
            idle.pop_back();
            link->timer.disarm();
            if (link->quiet()) {
                return link;
            }
        }
        return nullptr;
    }

    void release(std::unique_ptr<connection> link) {
        if (!waiting.empty()) {
            waiter* next = waiting.front();
            waiting.pop_front();
            next->granted = true;
            next->link = std::move(link);
            next->timer.cancel();
            return;
        }
        --leased;
        if (!link || closed) {
            return;
        }
        connection* raw = link.get();
        auto forget = [self = weak_from_this(), raw] {
            if (const auto here = self.lock()) {
                here->idle.remove_if([raw](const auto& kept) { return kept.get() == raw; });
            }
        };
        raw->timer.set(socket_clock() + idle_for, std::move(forget));
        idle.push_back(std::move(link));
    }
};

connection_pool::lease::lease(std::shared_ptr<origin> at, std::unique_ptr<connection> kept)
    : link(std::move(kept)), origin_(std::move(at)) {}

connection_pool::lease& connection_pool::lease::operator=(lease&& other) noexcept {
    if (this != &other) {
        give_back();
        link = std::move(other.link);
        reusable = other.reusable;
        origin_ = std::move(other.origin_);
    }
    return *this;
}

connection_pool::lease::~lease() {
    give_back();
}

void connection_pool::lease::give_back() noexcept {
    if (const auto at = std::exchange(origin_, nullptr)) {
        if (!reusable) {
            link.reset();
        }
        at->release(std::move(link));
    }
}

const std::shared_ptr<session_slot>& connection_pool::lease::sessions() const {
    return origin_->sessions;
}

connection_pool::connection_pool(asio::any_io_executor executor, std::size_t per_origin, milliseconds idle)
    : executor_(std::move(executor)), per_origin_(std::max<std::size_t>(per_origin, 1)), idle_(idle) {}

connection_pool::~connection_pool() {
    close();
}

void connection_pool::close() {
    for (auto& [name, at] : origins_) {
        at->closed = true;
        at->idle.clear();
    }
    origins_.clear();
}

std::shared_ptr<connection_pool::origin> connection_pool::at(const std::string& name) {
    if (const auto found = origins_.find(name); found != origins_.end()) {
        return found->second;
    }
    if (origins_.size() >= remembered_origins) {
        std::erase_if(origins_, [](const auto& entry) { return entry.second->leased == 0; });
    }
    auto made = std::make_shared<origin>();
    made->idle_for = idle_;
    origins_.emplace(name, made);
    return made;
}

awaitable<result<connection_pool::lease>> connection_pool::acquire(std::string name, steady_time deadline) {
    const auto here = at(name);
    if (here->leased < per_origin_) {
        ++here->leased;
        co_return lease(here, here->take_idle());
    }
    // On the frame: whichever way this coroutine ends, the origin forgets the waiter and gets back what it
    // was granted.
    struct place {
        origin& at;
        waiter me;
        place(origin& o, const asio::any_io_executor& executor) : at(o), me(executor) {
            at.waiting.push_back(&me);
        }
        ~place() {
            at.waiting.remove(&me);
            if (me.granted) {
                at.release(std::move(me.link));
            }
        }
        place(const place&) = delete;
        place& operator=(const place&) = delete;
    };
    place queued(*here, executor_);
    queued.me.timer.expires_at(deadline);
    boost::system::error_code ec;
    co_await queued.me.timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    if (!queued.me.granted) {
        co_return fail(errc::timed_out, "all connections to " + name + " were busy for the whole time");
    }
    queued.me.granted = false;
    co_return lease(here, std::move(queued.me.link));
}

} // namespace evercert::net
