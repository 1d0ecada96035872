#include "solvers/dns01/route53_text.hpp"

#include "core/base/text.hpp"
#include "solvers/dns01/api_text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace evercert::solvers {

namespace {

/// "/hostedzone/Z123" and "Z123" are both in use.
std::string bare_id(std::string_view id, std::string_view prefix) {
    id = trim(id);
    if (id.starts_with(prefix)) {
        id.remove_prefix(prefix.size());
    }
    return std::string(id);
}

std::string change(std::string_view action, std::string_view name, const route53_set& set) {
    std::string records;
    for (const auto& value : set.values) {
        records += fmt::format("<ResourceRecord><Value>{}</Value></ResourceRecord>", xml_escaped(value));
    }
    return fmt::format(
        "<Change><Action>{}</Action><ResourceRecordSet><Name>{}.</Name><Type>TXT</Type><TTL>{}</TTL>"
        "<ResourceRecords>{}</ResourceRecords></ResourceRecordSet></Change>",
        action, xml_escaped(name), set.ttl, records);
}

result<std::int64_t> number(std::string_view text) {
    std::int64_t out = 0;
    text = trim(text);
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (bad != std::errc() || end != text.data() + text.size() || out < 0) {
        return fail(errc::protocol, "a TTL that is no number");
    }
    return out;
}

/// <ErrorResponse><Error>..., or InvalidChangeBatch's own form, whose messages are in a list.
struct words {
    std::string code;
    std::string message;
};

words error_of(std::string_view body) {
    constexpr std::size_t longest = 64 * 1024;
    words out;
    const auto root = parse_xml(body.substr(0, longest));
    if (!root) {
        return out;
    }
    if (root->name == "InvalidChangeBatch") {
        out.code = root->name;
        const auto* list = root->child("Messages");
        out.message = list != nullptr ? list->child_text("Message") : root->child_text("Message");
    } else if (const auto* inner = root->child("Error"); inner != nullptr) {
        out.code = inner->child_text("Code");
        out.message = inner->child_text("Message");
    }
    return out;
}

} // namespace

std::string route53_change(std::string_view name, const std::optional<route53_set>& before,
                           const std::optional<route53_set>& after) {
    std::string out =
        R"(<?xml version="1.0" encoding="UTF-8"?>)"
        R"(<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/">)"
        "<ChangeBatch><Changes>";
    if (before) {
        out += change("DELETE", name, *before);
    }
    if (after) {
        out += change("CREATE", name, *after);
    }
    out += "</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>";
    return out;
}

result<std::optional<std::string>> route53_zone(const xml_element& answer, std::string_view name) {
    const auto* zones = answer.child("HostedZones");
    if (answer.name != "ListHostedZonesByNameResponse" || zones == nullptr) {
        return fail(errc::protocol, "a list of hosted zones was expected");
    }
    for (const auto& zone : zones->children) {
        const auto* config = zone.child("Config");
        if (zone.child_text("Name") != fmt::format("{}.", name) ||
            (config != nullptr && config->child_text("PrivateZone") == "true")) {
            continue;
        }
        auto id = bare_id(zone.child_text("Id"), "/hostedzone/");
        if (!is_plain_id(id)) {
            return fail(errc::protocol, "a hosted zone without a usable ID");
        }
        return std::optional<std::string>(std::move(id));
    }
    return std::optional<std::string>();
}

result<std::optional<route53_set>> route53_current(const xml_element& answer, std::string_view name) {
    const auto* sets = answer.child("ResourceRecordSets");
    if (answer.name != "ListResourceRecordSetsResponse" || sets == nullptr) {
        return fail(errc::protocol, "a list of record sets was expected");
    }
    for (const auto& set : sets->children) {
        // What is asked for would be the first; else the next of the zone is shown.
        if (set.child_text("Name") != fmt::format("{}.", name) || set.child_text("Type") != "TXT") {
            continue;
        }
        const auto* records = set.child("ResourceRecords");
        if (set.child("SetIdentifier") != nullptr || records == nullptr) {
            return fail(
                errc::unsupported,
                fmt::format(
                    "{} has TXT sets with a routing policy or an alias: make it a simple set, or remove "
                    "it",
                    name));
        }
        route53_set out;
        auto ttl = number(set.child_text("TTL"));
        if (!ttl) {
            return fail(std::move(ttl.error()));
        }
        out.ttl = *ttl;
        for (const auto& record : records->children) {
            out.values.emplace_back(record.child_text("Value"));
        }
        return std::optional<route53_set>(std::move(out));
    }
    return std::optional<route53_set>();
}

result<route53_change_state> route53_state(const xml_element& answer) {
    const auto* info = answer.child("ChangeInfo");
    if (info == nullptr) {
        return fail(errc::protocol, "the state of a change was expected");
    }
    route53_change_state out;
    out.id = bare_id(info->child_text("Id"), "/change/");
    out.in_sync = trim(info->child_text("Status")) == "INSYNC";
    if (!is_plain_id(out.id)) {
        return fail(errc::protocol, "a change without a usable ID");
    }
    return out;
}

std::string route53_error_code(std::string_view body) {
    return error_of(body).code;
}

std::string route53_error_words(std::string_view body) {
    const auto found = error_of(body);
    return found.code.empty() ? std::string() : fmt::format("{}: {}", found.code, found.message);
}

} // namespace evercert::solvers
