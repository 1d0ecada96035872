#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace evercert::crypto {

/// 32 raw bytes.
std::string sha256(std::string_view bytes);
/// HMAC-SHA-256, 32 raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);
enum class hash { sha256, sha384, sha512 };
/// HMAC with that hash (RFC 2104); raw bytes.
std::string hmac(hash with, std::string_view key, std::string_view bytes);
/// Compares in a time that tells nothing about where they differ.
bool same_mac(std::string_view a, std::string_view b) noexcept;
/// Lower-case hexadecimal.
std::string hex(std::string_view bytes);
/// The bytes again; nullopt if it is not pairs of lower-case hexadecimal digits.
std::optional<std::string> unhex(std::string_view text);

} // namespace evercert::crypto
