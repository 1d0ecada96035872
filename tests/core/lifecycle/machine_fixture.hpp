#pragma once
// A machine that is told things, on a clock that is a number.
#include "core/lifecycle/machine.hpp"
#include "tests/support/catch.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace evercert::testing {

inline const wall_time machine_start = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);

inline lifecycle::leaf_facts leaf_of(unsigned number, wall_time from,
                                     milliseconds lifetime = std::chrono::days(90)) {
    lifecycle::leaf_facts leaf;
    leaf.fingerprint = "fp" + std::to_string(number);
    leaf.serial = "01";
    leaf.issuer_name = "CA";
    leaf.authority_id = "0a";
    leaf.key_digest = "key" + std::to_string(number);
    leaf.not_before = from;
    leaf.not_after = from + lifetime;
    return leaf;
}

inline lifecycle::version_facts version(unsigned number, std::string names = "a.example,b.example",
                                        wall_time from = machine_start) {
    lifecycle::version_facts made;
    made.number = number;
    made.names = std::move(names);
    made.leaves = {leaf_of(number, from)};
    return made;
}

inline lifecycle::order_begun begun(const std::string& key_digest, unsigned after = 0) {
    lifecycle::order_begun event;
    event.order.issuer = "ca";
    event.order.names = "a.example,b.example";
    event.order.key_digest = key_digest;
    event.order.after = after;
    return event;
}

inline lifecycle::issued issued_version(lifecycle::version_facts version, std::string issuer = "ca") {
    return lifecycle::issued{std::move(version), std::move(issuer), ""};
}

inline lifecycle::order_failed failed(lifecycle::problem_class kind = lifecycle::problem_class::later,
                                      bool lost = false, std::string issuer = "ca") {
    lifecycle::order_failed event;
    event.issuer = std::move(issuer);
    event.judged.kind = kind;
    event.text = "it failed";
    event.order_lost = lost;
    return event;
}

/// A copy with another policy or other names.
inline certificate_ptr changed(const certificate_ptr& from,
                               const std::function<void(managed_certificate&, issuance_policy&)>& how) {
    managed_certificate wanted = *from;
    issuance_policy policy = *wanted.policy;
    how(wanted, policy);
    wanted.policy = std::make_shared<const issuance_policy>(std::move(policy));
    return std::make_shared<const managed_certificate>(std::move(wanted));
}

struct told_machine {
    lifecycle::machine_state state;
    std::unique_ptr<random_source> random = make_seeded_random(7);
    wall_time now = machine_start;

    told_machine() {
        state.wanted = changed(std::make_shared<const managed_certificate>(), [](auto& wanted, auto& policy) {
            wanted.name = "a";
            wanted.names = {*parse_identifier("b.example"), *parse_identifier("a.example")};
            policy.issuers = {"ca"};
            policy.challenges = {"http"};
        });
    }
    void prefer(std::vector<std::string> issuers) {
        state.wanted =
            changed(state.wanted, [&](auto&, auto& policy) { policy.issuers = std::move(issuers); });
    }
    lifecycle::next_step tell(const lifecycle::machine_event& what) {
        return lifecycle::resume(state, what, now, *random);
    }
    lifecycle::next_step issue(unsigned number) {
        tell(begun("key" + std::to_string(number), number - 1));
        tell(lifecycle::order_accepted{key_type::ecdsa_p256,
                                       "https://ca.example/order/" + std::to_string(number)});
        return tell(issued_version(version(number, "a.example,b.example", now)));
    }
    lifecycle::next_step issue_and_deploy(unsigned number) {
        issue(number);
        tell(lifecycle::made_live{});
        return tell(lifecycle::deployed{});
    }
};

} // namespace evercert::testing
