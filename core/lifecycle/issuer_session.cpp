#include "core/lifecycle/issuer_session.hpp"

#include "core/base/text.hpp"
#include "core/lifecycle/account_keeper.hpp"
#include "core/lifecycle/backoff.hpp"
#include "core/lifecycle/machine_events.hpp"

#include <fmt/format.h>

#include <utility>

namespace evercert::lifecycle {
namespace {

/// Orders under way may hold up a key change for so long.
constexpr milliseconds roll_over_patience = std::chrono::minutes(6);

/// A CA that forgets accounts sooner than this is not asked for one after the other.
constexpr milliseconds account_life = std::chrono::minutes(1);

/// Of the backoff's ladder, for an issuer as a whole: 100 minutes.
constexpr unsigned longest_rung = 3;

acme::failure account_failure(error cause) {
    return acme::failure(acme::step::account, std::move(cause));
}

/// Ends the attempt for those who wait, however the coroutine ends.
class attempt {
public:
    attempt(bool& flag, std::vector<timer*>& waiting) : flag_(flag), waiting_(waiting) { flag_ = true; }
    ~attempt() {
        flag_ = false;
        for (timer* waiter : std::exchange(waiting_, {})) {
            waiter->cancel();
        }
    }
    attempt(const attempt&) = delete;
    attempt& operator=(const attempt&) = delete;

private:
    bool& flag_;
    std::vector<timer*>& waiting_;
};

} // namespace

issuer_session::issuer_session(issuer settings, const engine_parts& parts,
                               std::shared_ptr<rate_ledger> ledger)
    : settings_(std::move(settings)), parts_(parts), ledger_(std::move(ledger)) {}

std::optional<spent_order> issuer_session::spend(const order_claim& claim, wall_time now) {
    spent_order spent = ledger_->spend(claim, now);
    return ledger_->needed(spent, now) ? std::optional(std::move(spent)) : std::nullopt;
}

bool issuer_session::take_place() noexcept {
    if (closed_ || orders_ >= std::max(1U, settings_.limits.concurrent_orders)) {
        return false;
    }
    ++orders_;
    return true;
}

std::optional<issuer_pause> issuer_session::paused() const {
    if (pause_ && pause_->until > parts_.time.steady_now()) {
        return pause_;
    }
    return std::nullopt;
}

milliseconds issuer_session::renewal_info_failed(const acme::failure& why, random_source& random) {
    constexpr milliseconds long_term = std::chrono::hours(6);
    if (why.cause.code == errc::unsupported) {
        no_renewal_info_until_ = parts_.time.steady_now() + long_term;
    }
    const bool temporary = why.http_status >= 500 || why.http_status == 429 ||
                           why.cause.code == errc::timed_out || why.cause.code == errc::network;
    if (!temporary) {
        return long_term;
    }
    renewal_info_failures_ = std::min(renewal_info_failures_ + 1, 1000U);
    const milliseconds wait =
        std::min(backoff(renewal_info_failures_, problem_class::later, milliseconds(0), random), long_term);
    return std::max(wait, std::min(why.retry_after.value_or(milliseconds(0)), longest_backoff));
}

void issuer_session::note_success(const std::vector<identifier>& names) {
    failures_ = 0;
    pause_.reset();
    ledger_->succeed(names, parts_.time.now());
}

void issuer_session::note_failure(const verdict& judged, const std::string& text) {
    if (!judged.whole_issuer || paused()) {
        return; // orders that were already under way fail together and count once
    }
    ++failures_;
    // One certificate's try after each pause is all the CA sees of us, so that the ladder's last rung, a day,
    // would be late for all of them and spare it nothing.
    const unsigned rung = judged.kind == problem_class::later ? std::min(failures_, longest_rung) : failures_;
    const milliseconds rest = backoff(rung, judged.kind, judged.at_least, parts_.random);
    pause_ = issuer_pause{parts_.time.steady_now() + rest, text};
    event paused_event{.id = "issuer.paused",
                       .level = severity::warning,
                       .certificate = {},
                       .message = fmt::format("nothing is asked of issuer {} for {}: {}", settings_.name,
                                              format_duration(rest), text),
                       .fields = {{"issuer", settings_.name}}};
    parts_.events.emit(paused_event);
}

void issuer_session::restore_pause(const storage::issuer_trouble& trouble, wall_time now) {
    const milliseconds rest = believable(trouble.issuer_rests_until, now) - now;
    if (rest <= milliseconds(0)) {
        return;
    }
    failures_ = std::max(failures_, 1U); // how often in a row is forgotten, so that the next rest is short
    if (const steady_time until = parts_.time.steady_now() + rest; !pause_ || pause_->until < until) {
        pause_ = issuer_pause{until, trouble.problem};
    }
}

awaitable<acme::outcome<acme::client*>> issuer_session::ready() {
    while (opening_) {
        auto waiter = parts_.time.make_timer();
        waiting_.push_back(waiter.get());
        // The list must not keep a timer that goes when this coroutine is cancelled.
        struct forget {
            std::vector<timer*>& list;
            timer* mine;
            ~forget() { std::erase(list, mine); }
        } forgetting{waiting_, waiter.get()};
        co_await waiter->wait_until(steady_time::max());
        if (!opening_ && last_failure_) {
            co_return std::unexpected(*last_failure_);
        }
    }
    const bool lost = client_ && client_->account_lost();
    if (open_ && !lost) {
        co_return client_.get();
    }
    if (lost && made_anew_ && parts_.time.steady_now() - *made_anew_ < account_life) {
        co_return std::unexpected(account_failure(
            error(errc::refused, "the CA does not know the account that was made there a moment ago")));
    }
    attempt under_way(opening_, waiting_);
    last_failure_.reset();
    auto opened = co_await open();
    if (!opened) {
        last_failure_ = opened.error();
        co_return std::unexpected(opened.error());
    }
    open_ = true;
    co_return client_.get();
}

acme::outcome<acme::client*> issuer_session::client() {
    if (!client_) {
        auto made = parts_.make_client(settings_);
        if (!made) {
            return std::unexpected(account_failure(made.error()));
        }
        client_ = std::move(*made);
    }
    return client_.get();
}

awaitable<acme::outcome<void>> issuer_session::open() {
    auto made = client();
    if (!made) {
        co_return std::unexpected(made.error());
    }
    account_keeper keeper(settings_, parts_, **made);
    const bool anew = (*made)->account_lost();
    auto opened = co_await keeper.open();
    if (opened && anew) {
        made_anew_ = parts_.time.steady_now();
        ++times_made_anew_;
    }
    co_return opened;
}

awaitable<acme::outcome<void>> issuer_session::roll_over() {
    auto ready_client = co_await ready();
    if (!ready_client) {
        co_return std::unexpected(ready_client.error());
    }
    // The answers to challenges are made with the account key: what is under way ends first, and nothing new
    // begins.
    struct closed_doors {
        bool& flag;
        explicit closed_doors(bool& f) : flag(f) { flag = true; }
        ~closed_doors() { flag = false; }
    } const closed(closed_);
    const steady_time patience_ends = parts_.time.steady_now() + roll_over_patience;
    while (orders_ > 0) {
        if (parts_.time.steady_now() >= patience_ends) {
            co_return std::unexpected(account_failure(
                error(errc::busy, "orders are under way at this issuer and do not end: try again later")));
        }
        co_await sleep_for(parts_.time, milliseconds(100));
    }
    account_keeper keeper(settings_, parts_, **ready_client);
    auto done = co_await keeper.roll_over();
    open_ = false; // whichever key counts now, it is read anew
    co_return done;
}

awaitable<acme::outcome<void>> issuer_session::deactivate() {
    auto ready_client = co_await ready();
    if (!ready_client) {
        co_return std::unexpected(ready_client.error());
    }
    account_keeper keeper(settings_, parts_, **ready_client);
    auto done = co_await keeper.deactivate();
    open_ = false;
    co_return done;
}

} // namespace evercert::lifecycle
