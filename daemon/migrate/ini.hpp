#pragma once
// Files as certbot writes and reads them: renewal configurations and plugins' credentials (the ConfigObj
// dialect), and cli.ini. Pure.
#include "core/base/error.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

/// A value: one text, or a list ("a, b", "a,", ",").
struct ini_value {
    std::vector<std::string> items;
    bool is_list = false;

    friend bool operator==(const ini_value&, const ini_value&) = default;
};

/// What stands between two headings. Keys and names of sections are as written, each once.
struct ini_section {
    std::map<std::string, ini_value, std::less<>> values;
    std::map<std::string, ini_section, std::less<>> sections;

    /// The text of a key, nullopt if it is missing, a list of several, empty, or the None of Python.
    [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
    /// All texts of a key that are neither empty nor None.
    [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
    /// False unless it says True.
    [[nodiscard]] bool flag(std::string_view key) const;
    /// Null if there is none.
    [[nodiscard]] const ini_section* below(std::string_view name) const;

    friend bool operator==(const ini_section&, const ini_section&) = default;
};

/// ConfigObj's dialect: `key = value` with # comments, quotes ('', "", ''' and """), lists, [sections] up to
/// four deep. A byte order mark and any line ends are taken. errc::parse names the line; control characters,
/// text that is not UTF-8, keys given twice and unclosed quotes are refused as ConfigObj does.
result<ini_section> parse_ini(std::string_view text);

/// cli.ini: `key = value`, `key: value` or a lone `key` (which is "true"), # and ; comments. Keys come with
/// underscores for hyphens; of one given twice the last counts; section headings mean nothing.
result<std::map<std::string, std::string, std::less<>>> parse_cli_ini(std::string_view text);

} // namespace evercert::daemon
