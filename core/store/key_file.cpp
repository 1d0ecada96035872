#include "core/store/key_file.hpp"

#include <fmt/format.h>

namespace evercert::storage {

result<std::optional<crypto::key>> read_key(const store& files, const std::string& path) {
    auto text = files.read(path, 64 * 1024);
    if (!text) {
        return fail(std::move(text.error()));
    }
    if (!*text) {
        return std::nullopt;
    }
    crypto::secret pem(std::move(**text));
    auto key = crypto::key::from_pem(pem.view());
    if (!key) {
        return fail(errc::corrupted, fmt::format("{}: {}", files.absolute(path), key.error().message));
    }
    return std::optional<crypto::key>(std::move(*key));
}

result<void> write_key(store& files, const std::string& path, const crypto::key& key,
                       std::string_view beside) {
    crypto::secret pem = key.to_pem();
    return files.write(path, pem.view(), 0600, beside);
}

result<void> copy_secret(store& files, const std::string& from, const std::string& to) {
    auto text = files.read(from);
    if (!text) {
        return fail(std::move(text.error()));
    }
    if (!*text) {
        return {};
    }
    crypto::secret bytes(std::move(**text));
    return files.write(to, bytes.view(), 0600);
}

} // namespace evercert::storage
