#include "solvers/dns01/name_queue.hpp"

#include <list>
#include <unordered_map>
#include <utility>

namespace evercert::solvers {

namespace {

struct waiter {
    std::unique_ptr<timer> alarm;
    bool granted = false;
};

} // namespace

struct name_queue::state {
    /// A name is in here while somebody has its turn.
    std::unordered_map<std::string, std::list<waiter*>> rows;

    void pass_on(const std::string& name) noexcept {
        const auto row = rows.find(name);
        if (row == rows.end()) {
            return;
        }
        if (row->second.empty()) {
            rows.erase(row);
            return;
        }
        waiter* const next = row->second.front();
        row->second.pop_front();
        next->granted = true;
        next->alarm->cancel();
    }
};

name_queue::turn::turn(std::shared_ptr<state> rows, std::string name)
    : rows_(std::move(rows)), name_(std::move(name)) {}

name_queue::turn::turn(turn&& other) noexcept
    : rows_(std::move(other.rows_)), name_(std::move(other.name_)) {}

name_queue::turn& name_queue::turn::operator=(turn&& other) noexcept {
    if (this != &other) {
        leave();
        rows_ = std::move(other.rows_);
        name_ = std::move(other.name_);
    }
    return *this;
}

void name_queue::turn::leave() noexcept {
    if (const auto rows = std::exchange(rows_, nullptr)) {
        rows->pass_on(name_);
    }
}

name_queue::name_queue(time_source& time) : time_(time), state_(std::make_shared<state>()) {}

std::size_t name_queue::names() const noexcept {
    return state_->rows.size();
}

awaitable<result<name_queue::turn>> name_queue::enter(std::string name, steady_time deadline) {
    const auto rows = state_;
    if (rows->rows.try_emplace(name).second) {
        co_return turn(rows, std::move(name));
    }
    // On the frame: whichever way this coroutine ends, the row forgets the waiter or gets back its turn.
    struct place {
        place(state& s, const std::string& n, std::unique_ptr<timer> alarm) : in(s), name(n) {
            me.alarm = std::move(alarm);
            in.rows.at(name).push_back(&me);
        }
        ~place() {
            if (me.granted) {
                in.pass_on(name);
            } else if (const auto row = in.rows.find(name); row != in.rows.end()) {
                row->second.remove(&me);
            }
        }
        place(const place&) = delete;
        place& operator=(const place&) = delete;
        state& in;
        const std::string& name;
        waiter me;
    };
    place queued(*rows, name, time_.make_timer());
    co_await queued.me.alarm->wait_until(deadline);
    if (!queued.me.granted) {
        co_return fail(errc::timed_out, "other changes of the same name took all the time");
    }
    queued.me.granted = false;
    co_return turn(rows, name);
}

} // namespace evercert::solvers
