#include "config/value.hpp"

#include "config/names.hpp"
#include "config/units.hpp"
#include "core/base/text.hpp"
#include "core/model/endpoint.hpp"
#include "core/model/verify_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace evercert::config {
namespace {

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; });
}

bool only(std::string_view text, std::string_view more) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               more.find(c) != std::string_view::npos;
    });
}

std::string url_trouble(std::string_view url, bool plain_too) {
    const bool plain = equals_ignoring_case(url.substr(0, 7), "http://");
    if (!equals_ignoring_case(url.substr(0, 8), "https://") && !(plain && plain_too)) {
        return plain       ? "ACME is spoken over https only; write https://"
               : plain_too ? "an https or http URL is wanted, such as http://127.0.0.1:8081"
                           : "an https URL is wanted, such as https://ca.example/acme/directory";
    }
    if (url.size() > 2000 || !only(url, "-._~:/?[]@!$&'()*+,;=%")) {
        return "a URL has at most 2000 characters, all ASCII, no spaces and no fragment (#)";
    }
    const std::size_t begin = plain ? 7 : 8;
    const std::string_view authority = url.substr(begin, url.find_first_of("/?", begin) - begin);
    if (authority.find('@') != std::string_view::npos) {
        return "user and password in a URL are not accepted";
    }
    std::string_view host = authority;
    std::string_view port;
    const auto colon = authority.rfind(':');
    if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
        host = authority.substr(0, colon);
        port = authority.substr(colon + 1);
        const auto number = to_integer(port);
        if (!number || *number < 1 || *number > 65535) {
            return "the port of the URL is not a number from 1 to 65535";
        }
    }
    auto name = parse_name(host, true);
    return name && !name->wildcard() ? std::string() : "the host of the URL is not a name or an IP address";
}

std::string email_trouble(std::string_view text) {
    const auto at = text.find('@');
    const bool form = at != std::string_view::npos && at > 0 && at <= 64 &&
                      text.find('@', at + 1) == std::string_view::npos && text.size() <= 254 &&
                      only(text.substr(0, at), ".!#$%&'*+-/=?^_`{|}~");
    if (text.starts_with("mailto:")) {
        return "write the address without mailto:";
    }
    if (!form || !parse_name(text.substr(at + 1))) {
        return fmt::format("{} is not a mail address such as ops@example.com", in_quotes(text));
    }
    return {};
}

std::string choice_trouble(const schema_row& row, std::string_view text) {
    const auto words = row.allowed_words();
    if (std::find(words.begin(), words.end(), text) != words.end()) {
        return {};
    }
    return fmt::format("{} is not accepted; allowed: {}{}", in_quotes(text), allowed_values(row),
                       did_you_mean(text, words));
}

std::string number_trouble(const schema_row& row, std::string_view text) {
    const auto number = to_integer(text);
    const bool good = number && *number >= row.low && *number <= row.high;
    return good ? std::string()
                : fmt::format("{} is not accepted; allowed: {}", in_quotes(text), allowed_values(row));
}

std::string duration_trouble(const schema_row& row, std::string_view text) {
    const auto length = parse_duration(text);
    if (!length) {
        return length.error().message;
    }
    const bool good = length->count() >= row.low && length->count() <= row.high;
    return good ? std::string()
                : fmt::format("{} is not accepted; allowed: {}", in_quotes(text), allowed_values(row));
}

std::string rate_trouble(std::string_view text) {
    const auto read = parse_rate(text);
    return read ? std::string() : read.error().message;
}

std::string endpoint_trouble(std::string_view text) {
    const auto where = parse_endpoint(text);
    if (!where || where->port == 0) {
        return fmt::format(
            "{} is not accepted; allowed: an IP address and a port, such as 0.0.0.0:80 or [::]:80",
            in_quotes(text));
    }
    return {};
}

std::string verify_trouble(std::string_view text) {
    const auto target = parse_verify_target(text);
    return target ? std::string()
                  : fmt::format("{} is not accepted: {}", in_quotes(text), target.error().message);
}

/// A DNS name or an IP address, by what is wanted.
std::string name_trouble(std::string_view text, identifier::kind wanted) {
    const auto name = parse_name(text, true);
    if (name && name->type == wanted && !name->wildcard()) {
        return {};
    }
    return fmt::format("{} is not {}", in_quotes(text),
                       wanted == identifier::kind::ip ? "an IP address such as 192.0.2.1 or 2001:db8::1"
                                                      : "a DNS name such as ns.example.net");
}

std::string unit_trouble(std::string_view text) {
    const bool form = text.size() <= 255 && text.ends_with(".service") && text.size() > 8 &&
                      only(text, ":-_.\\@") && !text.starts_with('-');
    return form ? std::string()
                : fmt::format("{} is not the name of a systemd service such as nginx.service",
                              in_quotes(text));
}

} // namespace

