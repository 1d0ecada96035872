#include "core/acme/authorization_flow.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::acme {
namespace {

// A challenge that carries an error but is not decided is looked at this often before it is asked again, and
// given up.
constexpr unsigned errors_before_second_post = 2;
constexpr unsigned errors_before_giving_up = 5;

} // namespace

std::string_view to_string(authorization_state state) noexcept {
    switch (state) {
    case authorization_state::starting:
        return "starting";
    case authorization_state::fetching:
        return "fetching";
    case authorization_state::presenting:
        return "presenting";
    case authorization_state::readying:
        return "readying";
    case authorization_state::triggering:
        return "triggering";
    case authorization_state::polling:
        return "polling";
    case authorization_state::done:
        return "done";
    case authorization_state::failed:
        return "failed";
    }
    return "unknown";
}

std::string_view to_string(authorization_action action) noexcept {
    switch (action) {
    case authorization_action::fetch:
        return "fetch";
    case authorization_action::present:
        return "present";
    case authorization_action::wait_ready:
        return "wait_ready";
    case authorization_action::trigger:
        return "trigger";
    case authorization_action::poll:
        return "poll";
    case authorization_action::finish:
        return "finish";
    case authorization_action::fail:
        return "fail";
    }
    return "unknown";
}

authorization_action authorization_flow::go(authorization_state state, authorization_action action) {
    state_ = state;
    return action;
}

authorization_action authorization_flow::give_up(failure why) {
    if (!why.name) {
        why.name = name_;
    }
    why.challenge = chosen_.type;
    trouble_ = std::move(why);
    return go(authorization_state::failed, authorization_action::fail);
}

failure authorization_flow::verdict(std::string what, const problem* said) const {
    failure why(step::challenge, error(errc::refused, std::move(what)));
    why.order_gone = true;
    if (said != nullptr) {
        why.cause.message += fmt::format(": {}", type_word(*said));
        why.cause.foreign = foreign_text(*said);
        why.said = *said;
    }
    return why;
}

authorization_action authorization_flow::resume(authorization_event event) {
    using kind = authorization_event::kind;
    if (state_ == authorization_state::failed || state_ == authorization_state::done) {
        return state_ == authorization_state::done ? authorization_action::finish
                                                   : authorization_action::fail;
    }
    switch (event.what) {
    case kind::started:
        return go(authorization_state::fetching, authorization_action::fetch);
    case kind::seen:
        return on_seen(std::move(*event.object));
    case kind::presented:
        return go(authorization_state::readying, authorization_action::wait_ready);
    case kind::ready:
        // A challenge the CA is at work on already (a resumed order) needs no second request.
        return chosen_.status == challenge_status::processing
                   ? go(authorization_state::polling, authorization_action::poll)
                   : go(authorization_state::triggering, authorization_action::trigger);
    case kind::triggered:
        return on_triggered(std::move(*event.answer));
    case kind::trigger_refused:
        return on_refused(std::move(*event.trouble));
    case kind::failed:
        return give_up(std::move(*event.trouble));
    }
    return give_up(
        failure(step::authorization, error(errc::internal, "unexpected event in the authorization flow")));
}

authorization_action authorization_flow::on_seen(authorization object) {
    last_seen_ = object.status;
    // Some CAs leave out `wildcard`, so the bare name is enough; a wildcard authorization is preferred for
    // "*.".
    auto ours = std::ranges::find(names_, object.name);
    if (ours == names_.end()) {
        ours = std::ranges::find_if(names_, [&](const identifier& n) {
            return n.type == object.name.type && n.base() == object.name.value;
        });
    }
    if (ours == names_.end()) {
        failure why(step::authorization,
                    error(errc::protocol, "the CA's authorization is for a name that was not asked",
                          object.name.value));
        why.order_gone = true;
        return give_up(std::move(why));
    }
    name_ = *ours;

    const bool first = state_ == authorization_state::fetching;
    switch (object.status) {
    case authorization_status::valid:
        return go(authorization_state::done, authorization_action::finish);
    case authorization_status::pending:
        return first ? on_first_pending(object) : on_still_pending(object);
    case authorization_status::unknown:
        // Not decided, in a word from the future. Stay on the first look until it turns into one we know.
        return go(first ? authorization_state::fetching : authorization_state::polling,
                  authorization_action::poll);
    case authorization_status::invalid: {
        const challenge* ours_now = chosen_.url.empty() ? nullptr : object.by_url(chosen_.url);
        const problem* said =
            ours_now != nullptr && ours_now->trouble ? &*ours_now->trouble : object.trouble();
        return give_up(verdict(fmt::format("the CA could not validate {}", name_->value), said));
    }
    case authorization_status::deactivated:
    case authorization_status::expired:
    case authorization_status::revoked:
        return give_up(
            verdict(fmt::format("the authorization of {} is {}", name_->value, to_string(object.status)),
                    object.trouble()));
    }
    return authorization_action::fail;
}

