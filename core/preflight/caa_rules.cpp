#include "core/preflight/caa_rules.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace evercert::survey {
namespace {

using property = std::pair<std::string, std::string>;

struct issue_value {
    std::string issuer; ///< lower case; empty: nobody
    std::vector<property> parameters;

    [[nodiscard]] std::vector<std::string> all(std::string_view tag) const {
        std::vector<std::string> out;
        for (const auto& [name, value] : parameters) {
            if (name == tag) {
                out.push_back(value);
            }
        }
        return out;
    }
};

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> out;
    for (;;) {
        const auto end = text.find(at);
        out.push_back(trim(text.substr(0, end)));
        if (end == std::string_view::npos) {
            return out;
        }
        text.remove_prefix(end + 1);
    }
}

/// RFC 8659 section 4.2. Whom a malformed value lets in nobody knows, so that it is nobody.
issue_value parse_issue(const std::string& text) {
    const auto parts = split(text, ';');
    issue_value out;
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const auto equals = parts[i].find('=');
        if (equals == std::string_view::npos && !parts[i].empty()) {
            return {};
        }
        if (!parts[i].empty()) {
            out.parameters.emplace_back(to_lower_ascii(trim(parts[i].substr(0, equals))),
                                        std::string(trim(parts[i].substr(equals + 1))));
        }
    }
    out.issuer = to_lower_ascii(parts.front());
    if (out.issuer.ends_with('.')) {
        out.issuer.pop_back();
    }
    return out;
}

bool is_known(const std::string& tag) {
    static constexpr std::array<std::string_view, 7> tags = {
        "issue", "issuewild", "issuemail", "issuevmc", "iodef", "contactemail", "contactphone"};
    return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

std::string shown(const dns_record& r) {
    return fmt::format("{} {} \"{}\"", r.caa_critical ? 128 : 0, escape(r.caa_tag, 20), escape(r.value, 200));
}

std::string shown(const std::vector<dns_record>& records) {
    std::vector<std::string> out;
    for (const dns_record& r : records) {
        if (out.size() == 8) {
            out.emplace_back("...");
            break;
        }
        out.push_back(shown(r));
    }
    return join(out, ", ");
}

struct refusal {
    int depth = 0; ///< how near it comes: another CA, another account, another challenge
    finding_weight weight = finding_weight::trouble;
    std::string why;
    std::string change;
};

std::string methods_of(const std::vector<std::string>& list) {
    return join(list, ",");
}

/// What hinders a record of our CA; nullopt: nothing.
std::optional<refusal> hindrance(const issue_value& value, const dns_record& record,
                                 const caa_question& asked) {
    refusal out;
    const auto accounts = value.all("accounturi");
    if (!accounts.empty() && asked.account_url.empty()) {
        out.depth = 1;
        out.weight = finding_weight::unsure;
        out.why = "only one account may order, and ours does not exist yet";
        out.change = "compare `accounturi` with the account's URL when there is one (`evercert account`)";
        return out;
    }
    if (accounts.size() > 1 || (accounts.size() == 1 && accounts.front() != asked.account_url)) {
        out.depth = 1;
        out.why =
            fmt::format("another account only may order, not ours ({})", escape(asked.account_url, 200));
        out.change = fmt::format("set accounturi={} in the record {}, or leave it out",
                                 escape(asked.account_url, 200), shown(record));
        return out;
    }
    const auto methods = value.all("validationmethods");
    if (methods.empty()) {
        return std::nullopt;
    }
    const auto allowed = split(methods.front(), ',');
    const auto is_allowed = [&](const std::string& method) {
        return methods.size() == 1 && std::find(allowed.begin(), allowed.end(), method) != allowed.end();
    };
    if (!asked.methods.empty() && is_allowed(asked.methods.front())) {
        return std::nullopt;
    }
    out.depth = 2;
    const auto second = std::find_if(asked.methods.begin(), asked.methods.end(), is_allowed);
    if (second != asked.methods.end()) {
        out.weight = finding_weight::unsure;
        out.why = fmt::format("{} is not allowed, though {} is", asked.methods.front(), *second);
    } else {
        out.why = fmt::format("the challenge {} is not allowed", methods_of(asked.methods));
    }
    out.change = fmt::format("add {} to validationmethods in the record {}, or leave that out",
                             asked.methods.empty() ? "the challenge" : asked.methods.front(), shown(record));
    return out;
}

} // namespace

caa_verdict judge_caa(const std::vector<dns_record>& records, const caa_question& asked,
                      const std::string& domain) {
    const std::string found = fmt::format("CAA records of {}: {}", escape(domain), shown(records));
    caa_verdict out;
    for (const dns_record& r : records) {
        if (r.caa_critical && !is_known(r.caa_tag)) {
            out.weight = finding_weight::trouble;
            out.seen = fmt::format("{}. A CA that does not know the critical tag {} refuses", found,
                                   escape(r.caa_tag, 20));
            out.change = fmt::format("take the record {} away, or its critical flag", shown(r));
            return out;
        }
    }
    const auto has = [&](std::string_view tag) {
        return std::any_of(records.begin(), records.end(),
                           [tag](const dns_record& r) { return r.caa_tag == tag; });
    };
    const std::string tag = asked.wildcard && has("issuewild") ? "issuewild" : "issue";
    if (!has(tag)) {
        out.seen = found + ". None of them restricts who issues this name";
        return out;
    }
    if (asked.identities.empty()) {
        out.weight = finding_weight::unsure;
        out.seen = found + ". The CA does not say what it calls itself";
        out.change = "look up in the CA's documentation whether one of these records names it";
        return out;
    }
    const std::string own = escape(asked.identities.front());
    refusal best;
    best.depth = -1;
    best.why = fmt::format("only other CAs may issue, not {}", own);
    best.change = fmt::format("add the record: {}. CAA 0 {} \"{}\"", escape(domain), tag, own);
    for (const dns_record& r : records) {
        const issue_value value = parse_issue(r.value);
        const auto names_us = [&](const std::string& id) { return equals_ignoring_case(id, value.issuer); };
        if (r.caa_tag != tag || value.issuer.empty() ||
            std::none_of(asked.identities.begin(), asked.identities.end(), names_us)) {
            continue;
        }
        auto against = hindrance(value, r, asked);
        if (!against) {
            out.seen = found;
            return out;
        }
        if (against->depth > best.depth || against->weight < best.weight) {
            best = std::move(*against);
        }
    }
    out.weight = best.weight;
    out.seen = found + "; " + best.why;
    out.change = best.change;
    return out;
}

} // namespace evercert::survey
