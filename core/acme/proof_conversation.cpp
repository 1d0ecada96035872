// One authorization from first look to clean-up.
#include "core/acme/poll_pace.hpp"
#include "core/acme/proof.hpp"

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace evercert::acme {
namespace {

/// Shared with the solver's callback, which may be called until clean_up has returned, or later by a careless
/// solver.
struct fetch_watch {
    time_source& time;
    poll_pace pace{poll_kind::authorization};
    std::unique_ptr<timer> waiting;

    explicit fetch_watch(time_source& t) : time(t), waiting(t.make_timer()) {}
    void fetched() {
        pace.fetched(time.steady_now());
        waiting->cancel();
    }
};

} // namespace

struct proof::conversation {
    std::string url;
    authorization_flow flow;
    std::shared_ptr<fetch_watch> watch;
    std::optional<challenge_task> shown; ///< set before present is called
    solver* answers = nullptr;           ///< set with it
    bool held = false;                   ///< in wait_for_sibling

    conversation(std::string u, issue_context& context)
        : url(std::move(u))
        , flow(context.request.names, types_of(context.request.answers))
        , watch(std::make_shared<fetch_watch>(context.time())) {}

    static authorization_flow::answerable types_of(const solver_choice& choice) {
        return [&choice](const identifier& name) {
            std::vector<std::string> types;
            for (const solver* each : choice(name)) {
                types.emplace_back(each->challenge_type());
            }
            return types;
        };
    }
    /// Who answers the challenge that was taken.
    [[nodiscard]] solver* choose(const solver_choice& choice) const {
        const std::vector<solver*> all = choice(*flow.name());
        const auto found = std::ranges::find(all, flow.chosen().type, &solver::challenge_type);
        return found == all.end() ? nullptr : *found;
    }

    [[nodiscard]] std::string name() const { return flow.name() ? flow.name()->value : std::string(); }
    authorization_action failed(failure why) {
        return flow.resume(authorization_event(authorization_event::kind::failed, std::move(why)));
    }
};

failure proof::timed_out() const {
    failure why(
        step::authorization,
        error(errc::timed_out,
              "the CA did not validate all names in time. The order is kept and looked at again later"));
    const auto named =
        std::ranges::find_if(active_, [](const conversation* c) { return c->flow.name().has_value(); });
    if (named != active_.end()) {
        why.name = (*named)->flow.name();
    }
    return why;
}

awaitable<outcome<void>> proof::prove(std::string url) {
    conversation with(std::move(url), context_);
    struct registered {
        proof& all;
        conversation* self;
        ~registered() {
            std::erase(all.active_, self);
            all.stir();
        }
    };
    active_.push_back(&with);
    const registered at_exit{*this, &with};

    std::exception_ptr stopped;
    outcome<void> done;
    try {
        done = co_await drive(with);
    } catch (...) {
        stopped = std::current_exception();
    }
    if (with.flow.pending()) {
        left_pending_.push_back(with.url);
    }
    if (with.shown) {
        // An answer must not be served longer than it is wanted, so a cancellation that comes now waits.
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        try {
            co_await with.answers->clean_up(*with.shown);
        } catch (const std::exception& e) {
            context_.tell(
                "acme.clean_up_failed", severity::error,
                fmt::format("clean-up after the challenge for {} failed: {}", with.name(), e.what()));
        }
        co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    }
    if (stopped) {
        std::rethrow_exception(stopped);
    }
    co_return done;
}

awaitable<outcome<void>> proof::drive(conversation& with) {
    using kind = authorization_event::kind;
    authorization_action next = with.flow.resume(authorization_event(kind::started));
    for (;;) {
        switch (next) {
        case authorization_action::fetch:
            next = co_await look(with);
            break;
        case authorization_action::present:
            next = co_await present(with);
            break;
        case authorization_action::wait_ready:
            next = co_await make_ready(with);
            break;
        case authorization_action::trigger:
            co_await wait_for_sibling(with);
            next = co_await trigger(with);
            break;
        case authorization_action::poll:
            co_await wait_for_turn(with);
            next = co_await look(with);
            break;
        case authorization_action::finish:
            context_.tell("acme.authorization_valid", severity::debug,
                          fmt::format("{} is proven", with.name()), {{"name", with.name()}});
            co_return outcome<void>();
        case authorization_action::fail:
            co_return std::unexpected(with.flow.trouble());
        }
    }
}

awaitable<authorization_action> proof::look(conversation& with) {
    with.watch->pace.sent();
    signed_request request(step::authorization, with.url);
    auto answer = co_await context_.talk.post(std::move(request));
    if (!answer) {
        co_return with.failed(std::move(answer.error()));
    }
    auto object = read_object(step::authorization, *answer);
    if (!object) {
        co_return with.failed(std::move(object.error()));
    }
    auto parsed = parse_authorization(*object, context_.directory_url());
    if (!parsed) {
        co_return with.failed(failure(step::authorization, std::move(parsed.error())));
    }
    const authorization_action next = with.flow.resume(authorization_event(std::move(*parsed)));
    if (with.flow.stuck()) {
        with.watch->pace.calm();
    }
    if (next == authorization_action::poll) {
        with.watch->pace.answered(context_.time().steady_now(), context_.talk.asked_wait(*answer));
    }
    stir();
    co_return next;
}

awaitable<authorization_action> proof::present(conversation& with) {
    const challenge& taken = with.flow.chosen();
    identifier name = *with.flow.name();
    name.value = name.base();
    auto on_fetched = [watch = std::weak_ptr(with.watch), this, shown_name = name.value] {
        if (const auto alive = watch.lock()) {
            alive->fetched();
            context_.tell("acme.challenge_fetched", severity::debug,
                          fmt::format("the CA fetched the answer for {}", shown_name),
                          {{"name", shown_name}});
        }
    };
    with.answers = with.choose(context_.request.answers);
    if (with.answers == nullptr) {
        co_return with.failed(failure(
            step::challenge,
            error(errc::internal, "the challenge for " + with.name() + " has nobody to answer it any more")));
    }
    with.shown.emplace(std::move(name), taken.token, taken.token + "." + context_.talk.thumbprint(),
                       std::move(on_fetched));
    with.shown->wildcard = with.flow.name()->wildcard();
    with.shown->account_url = context_.talk.account_url();
    with.shown->thumbprint = context_.talk.thumbprint();
    with.shown->issuer_domains = taken.issuer_domains;
    if (!taken.issuer_domains.empty()) {
        const auto directory = co_await context_.talk.get_directory();
        with.shown->account_hash_prefix = directory ? (*directory)->account_hash_prefix : std::string();
    }
    challenge_task task = *with.shown;
    auto ready = co_await with.answers->present(std::move(task));
    if (!ready) {
        co_return with.failed(
            failure(step::challenge, ready.error().within("setting up the challenge for " + with.name())));
    }
    co_return with.flow.resume(authorization_event(authorization_event::kind::presented));
}

awaitable<authorization_action> proof::make_ready(conversation& with) {
    challenge_task task = *with.shown;
    auto ready = co_await with.answers->wait_ready(std::move(task));
    if (!ready) {
        co_return with.failed(failure(step::challenge, ready.error().within("waiting for the challenge of " +
                                                                            with.name() + " to be visible")));
    }
    context_.tell("acme.challenge_ready", severity::info,
                  fmt::format("the answer for {} is in place", with.name()),
                  {{"name", with.name()}, {"type", with.flow.chosen().type}});
    const authorization_action next = with.flow.resume(authorization_event(authorization_event::kind::ready));
    stir();
    co_return next;
}

bool proof::has_sibling_to_come(const conversation& with) const {
    const auto same_place = [base = with.flow.name()->base()](const identifier& n) {
        return n.base() == base;
    };
    if (!with.answers->remembered() || std::ranges::count_if(context_.request.names, same_place) < 2) {
        return false;
    }
    bool unseen = next_ < urls_.size();
    for (const conversation* each : active_) {
        if (each == &with) {
            continue;
        }
        if (!each->flow.name()) {
            unseen = true;
        } else if (same_place(*each->flow.name())) {
            return each->flow.state() < authorization_state::triggering;
        }
    }
    return unseen;
}

awaitable<void> proof::wait_for_sibling(conversation& with) {
    if (!has_sibling_to_come(with)) {
        co_return;
    }
    // It may be one that waits for a worker.
    if (next_ < urls_.size()) {
        ++workers_;
        group_->spawn("authorization", work());
    }
    const auto watch = with.watch;
    with.held = true;
    while (has_sibling_to_come(with) && context_.time().steady_now() < context_.deadline) {
        co_await watch->waiting->wait_until(context_.deadline);
    }
    with.held = false;
}

void proof::stir() {
    for (const conversation* each : active_) {
        if (each->held) {
            each->watch->waiting->cancel();
        }
    }
}

awaitable<authorization_action> proof::trigger(conversation& with) {
    // Not the empty payload of a POST-as-GET: "{}" is what tells the CA to begin.
    signed_request request(step::challenge, with.flow.chosen().url, "{}");
    auto answer = co_await context_.talk.post(std::move(request));
    if (!answer) {
        with.watch->pace.answered(context_.time().steady_now(), std::nullopt);
        co_return with.flow.resume(
            authorization_event(authorization_event::kind::trigger_refused, std::move(answer.error())));
    }
    with.watch->pace.answered(context_.time().steady_now(), context_.talk.asked_wait(*answer));
    // The CA has begun, whatever it says here: an unreadable answer only means that the authorization is
    // asked.
    challenge begun;
    begun.status = challenge_status::processing;
    if (const auto object = read_object(step::challenge, *answer)) {
        if (auto parsed = parse_challenge(*object, context_.directory_url())) {
            begun = std::move(*parsed);
        }
    }
    co_return with.flow.resume(authorization_event(std::move(begun)));
}

awaitable<void> proof::wait_for_turn(conversation& with) {
    const auto watch = with.watch;
    while (context_.time().steady_now() < watch->pace.due()) {
        // Ends early when the CA is seen fetching; then the moment is another.
        co_await watch->waiting->wait_until(watch->pace.due());
    }
}

} // namespace evercert::acme
