#include "daemon/status/query.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

namespace evercert::daemon::status {
namespace {

constexpr std::array orders{order::expiry, order::name, order::state, order::next};
constexpr std::array groups{group::all, group::attention, group::working, group::well};

int hex_digit(char c) noexcept {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/// As a form sends it: "+" is a space.
std::string decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low >= 0) {
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

std::string encode(std::string_view text) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyz0123456789-._~ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::string out;
    for (const char c : text) {
        if (plain.find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

std::optional<std::string_view> raw_parameter(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        if (pair.substr(0, equals) == name) {
            return pair.substr(std::min(equals + 1, pair.size()));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::nullopt;
}

template <class Words>
typename Words::value_type word_or_first(const Words& words, std::string_view text) {
    for (const auto each : words) {
        if (to_string(each) == text) {
            return each;
        }
    }
    return words.front();
}

} // namespace

std::string_view to_string(order sort) noexcept {
    constexpr std::array<std::string_view, 4> words{"expiry", "name", "state", "next"};
    return words.at(static_cast<std::size_t>(sort));
}

std::string_view to_string(group show) noexcept {
    constexpr std::array<std::string_view, 4> words{"all", "attention", "working", "well"};
    return words.at(static_cast<std::size_t>(show));
}

std::string parameter(std::string_view text, std::string_view name) {
    const auto raw = raw_parameter(text, name);
    return raw ? decode(*raw) : std::string();
}

bool has_parameter(std::string_view text, std::string_view name) {
    return raw_parameter(text, name).has_value();
}

query parse_query(std::string_view text) {
    query out;
    const std::string search = parameter(text, "q");
    out.search = to_lower_ascii(trim(std::string_view(search).substr(0, longest_search)));
    out.sort = word_or_first(orders, parameter(text, "sort"));
    out.show = word_or_first(groups, parameter(text, "show"));
    out.refresh = parameter(text, "refresh") == "60";
    const std::string page = parameter(text, "page");
    std::size_t number = 0;
    const auto [end, wrong] = std::from_chars(page.data(), page.data() + page.size(), number);
    if (wrong == std::errc() && end == page.data() + page.size() && number > 0) {
        out.page = number;
    }
    return out;
}

std::string address_of(const query& what) {
    const query plain;
    std::string out;
    const auto add = [&out](std::string_view name, std::string_view value) {
        out += fmt::format("{}{}={}", out.empty() ? '?' : '&', name, encode(value));
    };
    if (!what.search.empty()) {
        add("q", what.search);
    }
    if (what.show != plain.show) {
        add("show", to_string(what.show));
    }
    if (what.sort != plain.sort) {
        add("sort", to_string(what.sort));
    }
    if (what.page != plain.page) {
        add("page", std::to_string(what.page));
    }
    if (what.refresh) {
        add("refresh", "60");
    }
    return "/" + out;
}

} // namespace evercert::daemon::status