std::string value_trouble(const schema_row& row, std::string_view text, std::size_t index) {
    if (row.type == value_type::argv) {
        if (index == 0 && text.empty()) {
            return "the first word is the program and must not be empty";
        }
        return text.find('\0') == std::string_view::npos ? std::string()
                                                         : "an argument cannot hold a zero byte";
    }
    if (text.empty()) {
        return fmt::format("the value is empty; allowed: {}", allowed_values(row));
    }
    if (has_control(text)) {
        return fmt::format("{} has a control character; remove it", in_quotes(text));
    }
    switch (row.type) {
    case value_type::flag:
        return to_flag(text) ? ""
                             : fmt::format("{} is not accepted; allowed: true or false", in_quotes(text));
    case value_type::integer:
        return number_trouble(row, text);
    case value_type::duration:
        return duration_trouble(row, text);
    case value_type::rate:
        return rate_trouble(text);
    case value_type::choice:
    case value_type::choices:
        return choice_trouble(row, text);
    case value_type::https_url:
    case value_type::http_url:
        return url_trouble(text, row.type == value_type::http_url);
    case value_type::endpoint_one:
    case value_type::endpoints:
        return endpoint_trouble(text);
    case value_type::verify_targets:
        return verify_trouble(text);
    case value_type::emails:
        return email_trouble(text);
    case value_type::host_name:
    case value_type::host_names:
        return name_trouble(text, identifier::kind::dns);
    case value_type::addresses:
        return name_trouble(text, identifier::kind::ip);
    case value_type::unit:
        return unit_trouble(text);
    case value_type::safe_name:
        return is_safe_name(text)
                   ? ""
                   : fmt::format("{} is not accepted; allowed: {}", in_quotes(text), allowed_values(row));
    case value_type::file_mode:
        return parse_file_mode(text)
                   ? ""
                   : fmt::format("{} is not accepted; allowed: {}", in_quotes(text), allowed_values(row));
    default:
        return text.size() <= 4000 ? "" : "the value is longer than 4000 bytes";
    }
}

std::string allowed_values(const schema_row& row) {
    switch (row.type) {
    case value_type::section:
    case value_type::named:
        return "a map of keys";
    case value_type::section_list:
        return "a list of entries, each a map of keys";
    case value_type::text:
        return "a text";
    case value_type::flag:
        return "true or false";
    case value_type::integer:
        return fmt::format("a whole number from {} to {}", row.low, row.high);
    case value_type::duration:
        return fmt::format("a duration from {} to {}, such as 30s", format_duration(milliseconds(row.low)),
                           format_duration(milliseconds(row.high)));
    case value_type::rate:
        return "a count and a time such as 300/3h, or off for no limit";
    case value_type::choice:
    case value_type::choices:
        return fmt::format("{}", fmt::join(row.allowed_words(), ", "));
    case value_type::path:
        return "a path";
    case value_type::https_url:
        return "an https URL";
    case value_type::http_url:
        return "an https or http URL";
    case value_type::endpoint_one:
        return "an IP address and port such as 10.0.0.53:53";
    case value_type::endpoints:
        return "an IP address and port such as 127.0.0.1:443, or a list of them";
    case value_type::verify_targets:
        return "an IP address and port such as 127.0.0.1:443 or smtp://127.0.0.1:25, or a list of them";
    case value_type::emails:
        return "a mail address, or a list of them";
    case value_type::host_name:
        return "a DNS name such as ns.example.net";
    case value_type::host_names:
        return "a DNS name such as status.example.net, or a list of them";
    case value_type::addresses:
        return "an IP address such as 192.0.2.1, or a list of them";
    case value_type::argv:
        return "a list of program and arguments, such as [nginx, -t]";
    case value_type::unit:
        return "the name of a systemd service";
    case value_type::safe_name:
        return "1 to 100 of a-z, 0-9, \".\", \"_\" and \"-\", a letter or digit first";
    case value_type::file_mode:
        return "permissions as three octal digits that let the owner read, such as \"0640\"";
    case value_type::references:
        return "a list of names";
    case value_type::preference:
        return "a name, or a list of names in order of preference";
    case value_type::preferences:
        return "a map from names such as example.com, or patterns such as \"*.example.com\" and \"*\", to "
               "names "
               "of challenges";
    case value_type::identifiers:
        return "a list of DNS names and IP addresses, such as [example.com, www.example.com]";
    }
    return {};
}

bool takes_one_or_list(value_type type) noexcept {
    return type == value_type::endpoints || type == value_type::verify_targets ||
           type == value_type::emails || type == value_type::host_names || type == value_type::addresses ||
           type == value_type::preference;
}

bool takes_list(value_type type) noexcept {
    return takes_one_or_list(type) || type == value_type::argv || type == value_type::choices ||
           type == value_type::references || type == value_type::identifiers;
}

std::string absolute_path(std::string_view path) {
    std::error_code ignored;
    std::string full =
        std::filesystem::absolute(std::filesystem::path(path), ignored).lexically_normal().string();
    while (full.size() > 1 && full.ends_with('/')) {
        full.pop_back();
    }
    return full;
}

} // namespace evercert::config
