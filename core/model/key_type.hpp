#pragma once
#include <optional>
#include <span>
#include <string_view>

namespace evercert {

enum class key_type { ecdsa_p256, ecdsa_p384, rsa_2048, rsa_3072, rsa_4096, ed25519 };

/// "ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519".
std::string_view to_string(key_type type) noexcept;
std::optional<key_type> parse_key_type(std::string_view text) noexcept;
std::span<const key_type> all_key_types() noexcept;

} // namespace evercert