authorization_action authorization_flow::on_first_pending(const authorization& object) {
    const std::vector<std::string> types = types_(*name_);
    const challenge* taken = nullptr;
    for (const std::string& type : types) {
        const auto usable = [&](const challenge& c) { return c.type == type && c.answerable(); };
        const auto found = std::ranges::find_if(object.challenges, usable);
        if (found == object.challenges.end()) {
            continue;
        }
        // One that the CA is at work on already (a resumed order) goes before one that would be liked better.
        if (taken == nullptr ||
            (taken->status == challenge_status::pending && found->status != challenge_status::pending)) {
            taken = &*found;
        }
    }
    if (taken == nullptr) {
        return give_up(no_challenge(object, types));
    }
    chosen_ = *taken;
    if (chosen_.status == challenge_status::invalid) {
        return give_up(verdict(fmt::format("the CA could not validate {}", name_->value),
                               chosen_.trouble ? &*chosen_.trouble : nullptr));
    }
    if (chosen_.status == challenge_status::valid) {
        return go(authorization_state::polling, authorization_action::poll);
    }
    return go(authorization_state::presenting, authorization_action::present);
}

failure authorization_flow::no_challenge(const authorization& object,
                                         const std::vector<std::string>& types) const {
    failure why;
    why.where = step::authorization;
    const auto spoilt = std::ranges::find_if(object.challenges, [&](const challenge& c) {
        return std::ranges::find(types, c.type) != types.end();
    });
    if (types.empty()) {
        why.cause = error(errc::unsupported,
                          fmt::format("no challenge is configured that could prove {}", name_->value));
    } else if (spoilt != object.challenges.end()) {
        why.cause = error(errc::protocol, fmt::format("the CA's {} challenge for {} has no usable token",
                                                      spoilt->type, name_->value));
    } else {
        why.cause =
            error(errc::unsupported,
                  fmt::format("the CA offers no {} challenge for {}; configure a challenge that it offers",
                              fmt::join(types, " or "), name_->value),
                  object.offered());
    }
    why.order_gone = true;
    return why;
}

authorization_action authorization_flow::on_still_pending(const authorization& object) {
    const challenge* ours = object.by_url(chosen_.url);
    if (ours == nullptr) {
        return go(authorization_state::polling, authorization_action::poll);
    }
    if (ours->status == challenge_status::invalid) {
        return give_up(verdict(fmt::format("the CA could not validate {}", name_->value),
                               ours->trouble ? &*ours->trouble : nullptr));
    }
    if (refused_ && ours->status == challenge_status::pending && !ours->trouble) {
        return give_up(std::move(*refused_));
    }
    if (ours->trouble) {
        ++errors_seen_;
        if (errors_seen_ >= errors_before_giving_up) {
            return give_up(
                verdict(fmt::format("the CA reports trouble with {} and does not decide", name_->value),
                        &*ours->trouble));
        }
        if (errors_seen_ == errors_before_second_post && !posted_again_) {
            posted_again_ = true;
            return go(authorization_state::triggering, authorization_action::trigger);
        }
    }
    return go(authorization_state::polling, authorization_action::poll);
}

authorization_action authorization_flow::on_triggered(challenge answer) {
    if (answer.status == challenge_status::valid) {
        last_seen_ = authorization_status::valid;
        return go(authorization_state::done, authorization_action::finish);
    }
    if (answer.status == challenge_status::invalid) {
        last_seen_ = authorization_status::invalid;
        return give_up(verdict(fmt::format("the CA could not validate {}", name_->value),
                               answer.trouble ? &*answer.trouble : nullptr));
    }
    return go(authorization_state::polling, authorization_action::poll);
}

authorization_action authorization_flow::on_refused(failure why) {
    // "malformed" and "conflict" mean that the challenge is not pending: an earlier request got through, or a
    // sibling of ours was faster. The authorization knows.
    const bool look = why.said && (why.said->is("malformed") || why.said->is("conflict"));
    if (!look) {
        return give_up(std::move(why));
    }
    if (!posted_again_) {
        refused_ = std::move(why);
    }
    return go(authorization_state::polling, authorization_action::poll);
}

} // namespace evercert::acme
