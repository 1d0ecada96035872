#pragma once
// What stands for a certificate chain: a CA makes it, the disk takes it apart. Binary, because it is made
// millions of times.
#include "core/base/time.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace evercert::simulation {

struct chain_text {
    std::uint64_t serial = 0;
    std::uint64_t key = 0; ///< the public one: a number
    wall_time not_before;
    wall_time not_after;
    std::uint32_t certificate = 0; ///< whose names it carries
    std::uint8_t ca = 0;
    bool has_crl = false;

    [[nodiscard]] std::string text() const {
        std::string bytes(sizeof *this, '\0');
        std::memcpy(bytes.data(), this, sizeof *this);
        return bytes;
    }
    static std::optional<chain_text> parse(std::string_view bytes) {
        chain_text parsed;
        if (bytes.size() != sizeof parsed) {
            return std::nullopt;
        }
        std::memcpy(&parsed, bytes.data(), sizeof parsed);
        return parsed;
    }
};

/// The low 56 bits as 14 hexadecimal digits, which need no memory of their own, and back.
inline std::string to_hex(std::uint64_t number) {
    std::string text(14, '0');
    for (std::size_t i = text.size(); i > 0; --i, number >>= 4U) {
        text[i - 1] = "0123456789abcdef"[number & 15U];
    }
    return text;
}
inline std::uint64_t from_hex(std::string_view text) noexcept {
    std::uint64_t number = 0;
    for (const char digit : text) {
        number = number << 4U | static_cast<std::uint64_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return number;
}

/// Key identifier of a CA, as hexadecimal digits.
inline std::string authority_id(std::uint8_t ca) {
    return to_hex(0xCA000000000000ULL + ca);
}
inline std::string crl_url(std::uint8_t ca) {
    return ca == 0 ? "http://le.example/crl" : "http://second.example/crl";
}

} // namespace evercert::simulation
