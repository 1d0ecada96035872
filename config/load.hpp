#pragma once
// A file becomes settings, or a list of everything that is wrong with it.
#include "config/settings.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::config {

/// One mistake. Lines and columns count from 1; 0 when the mistake has no place (the file cannot be read).
struct mistake {
    std::string file;
    int line = 0;
    int column = 0;
    std::string key;  ///< "certificates[2].names[0]", or empty
    std::string text; ///< what is wrong, what is allowed, did you mean

    [[nodiscard]] std::string to_string() const; ///< file:line:column: key: text
    friend bool operator==(const mistake&, const mistake&) = default;
};

/// Sorted by place; never empty as an error. After a large file the memory that reading it took goes back to
/// the system.
std::expected<settings, std::vector<mistake>> load_file(const std::string& path);
/// The same from text; `name` stands for the file in mistakes. Relative paths inside are taken from the
/// working directory.
std::expected<settings, std::vector<mistake>> load_text(std::string_view text, const std::string& name);

/// What is allowed but likely not meant, as sentences for the log and for --check: no mail address, IP
/// addresses with a CA that will refuse them, notifications about no certificate.
std::vector<std::string> warnings(const settings& checked);

} // namespace evercert::config
