#pragma once
// Where everything lies under data_dir, and the check every name passes before it becomes part of a path.
#include "core/base/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace evercert::storage {

/// errc::invalid_argument unless `name` can be one folder or file name: [A-Za-z0-9_-][A-Za-z0-9._-]*, at most
/// 200 bytes (room is left for what is put behind it).
result<void> check_name(std::string_view name);

namespace layout {

inline constexpr std::string_view cert = "cert.pem";   ///< the leaf
inline constexpr std::string_view chain = "chain.pem"; ///< what lies above it; empty if there is only a leaf
inline constexpr std::string_view fullchain = "fullchain.pem"; ///< both
inline constexpr std::string_view privkey = "privkey.pem";

// Names have been checked.
std::string account_folder(std::string_view issuer);
std::string account_key(std::string_view issuer);
std::string account_record(std::string_view issuer);
std::string pending_key(std::string_view certificate);
std::string versions(std::string_view certificate);
std::string version(std::string_view certificate, unsigned number);
std::string live(std::string_view certificate);
std::string job(std::string_view certificate);

/// "0007"; from 10000 on it grows.
std::string version_name(unsigned number);
/// nullopt for everything that version_name does not write.
std::optional<unsigned> parse_version_name(std::string_view name);
/// The number if `target` is a version of this certificate.
std::optional<unsigned> version_of(std::string_view certificate, std::string_view target);

} // namespace layout
} // namespace evercert::storage
