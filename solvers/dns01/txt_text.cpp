#include "solvers/dns01/txt_text.hpp"

#include <algorithm>
#include <optional>

namespace evercert::solvers {

namespace {

constexpr std::size_t longest_name = 253;
constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_string = 255;
constexpr std::size_t longest_value = 2048;

bool name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool digit(char c) {
    return c >= '0' && c <= '9';
}

/// One character of a quoted string, escapes undone; nullopt at a broken one.
std::optional<char> take_character(std::string_view& text) {
    if (text.front() != '\\') {
        const char c = text.front();
        text.remove_prefix(1);
        return c;
    }
    if (text.size() >= 4 && digit(text[1]) && digit(text[2]) && digit(text[3])) {
        const int byte = (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
        text.remove_prefix(4);
        return byte > 255 ? std::nullopt : std::optional(static_cast<char>(byte));
    }
    if (text.size() < 2) {
        return std::nullopt;
    }
    const char c = text[1];
    text.remove_prefix(2);
    return c;
}

/// What the quoted strings of a zone file hold together; nullopt if that is not what it is.
std::optional<std::string> unquoted(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        if (text.front() == ' ' || text.front() == '\t') {
            text.remove_prefix(1);
            continue;
        }
        if (text.front() != '"') {
            return std::nullopt;
        }
        text.remove_prefix(1);
        while (!text.empty() && text.front() != '"') {
            const auto c = take_character(text);
            if (!c) {
                return std::nullopt;
            }
            out += *c;
        }
        if (text.empty()) {
            return std::nullopt;
        }
        text.remove_prefix(1);
    }
    return out;
}

} // namespace

result<void> check_name(std::string_view name) {
    const auto refused = [&] {
        return fail(errc::invalid_argument,
                    "the name where the TXT record belongs is none that a DNS service takes",
                    std::string(name));
    };
    if (name.empty() || name.size() > longest_name) {
        return refused();
    }
    std::size_t label = 0;
    for (const char c : name) {
        if (c == '.') {
            if (label == 0) {
                return refused();
            }
            label = 0;
        } else if (!name_byte(c) || ++label > longest_label) {
            return refused();
        }
    }
    if (label == 0) {
        return refused();
    }
    return {};
}

result<void> check_value(std::string_view value) {
    const bool printable =
        std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
    if (value.empty() || value.size() > longest_value || !printable) {
        return fail(errc::invalid_argument, "the value of the TXT record is none that a DNS service takes",
                    std::string(value.substr(0, longest_string)));
    }
    return {};
}

std::vector<std::string> zone_candidates(std::string_view name, bool top_level) {
    std::vector<std::string> out;
    for (;;) {
        const auto dot = name.find('.');
        if (dot == std::string_view::npos) {
            if (top_level) {
                out.emplace_back(name);
            }
            return out;
        }
        out.emplace_back(name);
        name.remove_prefix(dot + 1);
    }
}

bool lies_in(std::string_view name, std::string_view zone) noexcept {
    return name == zone ||
           (name.size() > zone.size() && name.ends_with(zone) && name[name.size() - zone.size() - 1] == '.');
}

std::string relative_name(std::string_view name, std::string_view zone) {
    return name == zone ? "@" : std::string(name.substr(0, name.size() - zone.size() - 1));
}

std::string quote_txt(std::string_view value) {
    std::string out;
    do {
        out += out.empty() ? "\"" : " \"";
        for (const char c : value.substr(0, longest_string)) {
            if (c == '"' || c == '\\') {
                out += '\\';
            }
            out += c;
        }
        out += '"';
        value.remove_prefix(std::min(value.size(), longest_string));
    } while (!value.empty());
    return out;
}

bool same_txt(std::string_view shown, std::string_view value) {
    return shown == value || unquoted(shown) == std::optional<std::string>(value);
}

bool any_same_txt(const std::vector<std::string>& shown, std::string_view value) {
    return std::any_of(shown.begin(), shown.end(), [&](const auto& each) { return same_txt(each, value); });
}

} // namespace evercert::solvers
