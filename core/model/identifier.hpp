#pragma once
// A name on a certificate: an ACME identifier (RFC 8555 section 9.7.7, RFC 8738).
#include "core/base/error.hpp"

#include <compare>
#include <string>
#include <string_view>

namespace evercert {

/// `dns`: lower-case A-labels without trailing dot, possibly with "*." in front. `ip`: IPv4 dotted quad or
/// IPv6 as in RFC 5952. Made by parse_identifier, so a value that exists is well formed.
struct identifier {
    enum class kind { dns, ip };

    kind type = kind::dns;
    std::string value;

    [[nodiscard]] bool wildcard() const noexcept { return type == kind::dns && value.starts_with("*."); }
    /// The value without "*.".
    [[nodiscard]] std::string base() const { return wildcard() ? value.substr(2) : value; }
    /// "dns" or "ip", as ACME writes it.
    [[nodiscard]] std::string_view type_name() const noexcept { return type == kind::dns ? "dns" : "ip"; }

    friend auto operator<=>(const identifier&, const identifier&) = default;
    friend bool operator==(const identifier&, const identifier&) = default;
};

/// From ASCII text (A-labels; `config` turns IDN into them first): checks lengths, letters, digits, hyphens,
/// at least two labels, "*." only in front, IP forms; lowers case, drops one trailing dot, normalises IPv6
/// (brackets accepted). Single-label names are accepted only with `allow_single_label` (private CAs).
result<identifier> parse_identifier(std::string_view text, bool allow_single_label = false);

} // namespace evercert
