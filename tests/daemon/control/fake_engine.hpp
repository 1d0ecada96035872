#pragma once
// An engine that remembers what it was asked.
#include "core/lifecycle/engine.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace evercert::testing {

inline lifecycle::certificate_status sample_status(const std::string& name) {
    using std::chrono::days;
    const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);
    lifecycle::certificate_status s;
    s.name = name;
    s.names = {"example.com", "www.example.com"};
    s.issuer = "letsencrypt";
    s.issuers = {"letsencrypt"};
    s.challenge = "http";
    s.keys = {"ecdsa-p256"};
    s.deploy = {"nginx"};
    s.where = lifecycle::state::waiting;
    lifecycle::live_certificate live;
    live.version = 7;
    live.serial = "0a1b";
    live.fingerprint = "f1";
    live.issuer = "R\x1b[31m11";
    live.not_before = now - days(31);
    live.not_after = now + days(59);
    s.live = live;
    s.next_run = now + days(29);
    s.next_cause = lifecycle::cause::lifetime;
    s.next_reason = "renewal at 2/3 of its lifetime";
    s.last_success = now - days(31);
    s.deployed = true;
    s.directory = "/var/lib/evercert/live/" + name;
    return s;
}

inline lifecycle::account_status sample_account(const std::string& issuer) {
    const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);
    lifecycle::account_status s;
    s.issuer = issuer;
    s.directory = "https://ca.example/directory";
    s.url = "https://ca.example/account/1";
    s.key = "ecdsa-p256";
    s.thumbprint = "tHuMb";
    s.contacts = "ops@example.com";
    s.limits = {{"new_orders", "", 300, 298.7, now + seconds(72)},
                {"certificates_per_domain", "example.com", 50, 49, now + std::chrono::minutes(202)}};
    return s;
}

class fake_engine : public lifecycle::engine {
public:
    void assign(lifecycle::assignment) override {}
    awaitable<void> settle() override { co_return; }
    awaitable<void> stop(milliseconds) override { co_return; }
    [[nodiscard]] std::vector<lifecycle::certificate_status> list(std::string_view after,
                                                                  std::size_t most) const override {
        std::vector<lifecycle::certificate_status> some;
        for (const auto& one : all) {
            if (one.name > after && some.size() < most) {
                some.push_back(one);
            }
        }
        return some;
    }
    [[nodiscard]] std::map<lifecycle::state, std::size_t> count() const override {
        std::map<lifecycle::state, std::size_t> counts;
        for (const lifecycle::state each : lifecycle::all_states) {
            counts[each] = static_cast<std::size_t>(
                std::ranges::count(all, each, &lifecycle::certificate_status::where));
        }
        return counts;
    }
    [[nodiscard]] bool all_well() const override { return true; }
    [[nodiscard]] std::optional<lifecycle::certificate_status> show(std::string_view name) const override {
        for (const auto& one : all) {
            if (one.name == name) {
                return one;
            }
        }
        return std::nullopt;
    }
    awaitable<result<lifecycle::certificate_status>> examine(std::string name) override {
        ++examined;
        auto one = show(name);
        if (!one) {
            co_return fail(errc::not_found, "there is no managed certificate called " + name);
        }
        if (!problem_on_disk.empty()) {
            one->problem = problem_on_disk;
        }
        co_return std::move(*one);
    }
    [[nodiscard]] std::vector<lifecycle::planned_step> plan() const override { return planned; }
    [[nodiscard]] std::vector<lifecycle::issuer_budget> budgets() const override { return all_budgets; }
    result<void> renew(std::string_view name, bool now) override {
        asked.push_back("renew " + std::string(name) + (now ? " now" : ""));
        return outcome;
    }
    result<void> deploy(std::string_view name) override {
        asked.push_back("deploy " + std::string(name));
        return outcome;
    }
    awaitable<result<void>> revoke(std::string name, std::optional<int> reason) override {
        asked.push_back("revoke " + name + (reason ? " " + std::to_string(*reason) : ""));
        co_return outcome;
    }
    awaitable<result<std::vector<issuer_facts>>> facts(std::string certificate) override {
        asked.push_back("facts " + certificate);
        if (!outcome) {
            co_return fail(outcome.error());
        }
        co_return issuers;
    }
    awaitable<result<lifecycle::diagnosis>> diagnose(std::string certificate) override {
        asked.push_back("diagnose " + certificate);
        if (!outcome) {
            co_return fail(outcome.error());
        }
        lifecycle::diagnosis made{certificate, "letsencrypt", findings};
        co_return made;
    }
    awaitable<std::vector<lifecycle::account_status>> accounts() override { co_return all_accounts; }
    awaitable<result<lifecycle::account_status>> account(std::string issuer) override {
        return account_after("account", std::move(issuer));
    }
    awaitable<result<lifecycle::account_status>> roll_over_account(std::string issuer) override {
        return account_after("rollover", std::move(issuer));
    }
    awaitable<result<lifecycle::account_status>> deactivate_account(std::string issuer) override {
        return account_after("deactivate", std::move(issuer));
    }

    std::vector<lifecycle::certificate_status> all;
    std::vector<lifecycle::planned_step> planned;
    std::vector<finding> findings;
    std::vector<issuer_facts> issuers;
    std::vector<lifecycle::account_status> all_accounts;
    std::vector<lifecycle::issuer_budget> all_budgets;
    std::string problem_on_disk; ///< known only to examine()
    unsigned examined = 0;
    std::vector<std::string> asked;
    result<void> outcome;

private:
    awaitable<result<lifecycle::account_status>> account_after(std::string what, std::string issuer) {
        asked.push_back(what + " " + issuer);
        if (!outcome) {
            co_return fail(outcome.error());
        }
        const auto found = std::ranges::find(all_accounts, issuer, &lifecycle::account_status::issuer);
        if (found == all_accounts.end()) {
            co_return fail(errc::not_found, "there is no issuer called " + issuer);
        }
        co_return *found;
    }
};

} // namespace evercert::testing
