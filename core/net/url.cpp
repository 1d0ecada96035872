#include "core/net/url.hpp"

#include "core/base/async.hpp"
#include "core/base/text.hpp"
#include "core/net/character_table.hpp"

#include <boost/asio/ip/address.hpp>

namespace evercert::net {

namespace {

constexpr std::size_t max_url = 8 * 1024;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_target_byte(char c) {
    // unreserved, reserved without "#[]", and "%" (RFC 3986 section 2)
    static constexpr auto table =
        table_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?@!$&'()*+,;=%");
    return table[static_cast<unsigned char>(c)];
}

bool ends_in_number(std::string_view name) {
    const auto dot = name.rfind('.');
    const auto last = dot == std::string_view::npos ? name : name.substr(dot + 1);
    if (last.starts_with("0x")) {
        return true;
    }
    return !last.empty() && std::all_of(last.begin(), last.end(), is_digit);
}

/// A DNS name or dotted quad, lower case, without a trailing dot; empty if it is neither.
std::string normal_name(std::string_view text) {
    std::string name = to_lower_ascii(text);
    if (name.ends_with('.')) {
        name.pop_back();
    }
    if (name.empty() || name.size() > 253) {
        return {};
    }
    std::size_t label = 0;
    for (const char c : name) {
        if (c == '.') {
            if (label == 0) {
                return {};
            }
            label = 0;
            continue;
        }
        if (!(is_alpha(c) || is_digit(c) || c == '-' || c == '_') || ++label > 63) {
            return {};
        }
    }
    if (label == 0) {
        return {};
    }
    if (ends_in_number(name)) {
        // "127.1" and "0x7f000001" are addresses to getaddrinfo but not to any check made on the text.
        boost::system::error_code bad;
        asio::ip::make_address_v4(name, bad);
        if (bad) {
            return {};
        }
    }
    return name;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), is_digit)) {
        return std::nullopt;
    }
    unsigned value = 0;
    for (const char c : text) {
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    if (value == 0 || value > 65535) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(value);
}

bool target_ok(std::string_view target) {
    for (std::size_t i = 0; i < target.size(); ++i) {
        if (!is_target_byte(target[i])) {
            return false;
        }
        if (target[i] == '%' &&
            (i + 2 >= target.size() || !is_hex(target[i + 1]) || !is_hex(target[i + 2]))) {
            return false;
        }
    }
    return true;
}

} // namespace

std::string bracketed(std::string_view host) {
    return host.find(':') == std::string_view::npos ? std::string(host) : "[" + std::string(host) + "]";
}

std::string url::authority() const {
    const std::uint16_t usual = secure ? 443 : 80;
    return port == usual ? bracketed(host) : origin();
}

std::string url::origin() const {
    return bracketed(host) + ":" + std::to_string(port);
}

std::optional<host_port> parse_host_port(std::string_view authority) {
    host_port out;
    std::string_view rest;
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        const std::string inside(authority.substr(1, end - 1));
        boost::system::error_code bad;
        const auto address = asio::ip::make_address_v6(inside, bad);
        if (bad || inside.find('%') != std::string::npos) {
            return std::nullopt; // a zone id means something only to the host that wrote it
        }
        out.host = address.to_string();
        rest = authority.substr(end + 1);
    } else {
        const auto colon = authority.find(':');
        out.host = normal_name(authority.substr(0, colon));
        if (out.host.empty()) {
            return std::nullopt;
        }
        rest = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
    }
    if (rest.empty() || rest == ":") {
        return out;
    }
    const auto port = rest.starts_with(':') ? parse_port(rest.substr(1)) : std::nullopt;
    if (!port) {
        return std::nullopt;
    }
    out.port = *port;
    return out;
}

result<url> parse_url(std::string_view text) {
    if (text.size() > max_url) {
        return fail(errc::invalid_argument, "the URL is longer than 8 KiB");
    }
    for (const char c : text) {
        if (c <= 0x20 || c >= 0x7f) {
            return fail(errc::invalid_argument,
                        "the URL holds a space, a control byte or a byte that is not ASCII");
        }
    }
    url out;
    const auto colon = text.find("://");
    const std::string scheme = to_lower_ascii(text.substr(0, colon == std::string_view::npos ? 0 : colon));
    if (scheme != "https" && scheme != "http") {
        return fail(errc::invalid_argument, "the URL does not begin with https:// or http://");
    }
    out.secure = scheme == "https";
    text.remove_prefix(colon + 3);
    text = text.substr(0, text.find('#'));
    const auto end = text.find_first_of("/?\\");
    const auto authority = text.substr(0, end);
    if (authority.find('@') != std::string_view::npos) {
        return fail(errc::invalid_argument, "the URL holds a user name, which is not accepted");
    }
    auto where = parse_host_port(authority);
    if (!where || authority.ends_with(':')) {
        return fail(errc::invalid_argument, "the URL has no valid host and port");
    }
    out.host = std::move(where->host);
    out.port = where->port != 0 ? where->port : (out.secure ? 443 : 80);
    if (end != std::string_view::npos) {
        out.target = text.substr(end);
    }
    if (out.target.starts_with('?')) {
        out.target.insert(0, "/");
    }
    if (!target_ok(out.target)) {
        return fail(errc::invalid_argument,
                    "the path or query of the URL holds bytes that a URL may not hold");
    }
    return out;
}

} // namespace evercert::net
