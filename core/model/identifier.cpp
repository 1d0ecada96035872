#include "core/model/identifier.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <array>
#include <optional>

namespace evercert {
namespace {

std::unexpected<error> refuse(std::string why) {
    return fail(errc::invalid_argument, std::move(why));
}

std::optional<identifier> parse_ip(std::string_view text) {
    if (text.starts_with("[") && text.ends_with("]")) {
        text = text.substr(1, text.size() - 2);
    }
    const std::string copy(text);
    std::array<unsigned char, sizeof(in6_addr)> binary{};
    std::array<char, INET6_ADDRSTRLEN> printed{};
    if (inet_pton(AF_INET, copy.c_str(), binary.data()) == 1) {
        return identifier{identifier::kind::ip, copy};
    }
    if (inet_pton(AF_INET6, copy.c_str(), binary.data()) == 1) {
        inet_ntop(AF_INET6, binary.data(), printed.data(), printed.size()); // glibc prints as RFC 5952 asks
        return identifier{identifier::kind::ip, printed.data()};
    }
    return std::nullopt;
}

bool letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

result<void> check_label(std::string_view label) {
    if (label.empty()) {
        return refuse("a name must not have an empty label (two dots in a row, or a dot in front)");
    }
    if (label.size() > 63) {
        return refuse("a label of a name has at most 63 characters");
    }
    for (const char c : label) {
        if (c == '*') {
            return refuse("\"*.\" may stand only once and only in front");
        }
        if (!letter_or_digit(c) && c != '-') {
            return refuse("a name on a certificate has only letters, digits, hyphens and dots");
        }
    }
    if (label.starts_with("-") || label.ends_with("-")) {
        return refuse("a label must not begin or end with a hyphen");
    }
    return {};
}

} // namespace

result<identifier> parse_identifier(std::string_view text, bool allow_single_label) {
    if (text.empty()) {
        return refuse("a name must not be empty");
    }
    if (text.size() > 255) {
        return refuse("a name has at most 253 characters");
    }
    if (text.find('\0') != std::string_view::npos) {
        return refuse("a name on a certificate has only letters, digits, hyphens and dots");
    }
    if (auto ip = parse_ip(text)) {
        return *ip;
    }
    std::string value = to_lower_ascii(text);
    if (value.ends_with(".")) {
        value.pop_back();
    }
    std::string_view rest = value;
    const bool wildcard = rest.starts_with("*.");
    if (wildcard) {
        rest.remove_prefix(2);
    }
    if (rest.size() > 253) {
        return refuse("a name has at most 253 characters");
    }
    std::size_t labels = 0;
    std::string_view last;
    while (true) {
        const auto dot = rest.find('.');
        last = rest.substr(0, dot);
        if (auto ok = check_label(last); !ok) {
            return std::unexpected(ok.error());
        }
        ++labels;
        if (dot == std::string_view::npos) {
            break;
        }
        rest.remove_prefix(dot + 1);
    }
    if (labels < 2 && (wildcard || !allow_single_label)) {
        return refuse("a name needs at least two labels, such as example.com");
    }
    if (last.find_first_not_of("0123456789") == std::string_view::npos) {
        return refuse("the last label is a number: this is neither a name nor a correct IP address");
    }
    return identifier{identifier::kind::dns, std::move(value)};
}

} // namespace evercert
