#include "core/acme/renewal_id.hpp"

#include "core/acme/token.hpp"
#include "core/crypto/base64url.hpp"

#include <optional>

namespace evercert::acme {
namespace {

// A key identifier has 20 to 64 octets and a serial number at most 21; a CA of one's own may be odder.
constexpr std::size_t longest_part = 512;

int digit_value(char c) noexcept {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

std::optional<std::string> octets_of(std::string_view digits) {
    if (digits.empty() || digits.size() % 2 != 0) {
        return std::nullopt;
    }
    std::string octets;
    octets.reserve(digits.size() / 2);
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        const int high = digit_value(digits[i]);
        const int low = digit_value(digits[i + 1]);
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        octets.push_back(static_cast<char>(high * 16 + low));
    }
    return octets;
}

} // namespace

std::string renewal_id(std::string_view authority_key_id, std::string_view serial) {
    const auto authority = octets_of(authority_key_id);
    const auto number = octets_of(serial);
    return authority && number ? crypto::base64url(*authority) + "." + crypto::base64url(*number)
                               : std::string();
}

bool is_renewal_id(std::string_view text) noexcept {
    const auto dot = text.find('.');
    return dot != std::string_view::npos && is_base64url_text(text.substr(0, dot), longest_part) &&
           is_base64url_text(text.substr(dot + 1), longest_part);
}

} // namespace evercert::acme
