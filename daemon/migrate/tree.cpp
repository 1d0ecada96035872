#include "daemon/migrate/tree.hpp"

#include "config/files.hpp"
#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace evercert::daemon {

namespace files = std::filesystem;

namespace {

/// A folder of more entries than this is not certbot's.
constexpr std::size_t most_entries = 100'000;

bool lies_below(const files::path& path, const files::path& folder) {
    return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

} // namespace

bool is_plain_component(std::string_view word) noexcept {
    return !word.empty() && word.size() <= 255 && word != "." && word != ".." &&
           word.find('/') == word.npos && word.find('\0') == word.npos;
}

result<certbot_tree> certbot_tree::open(const std::string& path) {
    std::error_code wrong;
    files::path root = files::absolute(path, wrong).lexically_normal();
    if (!root.has_filename()) {
        root = root.parent_path(); // "/etc/letsencrypt/"
    }
    if (wrong || !files::is_directory(root / "renewal", wrong)) {
        return fail(
            wrong == std::errc::permission_denied ? errc::io : errc::not_found,
            fmt::format("{} is no folder of certbot's that can be read: there is no {} in it. Give the "
                        "folder that `certbot --config-dir` names, usually /etc/letsencrypt, as root",
                        escape(path, 200), "renewal/"));
    }
    certbot_tree tree(root.string());
    for (const char* part : {"", "archive", "live", "accounts", "renewal"}) {
        const files::path real = files::canonical(root / part, wrong);
        if (!wrong) {
            tree.within_.push_back(real.has_filename() ? real.string() : real.parent_path().string());
        }
    }
    return tree;
}

bool certbot_tree::lies_within(const std::string& real) const {
    return std::ranges::any_of(within_, [&](const std::string& folder) { return lies_below(real, folder); });
}

bool certbot_tree::holds(std::string_view path) const {
    std::error_code wrong;
    const files::path real = files::canonical(absolute(path), wrong);
    return !wrong && lies_within(real.string());
}

result<std::string> certbot_tree::read(std::string_view path, std::size_t limit) const {
    const std::string shown = escape(absolute(path), 300);
    std::error_code wrong;
    const files::path real = files::canonical(root_ + "/" + std::string(path), wrong);
    if (wrong) {
        const bool missing = wrong == std::errc::no_such_file_or_directory;
        return fail(missing ? errc::not_found : errc::io,
                    missing ? fmt::format("{} is not there, or is a link that leads nowhere", shown)
                            : fmt::format("{} cannot be read: {}", shown, wrong.message()));
    }
    if (!lies_within(real.string())) {
        return fail(errc::refused, fmt::format("{} leads out of {}, and is not followed", shown, root_));
    }
    auto text = config::read_file(real.string(), limit, true);
    if (!text) {
        return fail(text.error().code, fmt::format("{} cannot be read: {}", shown, text.error().message));
    }
    return text;
}

std::vector<std::string> certbot_tree::list(std::string_view path) const {
    std::vector<std::string> names;
    std::error_code wrong;
    files::directory_iterator at(root_ + "/" + std::string(path), wrong);
    while (!wrong && at != files::directory_iterator() && names.size() < most_entries) {
        names.push_back(at->path().filename().string());
        at.increment(wrong);
    }
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> certbot_tree::hooks(std::string_view path) const {
    std::vector<std::string> found;
    for (const std::string& name : list(path)) {
        const std::string whole = fmt::format("{}/{}/{}", root_, path, name);
        std::error_code wrong;
        if (!name.ends_with('~') && files::is_regular_file(whole, wrong) &&
            ::access(whole.c_str(), X_OK) == 0) {
            found.push_back(whole);
        }
    }
    return found;
}

std::string certbot_tree::absolute(std::string_view path) const {
    return fmt::format("{}/{}", root_, path);
}

} // namespace evercert::daemon
