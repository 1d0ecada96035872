#include "core/net/proxy.hpp"

#include "core/base/async.hpp"
#include "core/base/text.hpp"
#include "core/net/url.hpp"

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <openssl/evp.h>

namespace evercert::net {

namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::string base64(const std::string& text) {
    std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
    std::basic_string<unsigned char> in(text.begin(), text.end());
    std::basic_string<unsigned char> encoded(out.size(), 0);
    const int length = EVP_EncodeBlock(encoded.data(), in.data(), static_cast<int>(in.size()));
    out.assign(encoded.begin(), encoded.begin() + length);
    return out;
}

bool in_network(std::string_view network, std::string_view host) {
    boost::system::error_code bad;
    const auto address = asio::ip::make_address(std::string(host), bad);
    if (bad) {
        return false;
    }
    if (address.is_v4()) {
        const auto net = asio::ip::make_network_v4(std::string(network), bad);
        if (bad) {
            return false;
        }
        const auto mask = net.netmask().to_uint();
        return (address.to_v4().to_uint() & mask) == (net.address().to_uint() & mask);
    }
    const auto net = asio::ip::make_network_v6(std::string(network), bad);
    if (bad) {
        return false;
    }
    return asio::ip::make_network_v6(address.to_v6(), net.prefix_length()).canonical() == net.canonical();
}

} // namespace

result<std::optional<proxy>> parse_proxy(std::string_view text) {
    text = trim(text);
    if (text.empty()) {
        return std::nullopt;
    }
    const auto scheme = text.find("://");
    if (scheme != std::string_view::npos) {
        if (!equals_ignoring_case(text.substr(0, scheme), "http")) {
            return fail(errc::invalid_argument,
                        "https_proxy is not an http:// URL; other kinds of proxies are not supported");
        }
        text.remove_prefix(scheme + 3);
    }
    text = text.substr(0, text.find('/'));
    proxy out;
    if (const auto at = text.rfind('@'); at != std::string_view::npos) {
        auto credentials = percent_decoded(text.substr(0, at));
        if (!credentials || credentials->size() > 1024) {
            return fail(errc::invalid_argument,
                        "the user and password in https_proxy are not valid percent-encoding");
        }
        if (credentials->find(':') == std::string::npos) {
            *credentials += ':';
        }
        out.authorization = "Basic " + base64(*credentials);
        text.remove_prefix(at + 1);
    }
    auto where = parse_host_port(text);
    if (!where) {
        return fail(errc::invalid_argument, "https_proxy has no valid host and port: write http://host:port");
    }
    out.host = std::move(where->host);
    out.port = where->port != 0 ? where->port : 80;
    return std::optional<proxy>(std::move(out));
}

bool bypasses_proxy(std::string_view no_proxy, std::string_view host, std::uint16_t port) {
    while (!no_proxy.empty()) {
        const auto comma = no_proxy.find(',');
        std::string entry = to_lower_ascii(trim(no_proxy.substr(0, comma)));
        no_proxy = comma == std::string_view::npos ? std::string_view() : no_proxy.substr(comma + 1);
        if (entry.empty()) {
            continue;
        }
        if (entry == "*") {
            return true;
        }
        if (entry.find('/') != std::string::npos) {
            if (in_network(entry, host)) {
                return true;
            }
            continue;
        }
        const bool only_below = entry.starts_with('.') || entry.starts_with("*.");
        if (only_below) {
            entry.erase(0, entry.find('.') + 1);
        }
        if (std::count(entry.begin(), entry.end(), ':') > 1 && !entry.starts_with('[')) {
            entry = "[" + entry + "]";
        }
        const auto named = parse_host_port(entry);
        if (!named || (named->port != 0 && named->port != port)) {
            continue;
        }
        if (!only_below && named->host == host) {
            return true;
        }
        if (host.size() > named->host.size() && host.ends_with(named->host) &&
            host[host.size() - named->host.size() - 1] == '.') {
            return true;
        }
    }
    return false;
}

} // namespace evercert::net
