#pragma once
// What to do next with one authorization (RFC 8555 section 7.5). No I/O and no clock: events in, actions out.
//
//   fetching ──► presenting ──► readying ──► triggering ──► polling ──► done
#include "core/acme/authorization.hpp"
#include "core/acme/problem.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace evercert::acme {

enum class authorization_state {
    starting,
    fetching,
    presenting,
    readying,
    triggering,
    polling,
    done,
    failed
};
enum class authorization_action {
    fetch,      ///< POST-as-GET the authorization now
    present,    ///< the solver is to answer chosen()
    wait_ready, ///< the solver's slow part
    trigger,    ///< POST {} to chosen().url
    poll,       ///< POST-as-GET the authorization when poll_pace says so
    finish,
    fail, ///< see trouble()
};
std::string_view to_string(authorization_state state) noexcept;
std::string_view to_string(authorization_action action) noexcept;

struct authorization_event {
    enum class kind { started, seen, presented, ready, triggered, trigger_refused, failed };
    kind what;
    std::optional<authorization> object; ///< seen
    std::optional<challenge> answer;     ///< triggered
    std::optional<failure> trouble;      ///< trigger_refused, failed

    explicit authorization_event(kind w) : what(w) {}
    explicit authorization_event(authorization a) : what(kind::seen), object(std::move(a)) {}
    explicit authorization_event(challenge c) : what(kind::triggered), answer(std::move(c)) {}
    authorization_event(kind w, failure f) : what(w), trouble(std::move(f)) {}
};

class authorization_flow {
public:
    /// The challenge types that can be answered for a name, in order of preference.
    using answerable = std::function<std::vector<std::string>(const identifier& name)>;

    /// `names`: those of the order, of which the authorization must be one.
    authorization_flow(std::vector<identifier> names, answerable types)
        : names_(std::move(names)), types_(std::move(types)) {}

    authorization_action resume(authorization_event event);

    [[nodiscard]] authorization_state state() const noexcept { return state_; }
    /// The challenge taken; its token is good.
    [[nodiscard]] const challenge& chosen() const noexcept { return chosen_; }
    /// The name this is about, as the order has it; empty before the first `seen`.
    [[nodiscard]] const std::optional<identifier>& name() const noexcept { return name_; }
    [[nodiscard]] const failure& trouble() const noexcept { return trouble_; }
    /// The CA reports trouble but has not decided: poll slowly from now on.
    [[nodiscard]] bool stuck() const noexcept { return errors_seen_ > 0; }
    /// Whether the CA may still count this one as pending.
    [[nodiscard]] bool pending() const noexcept { return last_seen_ == authorization_status::pending; }

private:
    authorization_action go(authorization_state state, authorization_action action);
    authorization_action give_up(failure why);
    authorization_action on_seen(authorization object);
    authorization_action on_first_pending(const authorization& object);
    [[nodiscard]] failure no_challenge(const authorization& object,
                                       const std::vector<std::string>& types) const;
    authorization_action on_still_pending(const authorization& object);
    authorization_action on_triggered(challenge answer);
    authorization_action on_refused(failure why);
    [[nodiscard]] failure verdict(std::string what, const problem* said) const;

    std::vector<identifier> names_;
    answerable types_;
    std::optional<identifier> name_;
    challenge chosen_;
    authorization_state state_ = authorization_state::starting;
    authorization_status last_seen_ = authorization_status::unknown;
    unsigned errors_seen_ = 0;
    bool posted_again_ = false;
    std::optional<failure> refused_; ///< what the CA said to our trigger
    failure trouble_;
};

} // namespace evercert::acme
