#pragma once
// Durable storage as core needs it: few verbs, each complete and synced when it returns.
#include "core/base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert {

/// A file of a set. Contents may be a private key: they are wiped by whoever owns the buffer.
struct stored_file {
    std::string name; ///< one path component
    std::string contents;
    unsigned mode = 0600;
    /// A file of this store that may hold these very bytes already: if it does, it becomes this one as well,
    /// by a hard link, instead of being written again. Nobody changes it, it can only be replaced or removed.
    std::string same_as{};
};

/// Paths are relative, of components [A-Za-z0-9._-]+ joined by "/", no component "." or ".." (else
/// errc::invalid_argument): nothing that a CA or a configuration says can leave the root. All calls block,
/// are safe from any thread for different paths, and mean what they say after a power cut once they have
/// returned success, but for `append` and `remove`. Nothing ever has a wider mode than asked, at any instant.
class store {
public:
    virtual ~store() = default;

    /// The contents, or nullopt if there is no such file. Longer than `limit`: errc::too_large.
    [[nodiscard]] virtual result<std::optional<std::string>> read(std::string_view path,
                                                                  std::size_t limit = 1024 * 1024) const = 0;
    /// Creates or replaces a file in one step; missing folders are made (0700). When the file's own folder
    /// is, it may get a folder named `beside` at once, for what will be written there: syncing both costs as
    /// much as syncing one.
    virtual result<void> write(std::string_view path, std::string_view contents, unsigned mode = 0600,
                               std::string_view beside = {}) = 0;
    /// Makes a folder with exactly these files, visible only when complete and read back as it was given
    /// (else errc::corrupted). errc::exists if it is there already.
    virtual result<void> write_set(std::string_view directory, const std::vector<stored_file>& files) = 0;
    /// Puts `text` behind what is in a file, which is made if it is missing: for records of what happened,
    /// not synced, so a power cut may lose it or tear it. Torn text never runs into what follows: if the file
    /// does not end in a newline, one comes first. Failing, it leaves the file as it was. Returns the file's
    /// size.
    virtual result<std::uint64_t> append(std::string_view path, std::string_view text,
                                         unsigned mode = 0600) = 0;
    /// Points the symlink at `link` to `target` (another path of this store) in one step.
    virtual result<void> switch_link(std::string_view link, std::string_view target) = 0;
    /// What the symlink points to, as a path of this store; nullopt if there is none.
    [[nodiscard]] virtual result<std::optional<std::string>> read_link(std::string_view link) const = 0;
    /// Names in a folder, sorted; empty if there is no such folder. Leftovers of interrupted writes are not
    /// listed.
    [[nodiscard]] virtual result<std::vector<std::string>> list(std::string_view directory) const = 0;
    /// Removes a file, link or folder with all below it; success if there is none. Nothing waits for the
    /// disk: after a power cut all of it may be there again.
    virtual result<void> remove(std::string_view path) = 0;
    /// The absolute path, for other programs' configuration.
    [[nodiscard]] virtual std::string absolute(std::string_view path) const = 0;
};

} // namespace evercert
