#include "daemon/migrate/ini.hpp"

#include "core/base/text.hpp"
#include "core/json/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon {
namespace {

constexpr std::size_t deepest = 4;
constexpr std::size_t most_lines = 20'000;

/// Lines without their ends; what no text file of certbot's holds is refused.
result<std::vector<std::string_view>> lines_of(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.remove_prefix(3);
    }
    if (!json::is_utf8(text)) {
        return fail(errc::parse, "the file is not UTF-8");
    }
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = text.find_first_of("\r\n");
        lines.push_back(text.substr(0, end));
        const auto bad = std::ranges::find_if(lines.back(), [](char c) {
            return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
        });
        if (bad != lines.back().end() || lines.size() > most_lines) {
            return fail(errc::parse, fmt::format("line {}: {}", lines.size(),
                                                 bad != lines.back().end() ? "a control character stands here"
                                                                           : "there are too many lines"));
        }
        if (end == text.npos) {
            break;
        }
        text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    return lines;
}

class ini_reader {
public:
    explicit ini_reader(std::vector<std::string_view> lines) : lines_(std::move(lines)) {}

    result<ini_section> read() {
        ini_section root;
        std::vector<ini_section*> open{&root};
        for (; at_ < lines_.size(); ++at_) {
            const std::string_view line = trim(lines_[at_]);
            if (line.empty() || line.front() == '#') {
                continue;
            }
            const auto done = line.front() == '[' ? heading(line, open) : assignment(line, *open.back());
            if (!done) {
                return fail(done.error());
            }
        }
        return root;
    }

private:
    [[nodiscard]] std::unexpected<error> wrong(std::string_view what) const {
        return fail(errc::parse, fmt::format("line {}: {}", at_ + 1, what));
    }

    result<void> heading(std::string_view line, std::vector<ini_section*>& open) {
        const std::size_t depth = std::min(line.find_first_not_of('['), line.size());
        const auto end = line.find(']', depth);
        if (end == line.npos) {
            return wrong("a section's heading has no closing bracket");
        }
        const std::string name = unquoted(trim(line.substr(depth, end - depth)));
        const std::size_t closed = std::min(line.find_first_not_of(']', end), line.size()) - end;
        const std::string_view rest = trim(line.substr(end + closed));
        if (closed != depth || name.empty() || !(rest.empty() || rest.front() == '#')) {
            return wrong("this is no heading of a section");
        }
        if (depth > open.size() || depth > deepest) {
            return wrong("the section is nested too deep");
        }
        open.resize(depth);
        const auto [made, is_new] = open.back()->sections.try_emplace(name);
        if (!is_new) {
            return wrong("there are two sections of this name");
        }
        open.push_back(&made->second);
        return {};
    }

    result<void> assignment(std::string_view line, ini_section& into) {
        std::size_t equals = line.find('=');
        if (line.front() == '"' || line.front() == '\'') {
            const auto close = line.find(line.front(), 1);
            equals = close == line.npos ? close : line.find('=', close);
        }
        if (equals == line.npos || equals == 0) {
            return wrong("neither `key = value` nor a heading nor a comment");
        }
        const std::string key = unquoted(trim(line.substr(0, equals)));
        const std::string_view text = trim(line.substr(equals + 1));
        auto value = text.starts_with("'''") || text.starts_with(R"(""")") ? long_text(text) : items(text);
        if (!value) {
            return fail(std::move(value.error()));
        }
        if (key.empty() || !into.values.emplace(key, std::move(*value)).second) {
            return wrong("this key stands here twice");
        }
        return {};
    }

