#pragma once
// certbot's folder, for reading only.
#include "core/base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

/// /etc/letsencrypt or a copy of it. Paths are relative to it; whatever links they lead through, nothing is
/// read but what lies below it (or where its archive, live, accounts and renewal themselves lead). Nothing is
/// written here. Blocks: for a command, not for the loop.
class certbot_tree {
public:
    /// errc::not_found unless it is a folder that certbot has kept certificates in.
    static result<certbot_tree> open(const std::string& path);

    /// At most `limit` bytes of a plain file. errc::not_found also for a link that leads nowhere.
    [[nodiscard]] result<std::string> read(std::string_view path, std::size_t limit) const;
    /// Whether it is there, and no link leads out with it.
    [[nodiscard]] bool holds(std::string_view path) const;
    /// Sorted; empty if there is no such folder.
    [[nodiscard]] std::vector<std::string> list(std::string_view path) const;
    /// Programs that certbot would run from a folder of hooks, absolute, in its order.
    [[nodiscard]] std::vector<std::string> hooks(std::string_view path) const;
    [[nodiscard]] std::string absolute(std::string_view path) const;
    [[nodiscard]] const std::string& root() const noexcept { return root_; }

private:
    explicit certbot_tree(std::string root) : root_(std::move(root)) {}
    [[nodiscard]] bool lies_within(const std::string& real) const;

    std::string root_;                ///< absolute, as it was given
    std::vector<std::string> within_; ///< real paths
};

/// Whether a word can be one component of a path below the tree.
bool is_plain_component(std::string_view word) noexcept;

} // namespace evercert::daemon
