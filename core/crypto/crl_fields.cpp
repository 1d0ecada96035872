#include "core/crypto/crl_fields.hpp"

#include "core/base/text.hpp"
#include "core/crypto/digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace evercert::crypto {
namespace {

using der::element;

// Object identifiers below 2.5.29 (id-ce), as content octets.
constexpr std::string_view crl_number_oid = "\x55\x1D\x14";
constexpr std::string_view reason_code_oid = "\x55\x1D\x15";
constexpr std::string_view invalidity_date_oid = "\x55\x1D\x18";
constexpr std::string_view delta_indicator_oid = "\x55\x1D\x1B";
constexpr std::string_view distribution_point_oid = "\x55\x1D\x1C";
constexpr std::string_view authority_key_oid = "\x55\x1D\x23";

constexpr int remove_from_crl = 8;

std::unexpected<error> not_a_crl(std::string_view bytes) {
    const std::string_view start = trim(bytes.substr(0, 64));
    if (start.starts_with("-----BEGIN")) {
        return fail(errc::parse,
                    "what came is PEM text; a CRL is published as DER (RFC 5280 section 4.2.1.13)");
    }
    return fail(errc::parse, start.starts_with('<') ? "what came is a web page and no CRL"
                                                    : "what came is no CRL, or a damaged one");
}

struct extension {
    std::string_view id;
    bool critical = false;
    std::string_view value;
};

/// The elements of an Extensions sequence; nullopt if one is malformed, comes twice, or if there are more
/// than anybody needs.
std::optional<std::vector<extension>> read_extensions(std::string_view content) {
    constexpr std::size_t most = 32;
    std::vector<extension> out;
    for (der::reader list(content); !list.at_end();) {
        const auto one = list.next(der::sequence);
        if (!one || out.size() == most) {
            return std::nullopt;
        }
        der::reader fields(one->content);
        const auto id = fields.next(der::object_identifier);
        const auto critical = fields.next(der::boolean);
        const auto value = fields.next(der::octet_string);
        if (!id || !value || !fields.at_end() || (critical && critical->content.size() != 1) ||
            std::ranges::find(out, id->content, &extension::id) != out.end()) {
            return std::nullopt;
        }
        out.push_back(
            {id->content, critical && critical->content != std::string_view("\0", 1), value->content});
    }
    return out;
}

/// IssuingDistributionPoint (RFC 5280 section 5.2.5): the URLs it names, nullopt if it names no point.
result<std::optional<std::vector<std::string>>> read_scope(std::string_view value) {
    constexpr unsigned char point = der::context_constructed_0;
    constexpr unsigned char full_name = der::context_constructed_0;
    constexpr unsigned char uri = der::context_0 | 6U;
    constexpr unsigned char only_user = der::context_0 | 1U; // as leaves are
    constexpr unsigned char only_reasons = der::context_0 | 3U;
    constexpr std::string_view no("\0", 1); // DER leaves a FALSE out, but some write it
    der::reader outer(value);
    const auto list = outer.next(der::sequence);
    if (!list || !outer.at_end()) {
        return damaged_crl("its issuing distribution point");
    }
    std::optional<std::vector<std::string>> urls;
    for (der::reader fields(list->content); !fields.at_end();) {
        const auto field = fields.next();
        if (!field) {
            return damaged_crl("its issuing distribution point");
        }
        if (field->type == point) {
            urls.emplace();
            der::reader choice(field->content);
            const auto names = choice.next(full_name); // or relative to the issuer's: covers no URL
            for (der::reader each(names ? names->content : std::string_view()); !each.at_end();) {
                const auto name = each.next();
                if (!name) {
                    return damaged_crl("its issuing distribution point");
                }
                if (name->type == uri) {
                    urls->emplace_back(name->content);
                }
            }
        } else if (field->type != only_user && (field->type == only_reasons || field->content != no)) {
            // For CA or attribute certificates, for some reasons, or indirect.
            return fail(errc::refused, "the CRL is not one for all leaves of its issuer");
        }
    }
    return urls;
}

result<crl_entry> read_entry(const element& entry) {
    der::reader fields(entry.content);
    const auto serial = fields.next(der::integer);
    const auto when_field = fields.next();
    const auto when = when_field ? der::read_time(*when_field) : std::nullopt;
    const auto extensions_field = fields.next(der::sequence);
    if (!serial || !der::shortest_integer(serial->content) || !when || !fields.at_end()) {
        return damaged_crl("an entry");
    }
    const auto since_1970 = std::chrono::floor<seconds>(*when).time_since_epoch().count();
    crl_entry out{serial->content,
                  static_cast<std::uint32_t>(
                      std::clamp<std::int64_t>(since_1970, 0, std::numeric_limits<std::uint32_t>::max())),
                  0};
    if (!extensions_field) {
        return out;
    }
    const auto extensions = read_extensions(extensions_field->content);
    if (!extensions) {
        return damaged_crl("the extensions of an entry");
    }
    for (const extension& one : *extensions) {
        if (one.id == reason_code_oid) {
            der::reader value(one.value);
            const auto reason = value.next(der::enumerated);
            if (!reason || !value.at_end() || !der::shortest_integer(reason->content)) {
                return damaged_crl("the reason of an entry");
            }
            const unsigned code =
                reason->content.size() == 1 ? static_cast<unsigned char>(reason->content[0]) : 0;
            out.reason = static_cast<unsigned char>(code <= 10 && code != 7 ? code : 0);
        } else if (one.critical && one.id != invalidity_date_oid) {
            // RFC 5280 section 5.3: such a CRL tells nothing about any certificate.
            return fail(errc::refused, "an entry of the CRL has a critical extension that is not known here");
        }
    }
    return out;
}

} // namespace

