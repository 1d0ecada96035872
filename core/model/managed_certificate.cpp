#include "core/model/managed_certificate.hpp"

#include <algorithm>

namespace evercert {
namespace {

void append_new(std::vector<std::string>& to, const std::vector<std::string>& from) {
    for (const std::string& each : from) {
        if (std::ranges::find(to, each) == to.end()) {
            to.push_back(each);
        }
    }
}

} // namespace

std::string_view to_string(preflight_mode mode) noexcept {
    switch (mode) {
    case preflight_mode::enforce:
        return "enforce";
    case preflight_mode::warn:
        return "warn";
    case preflight_mode::off:
        break;
    }
    return "off";
}

bool matches(std::string_view pattern, const identifier& name) {
    if (pattern == "*" || pattern == name.value) {
        return true;
    }
    if (!pattern.starts_with("*.") || name.type != identifier::kind::dns) {
        return false;
    }
    const std::string_view below = pattern.substr(1);
    return name.value.size() > below.size() && name.value.ends_with(below);
}

const std::vector<std::string>& challenges_for(const issuance_policy& policy, const identifier& name) {
    const auto rule = std::ranges::find_if(
        policy.challenge_rules, [&](const challenge_rule& each) { return matches(each.pattern, name); });
    return rule == policy.challenge_rules.end() ? policy.challenges : rule->challenges;
}

std::vector<std::string> all_challenges(const issuance_policy& policy) {
    std::vector<std::string> all = policy.challenges;
    for (const challenge_rule& rule : policy.challenge_rules) {
        append_new(all, rule.challenges);
    }
    return all;
}

std::string challenges_text(const issuance_policy& policy) {
    const auto listed = [](const std::vector<std::string>& names) {
        std::string text;
        for (const std::string& each : names) {
            text += (text.empty() ? "" : ", ") + each;
        }
        return text;
    };
    std::string text = listed(policy.challenges);
    for (const challenge_rule& rule : policy.challenge_rules) {
        text += "; " + rule.pattern + ": " + listed(rule.challenges);
    }
    return text;
}

} // namespace evercert
