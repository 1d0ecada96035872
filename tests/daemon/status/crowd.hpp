#pragma once
// Certificates in every state that there is, for pages and metrics to show.
#include "core/lifecycle/problem_class.hpp"
#include "tests/daemon/control/fake_engine.hpp"

#include <fmt/format.h>

namespace evercert::testing {

/// What a CA says that wishes us ill: markup, quotes, control bytes, and no end.
inline std::string hostile_words() {
    return std::string("\"><script>alert('x')</script><img src=x onerror=alert(1)>&amp;\x1b[2J") + '\0' +
           "\x7f\xff\xfe \xe2\x80\xae" + std::string(1024UL * 1024, 'A');
}

/// The n-th certificate of a crowd; every tenth or so is in trouble unless all are well.
inline lifecycle::certificate_status crowd_member(std::size_t n, wall_time now, bool all_well) {
    using std::chrono::days;
    using std::chrono::hours;
    using std::chrono::minutes;
    constexpr const char* kinds[] = {"shop", "mail", "api", "wildcard", "static", "login", "docs"};
    lifecycle::certificate_status s = sample_status(
        n == 0 ? "example.com"
               : fmt::format("{}-{:04}.example.{}", kinds[n % 7], n, n % 3 == 0 ? "com" : "net"));
    s.names = {s.name, "www." + s.name};
    s.deploy = n % 4 == 0 ? std::vector<std::string>{"apache", "mail"} : std::vector<std::string>{"nginx"};
    s.issuer = n % 5 == 4 ? "corp" : "letsencrypt";
    s.issuers = {s.issuer};
    constexpr int lives[] = {90, 45, 6, 90, 365};
    const hours life = days(lives[n % 5]);
    const hours age = (life * 2 / 3 - hours(2)) * static_cast<int>(n * 37 % 101) / 101;
    auto& live = *s.live;
    live.issuer = n % 5 == 4 ? "Corp Issuing CA 3" : n % 2 == 0 ? "E7" : "R12";
    live.serial = fmt::format("04a1b2c3d4e5f6{:08x}", n);
    live.fingerprint = fmt::format("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15{:08x}", n);
    live.not_before = now - age;
    live.not_after = live.not_before + life - seconds(1);
    s.next_run = live.not_before + life * 2 / 3;
    s.next_reason = fmt::format("renewal at 2/3 of its lifetime of {}d", lives[n % 5]);
    s.last_success = live.not_before;
    const auto fail_order = [&](acme::failure what, unsigned times) {
        s.where = lifecycle::state::failing;
        s.failures = times;
        s.problem = lifecycle::explain(what, lifecycle::classify(what));
        s.problem_class = to_string(lifecycle::classify(what).kind);
        s.last_failure = now - minutes(7);
        s.next_run = now + minutes(93);
        s.next_cause = lifecycle::cause::retry;
        s.next_reason = fmt::format("retry {} after a failure", times);
        lifecycle::issuer_state at;
        at.name = s.issuer;
        at.failures = times;
        at.problem = s.problem;
        at.problem_class = s.problem_class;
        at.last_failure = s.last_failure;
        at.not_before = s.next_run;
        s.at = {at};
    };
    const auto refusal = [&](std::string type, std::string detail) {
        acme::failure what(acme::step::authorization, error(errc::refused, "the CA refused"));
        what.said = acme::problem();
        what.said->type = std::move(type);
        what.said->detail = std::move(detail);
        what.name = *parse_identifier(s.name);
        what.challenge = "http-01";
        return what;
    };
    switch (all_well ? 0 : n % 23) {
    case 2:
        fail_order(refusal("unauthorized", "192.0.2.7: Invalid response from http://" + s.name +
                                               "/.well-known/acme-challenge/x: 404"),
                   3);
        break;
    case 5:
        s.where = lifecycle::state::ordering;
        s.next_run.reset();
        s.next_cause = lifecycle::cause::lifetime;
        break;
    case 7:
        live.not_before = now - days(92);
        live.not_after = now - days(2);
        fail_order(refusal("dns", "DNS problem: NXDOMAIN looking up A for " + s.name), 9);
        break;
    case 11:
        s.where = lifecycle::state::failing;
        s.deployed = false;
        s.deploy_failures = 2;
        s.deploy_problem = "deployment nginx: after the reload 127.0.0.1:443 for " + s.name +
                           " still serves serial 0a1b, which expires 2026-12-01";
        s.next_run = now + minutes(4);
        s.next_cause = lifecycle::cause::deployment;
        s.next_reason = "retry 2 after a failed deployment";
        break;
    case 13:
        live.revoked = true;
        s.next_run = now;
        s.next_cause = lifecycle::cause::revoked;
        s.next_reason = "what is live was revoked";
        break;
    case 17:
        s.live.reset();
        s.last_success.reset();
        s.deployed = false;
        s.where = lifecycle::state::queued;
        s.next_run.reset();
        s.next_cause = lifecycle::cause::first;
        break;
    case 19:
        live.not_before = now - days(80);
        live.not_after = now + days(10);
        s.next_run = now + hours(5);
        break;
    case 21:
        fail_order(refusal("malformed", hostile_words()), 1);
        break;
    default:
        break;
    }
    return s;
}

/// Finds by name as the real engine does, not one after another.
class crowd_engine : public fake_engine {
public:
    crowd_engine(std::size_t count, wall_time now, bool all_well) {
        for (std::size_t n = 0; n < count; ++n) {
            all.push_back(crowd_member(n, now, all_well));
        }
        std::ranges::sort(all, {}, &lifecycle::certificate_status::name);
        all_budgets = {{"letsencrypt", {{"new_orders", "", 300, 271.5, now + std::chrono::minutes(12)}}}};
    }
    [[nodiscard]] std::vector<lifecycle::certificate_status> list(std::string_view after,
                                                                  std::size_t most) const override {
        const auto begin = std::ranges::upper_bound(all, after, {}, &lifecycle::certificate_status::name);
        const auto end =
            begin + static_cast<std::ptrdiff_t>(std::min(most, static_cast<std::size_t>(all.end() - begin)));
        return {begin, end};
    }
    [[nodiscard]] std::optional<lifecycle::certificate_status> show(std::string_view name) const override {
        const auto found = std::ranges::lower_bound(all, name, {}, &lifecycle::certificate_status::name);
        return found != all.end() && found->name == name ? std::optional(*found) : std::nullopt;
    }
};

} // namespace evercert::testing
