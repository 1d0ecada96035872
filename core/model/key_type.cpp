#include "core/model/key_type.hpp"

#include <array>

namespace evercert {
namespace {

constexpr std::array all{key_type::ecdsa_p256, key_type::ecdsa_p384, key_type::rsa_2048,
                         key_type::rsa_3072,   key_type::rsa_4096,   key_type::ed25519};

} // namespace

std::string_view to_string(key_type type) noexcept {
    switch (type) {
    case key_type::ecdsa_p256:
        return "ecdsa-p256";
    case key_type::ecdsa_p384:
        return "ecdsa-p384";
    case key_type::rsa_2048:
        return "rsa-2048";
    case key_type::rsa_3072:
        return "rsa-3072";
    case key_type::rsa_4096:
        return "rsa-4096";
    case key_type::ed25519:
        return "ed25519";
    }
    return "unknown";
}

std::optional<key_type> parse_key_type(std::string_view text) noexcept {
    for (const key_type type : all) {
        if (to_string(type) == text) {
            return type;
        }
    }
    return std::nullopt;
}

std::span<const key_type> all_key_types() noexcept {
    return all;
}

} // namespace evercert
