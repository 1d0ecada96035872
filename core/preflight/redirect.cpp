#include "core/preflight/redirect.hpp"

#include <boost/asio/ip/address.hpp>

namespace evercert::survey {

bool is_redirect(unsigned status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

result<net::url> next_of(const net::url& at, std::string_view location, std::string_view proven) {
    std::string whole(location);
    const std::string scheme = at.secure ? "https:" : "http:";
    const auto colon = location.find(':');
    if (location.starts_with("//")) {
        whole = scheme + whole;
    } else if (location.starts_with('/')) {
        whole = scheme + "//" + at.origin() + whole;
    } else if (colon == std::string_view::npos || colon > location.find_first_of("/?#")) {
        const std::string path = at.target.substr(0, at.target.find('?'));
        const bool query = location.starts_with('?');
        whole = scheme + "//" + at.origin() + (query ? path : path.substr(0, path.rfind('/') + 1)) + whole;
    }
    auto next = net::parse_url(whole);
    if (!next) {
        return fail(errc::refused, "CAs do not follow it: " + next.error().message);
    }
    if (next->port != 80 && next->port != 443) {
        return fail(errc::refused, "CAs go to the ports 80 and 443 only");
    }
    boost::system::error_code no_address;
    boost::asio::ip::make_address(next->host, no_address);
    if (!no_address && next->host != proven) {
        return fail(errc::refused, "CAs do not follow redirects to a bare address");
    }
    return next;
}

} // namespace evercert::survey
