#include "solvers/dns_persist01/standing_record.hpp"

#include "core/base/text.hpp"
#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace evercert::solvers {
namespace {

constexpr std::size_t longest_text = 4096;
constexpr std::size_t most_parameters = 32;

struct parameter {
    std::string tag; ///< lower case
    std::string_view value;
};

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(
        out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

bool good_tag(std::string_view tag) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !tag.empty() && plain(tag.front()) && plain(tag.back()) &&
           std::ranges::all_of(tag, [&](char c) { return plain(c) || c == '-'; });
}

bool good_value(std::string_view value) {
    return std::ranges::all_of(value, [](char c) { return c >= 0x21 && c <= 0x7e && c != ';'; });
}

result<parameter> parse_parameter(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == text.npos) {
        return fail(errc::parse,
                    text.empty() ? "an empty parameter, or a \";\" at the end" : "a parameter without \"=\"");
    }
    const parameter read{lower(trim(text.substr(0, equals))), trim(text.substr(equals + 1))};
    if (!good_tag(read.tag)) {
        return fail(errc::parse, "a parameter whose name is not letters, digits and \"-\"");
    }
    if (!good_value(read.value)) {
        return fail(errc::parse, "a value with white space or other characters that may not stand there");
    }
    return read;
}

result<void> take(const parameter& given, standing_record& into) {
    if (given.tag == "accounturi") {
        into.account_uri = given.value;
    } else if (given.tag == "policy") {
        into.wildcard = lower(given.value) == "wildcard";
    } else if (given.tag == "persistuntil") {
        std::int64_t moment = 0;
        const auto [end, wrong] =
            std::from_chars(given.value.data(), given.value.data() + given.value.size(), moment);
        constexpr std::int64_t year_9999 = 253'402'300'799;
        if (wrong != std::errc() || end != given.value.data() + given.value.size() || moment < 0 ||
            moment > year_9999) {
            return fail(errc::parse, "a persistUntil that is not seconds since 1970");
        }
        into.until = wall_time(seconds(moment));
    }
    return {};
}

} // namespace

std::string standing_record_name(const identifier& name) {
    return "_validation-persist." + name.base();
}

std::string to_text(const standing_record& record) {
    std::string text = fmt::format("{}; accounturi={}", record.issuer, record.account_uri);
    if (record.wildcard) {
        text += "; policy=wildcard";
    }
    if (record.until) {
        text += fmt::format("; persistUntil={}",
                            std::chrono::floor<seconds>(*record.until).time_since_epoch().count());
    }
    return text;
}

result<standing_record> parse_standing_record(std::string_view text) {
    if (text.size() > longest_text) {
        return fail(errc::parse, "it is longer than any CA reads");
    }
    standing_record read;
    auto end = text.find(';');
    read.issuer = lower(trim(text.substr(0, end)));
    while (read.issuer.ends_with('.')) {
        read.issuer.pop_back();
    }
    if (read.issuer.empty()) {
        return fail(errc::parse, "no CA is named");
    }
    std::set<std::string> seen;
    while (end != text.npos) {
        text.remove_prefix(end + 1);
        end = text.find(';');
        const auto given = parse_parameter(trim(text.substr(0, end)));
        if (!given) {
            return fail(given.error());
        }
        if (!seen.insert(given->tag).second || seen.size() > most_parameters) {
            return fail(errc::parse, fmt::format("the parameter {} comes twice", escape(given->tag, 40)));
        }
        if (auto taken = take(*given, read); !taken) {
            return fail(std::move(taken.error()));
        }
    }
    if (read.account_uri.empty()) {
        return fail(errc::parse, "accounturi is missing");
    }
    return read;
}

std::string account_uri_of(const challenge_task& task, bool any_name) {
    if (task.account_hash_prefix.empty()) {
        return task.account_url;
    }
    const std::string bound = any_name ? "*" : task.name.base();
    const std::string hashed = static_cast<char>(bound.size()) + bound + task.thumbprint + task.account_url;
    return fmt::format("{}sha-256/{}", task.account_hash_prefix, crypto::base64url(crypto::sha256(hashed)));
}

standing_record wanted_record(const challenge_task& task) {
    standing_record wanted;
    wanted.issuer = task.issuer_domains.empty() ? std::string() : lower(task.issuer_domains.front());
    wanted.account_uri = account_uri_of(task, false);
    wanted.wildcard = task.wildcard;
    return wanted;
}

std::string shortfall(const standing_record& found, const challenge_task& task, wall_time now) {
    if (std::ranges::none_of(task.issuer_domains,
                             [&](const std::string& domain) { return lower(domain) == found.issuer; })) {
        return "it is for another CA";
    }
    if (found.account_uri != account_uri_of(task, false) && found.account_uri != account_uri_of(task, true)) {
        return "it is for another account";
    }
    if (task.wildcard && !found.wildcard) {
        return "it does not allow wildcards: add policy=wildcard";
    }
    if (found.until && *found.until <= now) {
        return fmt::format("it ended at {}", format_time(*found.until));
    }
    return {};
}

} // namespace evercert::solvers
