// Header fields and URLs of a CA: Link, Retry-After, Location.
#include "core/acme/link_header.hpp"
#include "core/acme/retry_after.hpp"
#include "core/acme/url_policy.hpp"
#include "core/net/url.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace evercert;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    constexpr std::string_view base = "https://ca.example/dir";
    for (const auto& link : acme::links_of({text, text}, "alternate", base)) {
        (void)acme::accept_url(link, base);
    }
    const auto wait = acme::parse_retry_after(text, wall_time(std::chrono::seconds(1'800'000'000)));
    if (wait && (*wait < milliseconds(0) || *wait > acme::longest_retry_after)) {
        std::abort();
    }
    // What the policy lets through, the client can send.
    if (acme::accept_url(text, base) && !net::parse_url(text)) {
        std::abort();
    }
    (void)acme::resolve_url(base, text);
    (void)net::parse_host_port(text);
    return 0;
}
