#include "solvers/dns01/api_text.hpp"

#include "core/base/text.hpp"
#include "core/crypto/base64url.hpp"
#include "core/crypto/secret.hpp"
#include "core/json/value.hpp"
#include "core/net/url.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <vector>

namespace evercert::solvers {

namespace {

constexpr std::size_t most_words = 600;

bool is_private(const asio::ip::address_v4& address) {
    const auto bits = address.to_uint();
    const auto within = [bits](std::uint32_t network, unsigned length) {
        return bits >> (32U - length) == network >> (32U - length);
    };
    return within(0x0a000000, 8) || within(0x7f000000, 8) || within(0xac100000, 12) ||
           within(0xc0a80000, 16) || within(0xa9fe0000, 16);
}

bool is_private(const asio::ip::address_v6& address) {
    const auto bytes = address.to_bytes();
    return address.is_loopback() || address.is_link_local() || (bytes[0] & 0xfeU) == 0xfcU;
}

bool is_private_host(const std::string& host) {
    if (host == "localhost" || host.ends_with(".localhost")) {
        return true;
    }
    boost::system::error_code none;
    const auto address = asio::ip::make_address(host, none);
    if (none) {
        return false;
    }
    return address.is_v4() ? is_private(address.to_v4()) : is_private(address.to_v6());
}

/// "message", "error" and so on of one object, and its code, which some write as a number.
void collect(const json::value& object, std::vector<std::string>& words) {
    if (const auto code = object.optional_integer("code"); code && *code) {
        words.push_back(std::to_string(**code));
    } else if (const auto word = object.optional_string("code"); word && *word) {
        words.push_back(**word);
    }
    for (const std::string_view member : {"id", "message", "error", "detail"}) {
        if (const auto text = object.optional_string(member); text && *text) {
            words.push_back(**text);
        }
    }
}

std::vector<std::string> words_of(const json::value& document) {
    std::vector<std::string> words;
    if (!document.is_object()) {
        return words;
    }
    collect(document, words);
    if (const auto inner = document.optional_object("error"); inner && *inner) {
        collect(**inner, words);
    }
    if (const auto list = document.optional_array("errors"); list) {
        for (const auto& each : *list) {
            if (each.is_object()) {
                collect(each, words);
            } else if (auto text = each.as_string()) {
                words.push_back(std::move(*text));
            }
        }
    }
    return words;
}

} // namespace

result<std::string> check_endpoint(std::string_view url, bool allow_http) {
    const auto where = net::parse_url(url);
    if (!where) {
        return fail(where.error().within("the endpoint of the API"));
    }
    if (where->target.find('?') != std::string::npos || url.find('#') != std::string_view::npos) {
        return fail(errc::invalid_argument, "the endpoint of the API must not have a query or a fragment");
    }
    if (!where->secure && !allow_http && !is_private_host(where->host)) {
        return fail(
            errc::invalid_argument,
            "the endpoint of the API is http:// at a host that is not known to be in a network of your own: "
            "the secret would be readable on its way; use https://, or a private address");
    }
    while (url.ends_with('/')) {
        url.remove_suffix(1);
    }
    return std::string(url);
}

bool is_plain_http(std::string_view url) noexcept {
    return equals_ignoring_case(url.substr(0, 7), "http://");
}

bool is_plain_id(std::string_view id) noexcept {
    constexpr std::size_t longest_id = 300; // of PowerDNS it is a name, escaped
    const bool dots = id == "." || id == "..";
    return !id.empty() && !dots && id.size() <= longest_id && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '.' || c == '=';
    });
}

std::string words_of(std::string_view body) {
    std::string text;
    constexpr std::size_t longest_parsed = 64 * 1024;
    if (const auto document = json::parse(body, longest_parsed)) {
        text = join(words_of(*document), ": ");
    }
    if (text.empty()) {
        text = trim(body.substr(0, most_words));
    }
    if (text.size() > most_words) {
        text.resize(most_words);
    }
    return text;
}

std::optional<milliseconds> asked_to_wait(const http_response& answer, wall_time now) {
    constexpr milliseconds longest = std::chrono::hours(1);
    const auto value = trim(answer.header("Retry-After"));
    if (value.empty() || value.size() > 64) {
        return std::nullopt;
    }
    if (std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        std::int64_t total = 0;
        for (const char c : value) {
            total = std::min<std::int64_t>(total * 10 + (c - '0'), 1'000'000);
        }
        return std::min<milliseconds>(seconds(total), longest);
    }
    const auto moment = parse_http_date(value);
    return moment ? std::optional(std::clamp<milliseconds>(*moment - now, milliseconds(0), longest))
                  : std::nullopt;
}

std::string basic_authorization(std::string_view user, std::string_view password) {
    std::string both;
    both.reserve(user.size() + 1 + password.size());
    both.append(user).append(1, ':').append(password);
    std::string out = "Basic " + crypto::base64(both);
    crypto::wipe(both);
    return out;
}

} // namespace evercert::solvers
