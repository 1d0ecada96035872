#pragma once
// The files of one version: written, read back and held against each other.
#include "core/ports/store.hpp"
#include "core/store/repository.hpp"

#include <string>
#include <vector>

namespace evercert::storage {

/// The pairs fit together: each key its leaf, no key type twice, all leaves for the same names. Else what is
/// wrong, as errc::corrupted.
result<void> check_pairs(const std::vector<key_pair>& pairs);

/// In the order in which a version is read back: the first as it is, the others by key type.
std::vector<key_pair> in_stored_order(const std::vector<key_pair>& pairs);

/// What is to be written, the key of each pair behind its certificates: it usually lies on disk already, as
/// the pending key of the order. Wipe it with wipe_keys.
std::vector<stored_file> files_of(std::string_view certificate, const std::vector<key_pair>& pairs);
void wipe_keys(std::vector<stored_file>& files) noexcept;

/// The whole set, every file looked at: servers read different ones of them, so all must tell the same.
/// errc::not_found if a file is missing, errc::corrupted if they do not fit together.
result<std::vector<key_pair>> read_pairs(const store& files, const std::string& folder);

} // namespace evercert::storage
