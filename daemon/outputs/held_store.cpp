#include "daemon/outputs/held_store.hpp"

#include "core/backends/read_whole.hpp"
#include "core/backends/store_path.hpp"
#include "daemon/outputs/folder_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <utility>

namespace evercert::daemon {
namespace {

constexpr std::size_t longest_file = 1024 * 1024;
constexpr std::size_t most_names = 10'000; ///< in one folder; evercert keeps a dozen

struct stream_closed {
    void operator()(DIR* stream) const noexcept { ::closedir(stream); }
};

class held_store final : public store {
public:
    held_store(std::string path, unique_fd folder, uid_t owner)
        : path_(std::move(path)), folder_(std::move(folder)), owner_(owner) {}

    result<std::optional<std::string>> read(std::string_view path, std::size_t limit) const override;
    result<std::optional<std::string>> read_link(std::string_view link) const override;
    result<std::vector<std::string>> list(std::string_view directory) const override;
    std::string absolute(std::string_view path) const override {
        return path.empty() ? path_ : fmt::format("{}/{}", path_, path);
    }

    result<void> write(std::string_view path, std::string_view, unsigned, std::string_view) override {
        return only_read(path);
    }
    result<void> write_set(std::string_view path, const std::vector<stored_file>&) override {
        return only_read(path);
    }
    result<std::uint64_t> append(std::string_view path, std::string_view, unsigned) override {
        return only_read(path);
    }
    result<void> switch_link(std::string_view path, std::string_view) override { return only_read(path); }
    result<void> remove(std::string_view path) override { return only_read(path); }

private:
    [[nodiscard]] std::unexpected<error> only_read(std::string_view path) const {
        return fail(errc::invalid_argument,
                    fmt::format("{} was to be changed, but is only read here", absolute(path)));
    }
    /// An fd that is not open means that there is none.
    result<unique_fd> open(std::string_view path, int flags) const {
        if (!path.empty()) {
            if (auto safe = backends::check_path(path); !safe) {
                return fail(std::move(safe.error()));
            }
        }
        unique_fd found(backends::open_beneath(folder_.get(), std::string(path), flags | O_NOFOLLOW));
        if (!found && errno != ENOENT) {
            return fail(backends::file_error(errno, "read", absolute(path)));
        }
        return found;
    }

    std::string path_;
    unique_fd folder_;
    uid_t owner_;
};

result<std::optional<std::string>> held_store::read(std::string_view path, std::size_t limit) const {
    auto file = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (!file || !*file) {
        return file ? result<std::optional<std::string>>(std::nullopt) : fail(std::move(file.error()));
    }
    struct stat info{};
    if (::fstat(file->get(), &info) < 0) {
        return fail(backends::file_error(errno, "read", absolute(path)));
    }
    if (!S_ISREG(info.st_mode)) {
        return fail(errc::corrupted, absolute(path) + " is not a regular file, and is not read");
    }
    if (info.st_uid != owner_) {
        return fail(errc::refused,
                    fmt::format("{} belongs to user {}, and {} to user {}: only the latter's files are read "
                                "there. Give it to that user with chown, if it is the daemon's",
                                absolute(path), info.st_uid, path_, owner_));
    }
    limit = std::min(limit, longest_file);
    if (std::cmp_greater(info.st_size, limit)) {
        return fail(errc::too_large, fmt::format("{} is longer than {} bytes", absolute(path), limit));
    }
    return backends::read_whole(file->get(), static_cast<std::size_t>(info.st_size), absolute(path));
}

result<std::optional<std::string>> held_store::read_link(std::string_view link) const {
    if (auto safe = backends::check_path(link); !safe) {
        return fail(std::move(safe.error()));
    }
    const auto [parent, name] = backends::split_path(link);
    auto folder = open(parent, O_RDONLY | O_DIRECTORY);
    if (!folder || !*folder) {
        return folder ? result<std::optional<std::string>>(std::nullopt) : fail(std::move(folder.error()));
    }
    std::array<char, 2048> buffer{}; // what the daemon writes is shorter
    const ssize_t n = uninterrupted(
        [&, &at = name] { return ::readlinkat(folder->get(), at.c_str(), buffer.data(), buffer.size()); });
    if (n < 0) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        return fail(errno == EINVAL
                        ? error(errc::corrupted, absolute(link) + " is not a link that evercert has made")
                        : system_error(errno, "cannot read the link " + absolute(link)));
    }
    // As store::switch_link writes it: up to the root, then a path of the store. It is only text; what it
    // leads to is opened by that path.
    const std::string_view text(buffer.data(), static_cast<std::size_t>(n));
    std::string_view target = text;
    bool ours = true;
    for (auto up = std::ranges::count(link, '/'); up > 0 && ours; --up) {
        ours = target.starts_with("../");
        target.remove_prefix(ours ? 3 : 0);
    }
    if (!ours || !backends::check_path(target)) {
        return fail(errc::corrupted,
                    fmt::format("{} is a link that evercert did not make: it does not lead to a place in "
                                "data_dir",
                                absolute(link)),
                    std::string(text));
    }
    return std::string(target);
}

result<std::vector<std::string>> held_store::list(std::string_view directory) const {
    auto folder = open(directory, O_RDONLY | O_DIRECTORY);
    if (!folder) {
        return fail(std::move(folder.error()));
    }
    std::vector<std::string> names;
    if (!*folder) {
        return names;
    }
    const std::unique_ptr<DIR, stream_closed> stream(::fdopendir(folder->get()));
    if (!stream) {
        return fail(system_error(errno, "cannot list " + absolute(directory)));
    }
    (void)folder->release();
    for (std::size_t seen = 0;; ++seen) {
        errno = 0;
        const dirent* entry = ::readdir(stream.get());
        if (entry == nullptr) {
            break;
        }
        if (seen > most_names) {
            return fail(errc::too_large,
                        fmt::format("{} has more than {} files", absolute(directory), most_names));
        }
        if (backends::is_component(static_cast<const char*>(entry->d_name))) {
            names.emplace_back(static_cast<const char*>(entry->d_name));
        }
    }
    if (errno != 0) {
        return fail(system_error(errno, "cannot list " + absolute(directory)));
    }
    std::ranges::sort(names);
    return names;
}

} // namespace

result<std::unique_ptr<store>> open_held_store(const std::string& data_dir) {
    auto folder = open_folder(data_dir);
    if (!folder) {
        return fail(folder.error().within("data_dir"));
    }
    struct stat info{};
    if (::fstat(folder->get(), &info) < 0) {
        return fail(system_error(errno, "cannot look at " + data_dir));
    }
    return std::make_unique<held_store>(data_dir, std::move(*folder), info.st_uid);
}

} // namespace evercert::daemon