    /// Between triple quotes, over several lines if need be.
    result<ini_value> long_text(std::string_view text) {
        const std::string quotes(text.substr(0, 3));
        text.remove_prefix(3);
        std::string whole;
        for (;;) {
            const auto end = text.find(quotes);
            whole += text.substr(0, end);
            if (end != text.npos) {
                const std::string_view rest = trim(text.substr(end + 3));
                if (!rest.empty() && rest.front() != '#') {
                    return wrong("text follows the closing quotes");
                }
                return ini_value{{std::move(whole)}, false};
            }
            if (++at_ == lines_.size()) {
                return wrong("the quotes are never closed");
            }
            text = lines_[at_];
            whole += '\n';
        }
    }

    result<ini_value> items(std::string_view text) {
        ini_value value;
        while (!text.empty() && text.front() != '#') {
            std::string item;
            if (text.front() == '"' || text.front() == '\'') {
                const auto end = text.find(text.front(), 1);
                if (end == text.npos) {
                    return wrong("the quote is never closed");
                }
                item = text.substr(1, end - 1);
                text = trim(text.substr(end + 1));
                if (!text.empty() && text.front() != ',' && text.front() != '#') {
                    return wrong("text follows the closing quote");
                }
            } else {
                const auto end = std::min(text.find_first_of(",#"), text.size());
                item = trim(text.substr(0, end));
                text.remove_prefix(end);
            }
            const bool comma = !text.empty() && text.front() == ',';
            if (!item.empty() || !comma || value.is_list) { // a lone comma is the empty list
                value.items.push_back(std::move(item));
            }
            if (comma) {
                value.is_list = true;
                text = trim(text.substr(1));
            }
        }
        return value;
    }

    static std::string unquoted(std::string_view text) {
        const bool quoted =
            text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
        return std::string(quoted ? text.substr(1, text.size() - 2) : text);
    }

    std::vector<std::string_view> lines_;
    std::size_t at_ = 0;
};

bool says_something(const std::string& text) {
    return !text.empty() && text != "None";
}

} // namespace

std::optional<std::string> ini_section::text(std::string_view key) const {
    const std::vector<std::string> all = texts(key);
    return all.size() == 1 ? std::optional(all.front()) : std::nullopt;
}

std::vector<std::string> ini_section::texts(std::string_view key) const {
    std::vector<std::string> found;
    if (const auto at = values.find(key); at != values.end()) {
        std::ranges::copy_if(at->second.items, std::back_inserter(found), says_something);
    }
    return found;
}

bool ini_section::flag(std::string_view key) const {
    const auto said = text(key);
    return said && equals_ignoring_case(*said, "true");
}

const ini_section* ini_section::below(std::string_view name) const {
    const auto at = sections.find(name);
    return at == sections.end() ? nullptr : &at->second;
}

result<ini_section> parse_ini(std::string_view text) {
    auto lines = lines_of(text);
    return lines ? ini_reader(std::move(*lines)).read() : fail(std::move(lines.error()));
}

result<std::map<std::string, std::string, std::less<>>> parse_cli_ini(std::string_view text) {
    const auto lines = lines_of(text);
    if (!lines) {
        return fail(lines.error());
    }
    std::map<std::string, std::string, std::less<>> options;
    for (std::string_view line : *lines) {
        line = trim(line);
        if (line.empty() || line.front() == '#' || line.front() == ';' || line.front() == '[') {
            continue;
        }
        const auto end = std::min(line.find_first_of("=: \t"), line.size());
        std::string key(line.substr(0, end));
        key.erase(0, std::min(key.find_first_not_of('-'), key.size()));
        std::ranges::replace(key, '-', '_');
        std::string_view value = trim(line.substr(end));
        if (!value.empty() && (value.front() == '=' || value.front() == ':')) {
            value = trim(value.substr(1));
        }
        if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
            value.back() == value.front()) {
            value = value.substr(1, value.size() - 2);
        } else {
            for (const std::string_view comment : {" #", " ;", "\t#", "\t;"}) {
                value = trim(value.substr(0, value.find(comment)));
            }
        }
        if (!key.empty()) {
            options.insert_or_assign(std::move(key), value.empty() ? "true" : std::string(value));
        }
    }
    return options;
}

} // namespace evercert::daemon
