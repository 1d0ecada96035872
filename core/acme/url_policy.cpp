#include "core/acme/url_policy.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace evercert::acme {
namespace {

constexpr std::size_t longest_url = 2048;
constexpr std::string_view scheme = "https://";

struct origin {
    std::string host; ///< lower case
    std::string port;
    friend bool operator==(const origin&, const origin&) = default;
};

bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool url_character(char c) {
    switch (c) {
    case '"':
    case '<':
    case '>':
    case '\\':
    case '^':
    case '`':
    case '{':
    case '|':
    case '}':
    case '#':
        return false;
    default:
        return c > ' ' && c < '\x7f';
    }
}

bool good_port(std::string_view port) {
    return all_digits(port) && port.size() <= 5 && std::stoul(std::string(port)) <= 65535 && port != "0";
}

bool good_host(std::string_view host) {
    if (host.starts_with('[')) {
        const auto inner = host.substr(1, host.size() < 2 ? 0 : host.size() - 2);
        return host.ends_with(']') && !inner.empty() && std::ranges::all_of(inner, [](char c) {
                   return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
               });
    }
    return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, host_character);
}

std::optional<origin> origin_of(std::string_view url) {
    if (url.size() <= scheme.size() || !equals_ignoring_case(url.substr(0, scheme.size()), scheme)) {
        return std::nullopt;
    }
    url.remove_prefix(scheme.size());
    const std::string authority = to_lower_ascii(url.substr(0, url.find_first_of("/?#")));
    const auto bracket = authority.rfind(']');
    const auto colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
    origin found{authority.substr(0, colon),
                 colon == std::string::npos ? "443" : authority.substr(colon + 1)};
    if (!good_host(found.host) || !good_port(found.port)) {
        return std::nullopt;
    }
    return found;
}

/// A DNS name in the public form. Resolvers take "127.1", "0x7f.0.0.1" and "2130706433" for addresses, so a
/// name whose last label starts with a digit is one.
bool public_looking(std::string_view host) {
    if (host.starts_with('[')) {
        return false;
    }
    if (host.ends_with('.')) {
        host.remove_suffix(1);
    }
    const auto dot = host.rfind('.');
    if (dot == std::string_view::npos || dot + 1 == host.size()) {
        return false;
    }
    const auto last = host.substr(dot + 1);
    return last != "localhost" && !(last[0] >= '0' && last[0] <= '9');
}

} // namespace

result<std::string> accept_url(std::string_view url, std::string_view directory_url) {
    if (url.size() > longest_url) {
        return fail(errc::protocol, fmt::format("the CA gave a URL of {} bytes (at most {} are accepted)",
                                                url.size(), longest_url));
    }
    if (!std::ranges::all_of(url, url_character)) {
        return fail(errc::protocol, "the CA gave a URL with characters that no URL has", std::string(url));
    }
    const auto where = origin_of(url);
    if (!where) {
        return fail(errc::protocol,
                    "the CA gave a URL that is not https://host[:port]/path without a user name",
                    std::string(url));
    }
    const auto home = origin_of(directory_url);
    if (!(home && *home == *where) && !public_looking(where->host)) {
        return fail(errc::protocol,
                    "the CA gave a URL that leads to an address or a local host other than its own",
                    std::string(url));
    }
    return std::string(url);
}

std::string resolve_url(std::string_view base, std::string_view reference) {
    const auto colon = reference.find(':');
    const auto delimiter = reference.find_first_of("/?#");
    if (colon != std::string_view::npos && (delimiter == std::string_view::npos || colon < delimiter)) {
        return std::string(reference);
    }
    if (reference.starts_with("//")) {
        return fmt::format("https:{}", reference);
    }
    const auto authority_end = base.find_first_of("/?#", std::min(scheme.size(), base.size()));
    const auto root = base.substr(0, authority_end);
    if (reference.starts_with('/') || authority_end == std::string_view::npos) {
        return fmt::format("{}{}{}", root, reference.starts_with('/') ? "" : "/", reference);
    }
    const auto path = base.substr(0, base.find_first_of("?#"));
    if (reference.empty()) {
        return std::string(path);
    }
    const auto slash = path.rfind('/');
    return fmt::format("{}/{}", slash < authority_end ? root : path.substr(0, slash), reference);
}

} // namespace evercert::acme
