#pragma once
// What files look like to others.
#include <algorithm>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace evercert::testing {

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
