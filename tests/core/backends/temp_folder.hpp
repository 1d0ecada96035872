#pragma once
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <vector>

namespace evercert::testing {

/// A folder of its own under the system's temporary one, removed with all in it.
class temp_folder {
public:
    temp_folder() : path_((std::filesystem::temp_directory_path() / "evercert-test-XXXXXX").string()) {
        if (::mkdtemp(path_.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
    }
    ~temp_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temp_folder(const temp_folder&) = delete;
    temp_folder& operator=(const temp_folder&) = delete;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

class umask_guard {
public:
    explicit umask_guard(mode_t mask) : old_(::umask(mask)) {}
    ~umask_guard() { ::umask(old_); }
    umask_guard(const umask_guard&) = delete;
    umask_guard& operator=(const umask_guard&) = delete;

private:
    mode_t old_;
};

/// Type and permission bits of what is at `path`, links not followed; 0 if nothing is.
inline unsigned mode_of(const std::string& path) {
    struct stat info{};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_mode : 0;
}

/// Everything below a folder, as sorted relative paths.
inline std::vector<std::string> all_below(const std::string& folder) {
    std::vector<std::string> found;
    for (const auto& each : std::filesystem::recursive_directory_iterator(folder)) {
        found.push_back(each.path().lexically_relative(folder).string());
    }
    std::sort(found.begin(), found.end());
    return found;
}

} // namespace evercert::testing
