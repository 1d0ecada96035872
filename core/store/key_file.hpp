#pragma once
// Private keys in and out of a store without leaving unwiped copies behind.
#include "core/crypto/key.hpp"
#include "core/ports/store.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace evercert::storage {

/// nullopt if there is no such file, errc::corrupted if it is no key.
result<std::optional<crypto::key>> read_key(const store& files, const std::string& path);
/// `beside` as for store::write.
result<void> write_key(store& files, const std::string& path, const crypto::key& key,
                       std::string_view beside = {});
/// Copies the bytes of a file as they are; nothing to do if it does not exist.
result<void> copy_secret(store& files, const std::string& from, const std::string& to);

} // namespace evercert::storage
