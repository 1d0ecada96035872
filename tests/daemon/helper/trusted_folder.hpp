#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace evercert::testing {

/// A folder that only root can write to, with only such folders above it, removed with all in it. For others
/// than root there is none.
class trusted_folder {
public:
    trusted_folder() {
        if (::geteuid() != 0) {
            return;
        }
        path_ = "/run/evercert-test-XXXXXX";
        if (::mkdtemp(path_.data()) == nullptr) {
            throw std::runtime_error("no folder below /run");
        }
        ::chmod(path_.c_str(), 0755);
    }
    ~trusted_folder() {
        std::error_code ignored;
        if (!path_.empty()) {
            std::filesystem::remove_all(path_, ignored);
        }
    }
    trusted_folder(const trusted_folder&) = delete;
    trusted_folder& operator=(const trusted_folder&) = delete;

    explicit operator bool() const noexcept { return !path_.empty(); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] std::string operator/(const std::string& name) const {
        return name.empty() ? path_ : path_ + "/" + name;
    }
    std::string write(const std::string& name, std::string_view contents, mode_t mode) const {
        const std::string whole = *this / name;
        std::ofstream out(whole, std::ios::binary);
        if (!(out << contents).flush()) {
            throw std::runtime_error("cannot write " + whole);
        }
        ::chmod(whole.c_str(), mode);
        return whole;
    }

private:
    std::string path_;
};

} // namespace evercert::testing
