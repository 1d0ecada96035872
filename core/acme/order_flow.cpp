#include "core/acme/order_flow.hpp"

#include <fmt/format.h>

namespace evercert::acme {
namespace {

// Sane CAs need one, and two when the order turns ready a moment late.
constexpr unsigned most_finalizes = 10;
constexpr unsigned most_empty_valid = 4;

step step_of(order_state state) noexcept {
    switch (state) {
    case order_state::creating:
        return step::new_order;
    case order_state::proving:
        return step::authorization;
    case order_state::finalizing:
        return step::finalize;
    case order_state::downloading:
        return step::certificate;
    default:
        return step::order;
    }
}

} // namespace

std::string_view to_string(order_state state) noexcept {
    switch (state) {
    case order_state::starting:
        return "starting";
    case order_state::creating:
        return "creating";
    case order_state::fetching:
        return "fetching";
    case order_state::proving:
        return "proving";
    case order_state::finalizing:
        return "finalizing";
    case order_state::polling:
        return "polling";
    case order_state::downloading:
        return "downloading";
    case order_state::done:
        return "done";
    case order_state::failed:
        return "failed";
    }
    return "unknown";
}

std::string_view to_string(order_action action) noexcept {
    switch (action) {
    case order_action::create:
        return "create";
    case order_action::fetch:
        return "fetch";
    case order_action::wait_and_fetch:
        return "wait_and_fetch";
    case order_action::prove:
        return "prove";
    case order_action::finalize:
        return "finalize";
    case order_action::download:
        return "download";
    case order_action::finish:
        return "finish";
    case order_action::fail:
        return "fail";
    }
    return "unknown";
}

order_action order_flow::go(order_state state, order_action action) {
    state_ = state;
    return action;
}

order_action order_flow::give_up(failure why) {
    trouble_ = std::move(why);
    return go(order_state::failed, order_action::fail);
}

order_action order_flow::resume(order_event event) {
    using kind = order_event::kind;
    if (state_ == order_state::failed || state_ == order_state::done) {
        return state_ == order_state::done ? order_action::finish : order_action::fail;
    }
    switch (event.what) {
    case kind::started:
        return resumed_ ? go(order_state::fetching, order_action::fetch)
                        : go(order_state::creating, order_action::create);
    case kind::seen:
        return on_seen(std::move(*event.object));
    case kind::proven:
        proven_ = true;
        return on_ready();
    case kind::not_ready:
        return on_not_ready(std::move(event.trouble));
    case kind::downloaded:
        return go(order_state::done, order_action::finish);
    case kind::failed:
        return give_up(std::move(*event.trouble));
    case kind::patience_over:
        return on_patience_over(event.next_look);
    }
    return give_up(failure(step::order, error(errc::internal, "unexpected event in the order flow")));
}

order_action order_flow::on_seen(order object) {
    if (auto same = check_names(object, names_); !same) {
        failure why(step::order, same.error());
        why.order_gone = true;
        return give_up(std::move(why));
    }
    if (auto same = check_profile(object, profile_); !same) {
        failure why(step::order, same.error());
        why.order_gone = true;
        why.profile_missing = true;
        return give_up(std::move(why));
    }
    // An answer to finalize may leave out what the order said before.
    if (object.finalize.empty()) {
        object.finalize = current_.finalize;
    }
    if (object.authorizations.empty()) {
        object.authorizations = current_.authorizations;
    }
    current_ = std::move(object);
    switch (current_.status) {
    case order_status::pending:
        return proven_ || state_ == order_state::finalizing || state_ == order_state::polling
                   ? go(order_state::polling, order_action::wait_and_fetch)
                   : go(order_state::proving, order_action::prove);
    case order_status::ready:
        // `ready` as the answer to finalize: the CA has not begun yet, so look again before asking a second
        // time.
        return state_ == order_state::finalizing ? go(order_state::polling, order_action::wait_and_fetch)
                                                 : on_ready();
    case order_status::processing:
    case order_status::unknown:
        return go(order_state::polling, order_action::wait_and_fetch);
    case order_status::valid:
        if (!current_.certificate.empty()) {
            return go(order_state::downloading, order_action::download);
        }
        if (++without_certificate_ < most_empty_valid) {
            return go(order_state::polling, order_action::wait_and_fetch);
        }
        {
            failure why(step::order,
                        error(errc::protocol, "the CA calls the order valid but gives no certificate URL"));
            why.order_gone = true;
            return give_up(std::move(why));
        }
    case order_status::invalid:
        return on_invalid();
    }
    return order_action::fail;
}

order_action order_flow::on_ready() {
    if (current_.finalize.empty()) {
        failure why(step::finalize, error(errc::protocol, "the CA's order has no finalize URL"));
        why.order_gone = true;
        return give_up(std::move(why));
    }
    if (finalized_ == most_finalizes) {
        return give_up(
            failure(step::finalize, error(errc::protocol, "the CA never accepts the order's finalization")));
    }
    ++finalized_;
    return go(order_state::finalizing, order_action::finalize);
}

order_action order_flow::on_not_ready(std::optional<failure> said) {
    if (finalized_ == most_finalizes && said) {
        return give_up(std::move(*said));
    }
    // The first time the order itself tells why; after that the CA needs a moment.
    return go(order_state::polling, ++not_ready_ == 1 ? order_action::fetch : order_action::wait_and_fetch);
}

order_action order_flow::on_patience_over(std::optional<milliseconds> next_look) {
    failure why(step_of(state_),
                error(errc::timed_out, fmt::format("the CA was not done in time: the order is {}. It is kept "
                                                   "and looked at again later",
                                                   to_string(current_.status))));
    why.retry_after = next_look;
    return give_up(std::move(why));
}

order_action order_flow::on_invalid() {
    failure why(step::order, error(errc::refused, "the CA declared the order invalid"));
    why.order_gone = true;
    if (current_.trouble) {
        why.cause.message =
            fmt::format("the CA declared the order invalid: {}", type_word(*current_.trouble));
        why.cause.foreign = foreign_text(*current_.trouble);
        why.said = current_.trouble;
    }
    return give_up(std::move(why));
}

} // namespace evercert::acme
