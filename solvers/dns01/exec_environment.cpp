#include "solvers/dns01/exec_environment.hpp"

#include "core/base/text.hpp"
#include "core/crypto/secret.hpp"
#include "core/crypto/secret_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace evercert::solvers {
namespace {

constexpr std::size_t file_limit = 64 * 1024;
constexpr std::size_t shortest_secret = 6; // shorter ones ("1", "true") stand in too much innocent text
constexpr std::size_t shortest_part = 4;

bool is_name(std::string_view name) {
    auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !name.empty() && letter(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// The value without its quotes; false if they do not close.
bool unquote(std::string_view raw, std::string& value) {
    if (raw.empty() || (raw.front() != '\'' && raw.front() != '"')) {
        value = raw;
        return raw.find('\0') == raw.npos;
    }
    const char quote = raw.front();
    if (raw.size() < 2 || raw.back() != quote) {
        return false;
    }
    raw = raw.substr(1, raw.size() - 2);
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const bool escaped = quote == '"' && raw[i] == '\\' && i + 1 < raw.size() &&
                             std::string_view("\"\\$`").find(raw[i + 1]) != std::string_view::npos;
        i += escaped ? 1 : 0;
        value += raw[i];
    }
    return raw.find('\0') == raw.npos;
}

} // namespace

secret_environment::~secret_environment() {
    for (auto& [name, value] : all_) {
        crypto::wipe(value);
    }
}

void secret_environment::set(std::string_view name, std::string_view value) {
    auto same = std::ranges::find(all_, name, [](const auto& each) { return std::string_view(each.first); });
    if (same == all_.end()) {
        same = all_.emplace(all_.end(), std::string(name), std::string());
    }
    crypto::wipe(same->second);
    same->second.reserve(value.size());
    same->second = value;
}

std::string secret_environment::redacted(std::string text) const {
    for (const auto& [name, value] : all_) {
        if (value.size() < shortest_secret) {
            continue;
        }
        constexpr std::string_view instead = "[hidden]";
        for (auto at = text.find(value); at != text.npos; at = text.find(value, at + instead.size())) {
            text.replace(at, value.size(), instead);
        }
        // Output is cut where its limit is, and that may be inside a secret.
        for (std::size_t n = std::min(text.size(), value.size() - 1); n >= shortest_part; --n) {
            if (text.ends_with(std::string_view(value).substr(0, n))) {
                text.replace(text.size() - n, n, instead);
                break;
            }
        }
    }
    return text;
}

result<void> parse_environment(std::string_view text, std::string_view file, line_rule rule,
                               secret_environment& into) {
    std::size_t number = 0;
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string_view line = trim(text.substr(0, end));
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        ++number;
        if (line.empty() || line.front() == '#') {
            continue;
        }
        if (line.starts_with("export ")) {
            line = trim(line.substr(7));
        }
        const auto sign = line.find('=');
        const std::string_view name = line.substr(0, sign);
        std::string value;
        const bool good = sign != line.npos && is_name(name) && unquote(trim(line.substr(sign + 1)), value);
        if (good) {
            into.set(name, value);
        }
        crypto::wipe(value);
        if (!good && rule == line_rule::strict) {
            return fail(errc::parse,
                        fmt::format("{}:{}: not a line of the form NAME=value, with quotes that close",
                                    escape(file), number));
        }
    }
    return {};
}

result<void> load_environment(const std::string& file, line_rule rule, secret_environment& into) {
    auto bytes =
        crypto::read_secret_file(file, file_limit, fmt::format("the environment file {}", escape(file)));
    if (!bytes) {
        return fail(std::move(bytes.error()));
    }
    return parse_environment(bytes->view(), file, rule, into);
}

} // namespace evercert::solvers