std::unexpected<error> damaged_crl(std::string_view where) {
    return fail(errc::parse, fmt::format("the CRL is cut short or damaged ({})", where));
}

result<crl_frame> take_apart_crl(std::string_view bytes) {
    der::reader file(bytes);
    const auto list = file.next(der::sequence);
    if (!list || !file.at_end()) {
        return not_a_crl(bytes);
    }
    crl_frame out;
    der::reader outer(list->content);
    const auto signed_part = outer.next(der::sequence);
    const auto algorithm = outer.next(der::sequence);
    const auto signature = outer.next(der::bit_string);
    if (!signed_part || !algorithm || !signature || !outer.at_end()) {
        return not_a_crl(bytes);
    }
    out.signed_part = *signed_part;
    out.algorithm = *algorithm;
    out.signature = *signature;
    der::reader inner(signed_part->content);
    if (inner.at(der::integer)) {
        const auto version = inner.next();
        if (!version || version->content != "\x01") {
            return fail(errc::refused, "the CRL is of a version that is not known here");
        }
    }
    const auto same_algorithm = inner.next(der::sequence);
    const auto issuer = inner.next(der::sequence);
    const auto this_update = inner.next();
    if (!same_algorithm || !issuer || !this_update || same_algorithm->whole != algorithm->whole) {
        return not_a_crl(bytes);
    }
    out.issuer = *issuer;
    out.this_update = *this_update;
    if (inner.at(der::utc_time) || inner.at(der::generalized_time)) {
        out.next_update = inner.next();
    }
    out.entries = inner.next(der::sequence);
    out.extensions = inner.next(der::context_constructed_0);
    if (!inner.at_end()) {
        return damaged_crl("its list");
    }
    return out;
}

result<crl_facts> read_crl_extensions(const element& field) {
    der::reader wrapped(field.content);
    const auto sequence = wrapped.next(der::sequence);
    const auto all = sequence && wrapped.at_end() ? read_extensions(sequence->content) : std::nullopt;
    if (!all) {
        return damaged_crl("its extensions");
    }
    crl_facts facts;
    for (const extension& one : *all) {
        if (one.id == delta_indicator_oid) {
            return fail(errc::refused, "the CRL is a delta, which lists changes only");
        }
        if (one.id == distribution_point_oid) {
            auto scope = read_scope(one.value);
            if (!scope) {
                return fail(std::move(scope.error()));
            }
            facts.scope = std::move(*scope);
        } else if (one.id == crl_number_oid) {
            der::reader value(one.value);
            const auto number = value.next(der::integer);
            if (!number || !value.at_end() || number->content.size() > 21) {
                return damaged_crl("its number");
            }
            facts.number = hex(number->content);
        } else if (one.critical && one.id != authority_key_oid) {
            return fail(errc::refused, "the CRL has a critical extension that is not known here");
        }
    }
    return facts;
}

result<std::vector<crl_entry>> read_crl_entries(std::string_view content) {
    std::vector<crl_entry> out;
    for (der::reader rest(content); !rest.at_end();) {
        const auto field = rest.next(der::sequence);
        if (!field) {
            return damaged_crl("an entry");
        }
        auto entry = read_entry(*field);
        if (!entry) {
            return fail(std::move(entry.error()));
        }
        if (entry->reason != remove_from_crl) {
            out.push_back(*entry);
        }
    }
    return out;
}

} // namespace evercert::crypto
