#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace evercert::testing {

/// A folder of its own under the system's temporary one (TMPDIR), removed with all in it.
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
    /// Makes or replaces a file in it; the file's path.
    std::string write(const std::string& name, std::string_view contents) const {
        std::string whole = *this / name;
        std::ofstream out(whole, std::ios::binary);
        if (!(out << contents).flush()) {
            throw std::runtime_error("cannot write " + whole);
        }
        return whole;
    }

private:
    std::string path_;
};

} // namespace evercert::testing
