#include "daemon/status/survey.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>

namespace evercert::daemon::status {
namespace {

/// Certificates between two breaths: about a millisecond.
constexpr std::size_t stride = 200;
/// Searches whose results are kept.
constexpr std::size_t most_kept = 4;
constexpr int times_as_long = 20;

struct kept_survey {
    std::string search;
    std::shared_ptr<const survey> found;
    steady_time until;
};

} // namespace

/// Held by every look, which may unwind after the surveyor is gone.
struct surveyor::impl {
    impl(asio::any_io_executor e, const lifecycle::engine& which, time_source& t)
        : executor(std::move(e)), engine(which), time(t) {}

    void tidy() {
        const steady_time now = time.steady_now();
        std::erase_if(kept, [&](const kept_survey& each) { return each.until <= now; });
    }

    std::shared_ptr<const survey> find(const std::string& search) {
        tidy();
        const auto found = std::ranges::find(kept, search, &kept_survey::search);
        return found == kept.end() ? nullptr : found->found;
    }

    static awaitable<std::shared_ptr<const survey>> look(std::shared_ptr<impl> self, std::string search);
    static awaitable<std::shared_ptr<const survey>> walk(std::shared_ptr<impl> self, std::string search);

    asio::any_io_executor executor;
    const lifecycle::engine& engine;
    time_source& time;
    std::deque<kept_survey> kept;
    bool walking = false;
    std::vector<timer*> waiting; ///< for the walk under way to end
};

awaitable<std::shared_ptr<const survey>> surveyor::impl::walk(std::shared_ptr<impl> self,
                                                              std::string search) {
    struct turn {
        explicit turn(impl& whose) : of(whose) { of.walking = true; }
        ~turn() {
            of.walking = false;
            for (timer* const each : of.waiting) {
                each->cancel();
            }
        }
        turn(const turn&) = delete;
        turn& operator=(const turn&) = delete;
        impl& of;
    };
    const turn mine(*self);
    const steady_time began = self->time.steady_now();
    auto found = std::make_shared<survey>();
    found->made = self->time.now();
    std::string after;
    for (bool more = true; more;) {
        const auto some = self->engine.list(after, stride);
        for (const auto& one : some) {
            ++found->all;
            if (matches(one, search)) {
                found->add(one);
            }
        }
        more = some.size() == stride;
        if (more) {
            after = some.back().name;
            co_await asio::post(self->executor, asio::use_awaitable);
        }
    }
    const steady_time now = self->time.steady_now();
    if (self->kept.size() >= most_kept) {
        self->kept.pop_front();
    }
    self->kept.push_back({std::move(search), found, now + (now - began) * times_as_long});
    co_return found;
}

awaitable<std::shared_ptr<const survey>> surveyor::impl::look(std::shared_ptr<impl> self,
                                                              std::string search) {
    for (;;) {
        if (auto found = self->find(search)) {
            co_return found;
        }
        if (!self->walking) {
            co_return co_await walk(self, std::move(search));
        }
        const auto alarm = self->time.make_timer();
        struct place {
            place(std::vector<timer*>& line, timer* who) : in(line), me(who) { in.push_back(me); }
            ~place() { std::erase(in, me); }
            place(const place&) = delete;
            place& operator=(const place&) = delete;
            std::vector<timer*>& in;
            timer* me;
        };
        const place mine(self->waiting, alarm.get());
        co_await alarm->wait_until(steady_time::max());
    }
}

surveyor::surveyor(asio::any_io_executor executor, const lifecycle::engine& engine, time_source& time)
    : impl_(std::make_shared<impl>(std::move(executor), engine, time)) {}

surveyor::~surveyor() = default;

awaitable<std::shared_ptr<const survey>> surveyor::look(std::string search) {
    return impl::look(impl_, std::move(search));
}

void surveyor::tidy() {
    impl_->tidy();
}

} // namespace evercert::daemon::status
