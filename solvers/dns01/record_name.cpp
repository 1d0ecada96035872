#include "solvers/dns01/record_name.hpp"

#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"

#include <cstdint>

namespace evercert::solvers {
namespace {

constexpr std::size_t label_bytes = 10;

/// RFC 4648 section 6, lower case, without padding; `bytes` in fives.
std::string base32(std::string_view bytes) {
    static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz234567";
    std::string text;
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const char each : bytes) {
        held = held << 8U | static_cast<unsigned char>(each);
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            text += letters[held >> bits & 31U];
        }
    }
    return text;
}

} // namespace

std::string challenge_record(const identifier& name) {
    return "_acme-challenge." + name.base();
}

std::string account_record(const identifier& name, std::string_view account_url) {
    return "_" + base32(crypto::sha256(account_url).substr(0, label_bytes)) + "." + challenge_record(name);
}

std::string record_value(std::string_view key_authorization) {
    return crypto::base64url(crypto::sha256(key_authorization));
}

} // namespace evercert::solvers
