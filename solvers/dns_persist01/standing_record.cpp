#include "solvers/dns_persist01/standing_record.hpp"

#include "core/base/text.hpp"
#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "solvers/dns01/txt_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace evercert::solvers {
namespace {

constexpr std::size_t longest_text = 4096;
constexpr std::size_t longest_account_uri = 2000;
constexpr std::size_t most_parameters = 32;
constexpr unsigned publish_ttl = 3600;

struct parameter {
    std::string tag; ///< lower case
    std::string_view value;
};

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
    if (equals == std::string_view::npos) {
        return fail(errc::parse,
                    text.empty() ? "an empty parameter, or a \";\" at the end" : "a parameter without \"=\"");
    }
    const parameter read{to_lower_ascii(trim(text.substr(0, equals))), trim(text.substr(equals + 1))};
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
        into.wildcard = to_lower_ascii(given.value) == "wildcard";
    } else if (given.tag == "persistuntil") {
        std::int64_t moment = 0;
        const char* const last = given.value.data() + given.value.size();
        const auto [end, wrong] = std::from_chars(given.value.data(), last, moment);
        constexpr std::int64_t year_9999 = 253'402'300'799;
        if (wrong != std::errc() || end != last || moment < 0 || moment > year_9999) {
            return fail(errc::parse, "a persistUntil that is not seconds since 1970");
        }
        into.until = wall_time(seconds(moment));
    }
    return {};
}

std::string tidy_issuer(std::string_view text) {
    std::string name = to_lower_ascii(trim(text));
    while (name.ends_with('.')) {
        name.pop_back();
    }
    return name;
}

/// The draft's bound; a directory may list any number, and each is compared with each record.
std::vector<std::string> few(std::vector<std::string> names) {
    constexpr std::size_t most_issuer_domains = 10;
    names.resize(std::min(names.size(), most_issuer_domains));
    return names;
}

} // namespace

standing_claim::standing_claim(const challenge_task& task)
    : name(task.name.base())
    , wildcard(task.wildcard)
    , account_url(task.account_url)
    , thumbprint(task.thumbprint)
    , issuer_domains(few(task.issuer_domains))
    , account_hash_prefix(task.account_hash_prefix) {}

standing_claim::standing_claim(std::string base_name, bool with_wildcard, const issuer_facts& facts)
    : name(std::move(base_name))
    , wildcard(with_wildcard)
    , account_url(facts.account_url)
    , thumbprint(facts.thumbprint)
    , issuer_domains(few(facts.issuer_domains))
    , account_hash_prefix(facts.account_hash_prefix) {}

std::string standing_record_name(std::string_view base_name) {
    return fmt::format("_validation-persist.{}", base_name);
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
    read.issuer = tidy_issuer(text.substr(0, end));
    if (read.issuer.empty()) {
        return fail(errc::parse, "no CA is named");
    }
    std::set<std::string> seen;
    while (end != std::string_view::npos) {
        text.remove_prefix(end + 1);
        end = text.find(';');
        const auto given = parse_parameter(trim(text.substr(0, end)));
        if (!given) {
            return fail(given.error());
        }
        if (seen.size() == most_parameters) {
            return fail(errc::parse, fmt::format("more than {} parameters", most_parameters));
        }
        if (!seen.insert(given->tag).second) {
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

std::string account_uri_of(const standing_claim& claim, bool any_name) {
    if (claim.account_hash_prefix.empty()) {
        return claim.account_url;
    }
    const std::string bound = any_name ? "*" : claim.name;
    const std::string hashed = static_cast<char>(bound.size()) + bound + claim.thumbprint + claim.account_url;
    return fmt::format("{}sha-256/{}", claim.account_hash_prefix, crypto::base64url(crypto::sha256(hashed)));
}

result<standing_record> wanted_record(const standing_claim& claim) {
    if (claim.account_url.empty()) {
        return fail(errc::not_found,
                    "there is no account at this CA yet, and the record has to name it; it is opened with "
                    "the first order, or when this is asked while the CA answers");
    }
    standing_record wanted;
    for (const std::string& each : claim.issuer_domains) {
        // Written into a zone by hand: nothing but a host's name.
        std::string name = tidy_issuer(each);
        if (const auto host = parse_identifier(name, true);
            host && host->type == identifier::kind::dns && !host->wildcard()) {
            wanted.issuer = std::move(name);
            break;
        }
    }
    if (wanted.issuer.empty()) {
        return fail(errc::protocol,
                    claim.issuer_domains.empty()
                        ? "the CA does not say what such records have to call it: its directory has neither "
                          "issuerDomainNames nor caaIdentities"
                        : "what the CA wants to be called in such records is not the name of a host",
                    claim.issuer_domains.empty() ? std::string() : claim.issuer_domains.front());
    }
    wanted.account_uri = account_uri_of(claim, false);
    if (!good_value(wanted.account_uri) || wanted.account_uri.size() > longest_account_uri) {
        return fail(errc::protocol,
                    "the account's address at this CA has characters that cannot stand in such a record, or "
                    "is too long for it",
                    wanted.account_uri);
    }
    wanted.wildcard = claim.wildcard;
    return wanted;
}

std::string zone_line(const standing_claim& claim, const standing_record& record) {
    return fmt::format("{}. {} IN TXT {}", standing_record_name(claim.name), publish_ttl,
                       quote_txt(to_text(record)));
}

bool names_issuer(std::string_view issuer, const standing_claim& claim) {
    const std::string named = tidy_issuer(issuer);
    return std::ranges::any_of(claim.issuer_domains,
                               [&](const std::string& domain) { return tidy_issuer(domain) == named; });
}

std::string shortfall(const standing_record& found, const standing_claim& claim, wall_time now) {
    if (!names_issuer(found.issuer, claim)) {
        return "is for another CA";
    }
    if (!claim.account_hash_prefix.empty() && found.account_uri == claim.account_url) {
        return "names the account by its URL, where this CA wants a hash";
    }
    if (found.account_uri != account_uri_of(claim, false) &&
        found.account_uri != account_uri_of(claim, true)) {
        return claim.account_hash_prefix.empty() ? "is for another account"
                                                 : "is for another account, or for a key that it had before";
    }
    if (claim.wildcard && !found.wildcard) {
        return "does not allow wildcards: add policy=wildcard";
    }
    if (found.until && *found.until <= now) {
        return fmt::format("ended at {}", format_time(*found.until));
    }
    return {};
}

} // namespace evercert::solvers
