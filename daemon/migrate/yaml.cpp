#include "daemon/migrate/yaml.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace evercert::daemon {
namespace {

/// What a reader of YAML 1.1 or 1.2 may take for something else than text.
constexpr std::array<std::string_view, 11> words{"true", "false", "yes",  "no",   "on",  "off",
                                                 "y",    "n",     "null", ".inf", ".nan"};

bool is_plain(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto inside = [&](char c) {
        return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == '/' ||
               c == '@';
    };
    // Generous: dates, hexadecimal and octal numbers of any YAML are among these.
    const auto number = [](char c) {
        return std::string_view("0123456789abcdefABCDEFxXoO.+-_").find(c) != std::string_view::npos;
    };
    const bool digit_first = !text.empty() && text.front() >= '0' && text.front() <= '9';
    return !text.empty() && (letter(text.front()) || text.front() == '/' || digit_first) &&
           std::ranges::all_of(text, inside) && !(digit_first && std::ranges::all_of(text, number)) &&
           std::ranges::find(words, to_lower_ascii(text)) == words.end();
}

} // namespace

std::string yaml_scalar(std::string_view text) {
    if (is_plain(text)) {
        return std::string(text);
    }
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string yaml_list(const std::vector<std::string>& texts) {
    std::vector<std::string> items;
    items.reserve(texts.size());
    std::ranges::transform(texts, std::back_inserter(items), yaml_scalar);
    return fmt::format("[{}]", fmt::join(items, ", "));
}

} // namespace evercert::daemon
