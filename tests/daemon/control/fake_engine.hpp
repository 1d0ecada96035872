#pragma once
// An engine that remembers what it was asked.
#include "core/lifecycle/engine.hpp"

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
    s.challenge = "http";
    s.key = "ecdsa-p256";
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
    s.next_reason = "renewal at 2/3 of its lifetime";
    s.last_success = now - days(31);
    s.deployed = true;
    s.directory = "/var/lib/evercert/live/" + name;
    return s;
}

class fake_engine : public lifecycle::engine {
public:
    void assign(lifecycle::assignment) override {}
    awaitable<void> settle() override { co_return; }
    awaitable<void> stop(milliseconds) override { co_return; }
    [[nodiscard]] std::vector<lifecycle::certificate_status> list() const override { return all; }
    [[nodiscard]] std::optional<lifecycle::certificate_status> show(std::string_view name) const override {
        for (const auto& one : all) {
            if (one.name == name) {
                return one;
            }
        }
        return std::nullopt;
    }
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

    std::vector<lifecycle::certificate_status> all;
    std::vector<std::string> asked;
    result<void> outcome;
};

} // namespace evercert::testing
