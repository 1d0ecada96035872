#pragma once
// Where everything lies under data_dir, and the check every name passes before it becomes part of a path.
#include "core/base/error.hpp"
#include "core/model/key_type.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace evercert::storage {

/// errc::invalid_argument unless `name` can be one folder or file name: [A-Za-z0-9_-][A-Za-z0-9._-]*, at most
/// 200 bytes (room is left for what is put behind it).
result<void> check_name(std::string_view name);

namespace layout {

/// The files of one pair in a version's folder.
struct pair_files {
    std::string cert;      ///< the leaf
    std::string chain;     ///< what lies above it; empty if there is only a leaf
    std::string fullchain; ///< both
    std::string privkey;
};
/// "cert.pem" and so on of the first pair, "cert.rsa-2048.pem" and so on of a further one.
pair_files files_of_first_pair();
pair_files files_of_pair(key_type further);
/// The type if a file of this name belongs to a further pair.
std::optional<key_type> further_pair_of(std::string_view file_name);

// Names have been checked.
inline constexpr std::string_view accounts = "accounts";
inline constexpr std::string_view jobs = "jobs";
inline constexpr std::string_view versions_folder = "versions"; ///< in a certificate's folder
std::string account_folder(std::string_view issuer);
std::string account_key(std::string_view issuer);
std::string next_account_key(std::string_view issuer);
std::string account_record(std::string_view issuer);
std::string certificate_folder(std::string_view certificate);
std::string pending_key(std::string_view certificate, key_type type);
/// Where the pending key lay when there was one for all types.
std::string old_pending_key(std::string_view certificate);
/// Whether a file of a certificate's folder is a pending key, of whatever type.
bool is_pending_key(std::string_view file_name);
std::string versions(std::string_view certificate);
std::string version(std::string_view certificate, unsigned number);
std::string live(std::string_view certificate);
std::string job(std::string_view certificate);
/// The certificate whose record has this name in jobs/.
std::optional<std::string> certificate_of_job(std::string_view file_name);
std::string history(std::string_view certificate);

/// "0007"; from 10000 on it grows.
std::string version_name(unsigned number);
/// nullopt for everything that version_name does not write.
std::optional<unsigned> parse_version_name(std::string_view name);
/// The number if `target` is a version of this certificate.
std::optional<unsigned> version_of(std::string_view certificate, std::string_view target);

} // namespace layout
} // namespace evercert::storage
