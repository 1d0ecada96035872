#include "core/crypto/alpn_certificate.hpp"
#include "core/net/alpn_probe.hpp"
#include "core/preflight/verdict.hpp"

#include <fmt/format.h>

namespace evercert::survey {
namespace {

constexpr std::string_view protocol = "acme-tls/1"; // RFC 8737 section 6.2
constexpr seconds most_patience(5);

/// The server name that a CA asks for; for an address its name in the reverse DNS (RFC 8738 section 6).
std::string server_name(const identifier& name) {
    if (name.type == identifier::kind::dns) {
        return name.base();
    }
    boost::system::error_code bad;
    const auto address = boost::asio::ip::make_address(name.value, bad);
    if (!bad && address.is_v4()) {
        const auto bytes = address.to_v4().to_bytes();
        return fmt::format("{}.{}.{}.{}.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
    }
    std::string out;
    if (!bad) {
        const auto bytes = address.to_v6().to_bytes();
        for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
            out += fmt::format("{:x}.{:x}.", *byte & 0xFU, *byte >> 4U);
        }
    }
    return out + "ip6.arpa";
}

void judge(const net::alpn_sight& sight, const proof& shown, verdict& out) {
    out.change =
        "let port 443 of this address pass connections that offer acme-tls/1 on to evercertd, by their "
        "ALPN and past any TLS of its own";
    if (sight.protocol != protocol) {
        out.seen = "a TLS server that knows no acme-tls/1 answers";
        return;
    }
    const auto leaf = crypto::certificate::leaf_from_der(sight.leaf);
    const auto good = leaf ? crypto::check_alpn_certificate(*leaf, shown.name, shown.key_authorization)
                           : result<void>(fail(errc::corrupted, "no certificate that can be read is shown"));
    if (good) {
        out.what = verdict::kind::shown;
        out.seen = "the challenge certificate is there";
        out.change.clear();
        return;
    }
    out.seen = "acme-tls/1 is spoken, but " + good.error().message;
    if (good.error().code == errc::refused) {
        out.seen += ": another ACME client answers there, or another evercertd";
        out.change = "switch the other client's tls-alpn-01 answers off for this name, or prove it otherwise";
    }
}

} // namespace

awaitable<verdict> look_by_alpn(const inquiry& in, proof shown, std::string address) {
    verdict out;
    out.address = address;
    out.looked_at = fmt::format("TLS for {} with acme-tls/1 at {}", shown.name.base(), address);
    endpoint where{address, in.parts.ports.https};
    const milliseconds had = in.time_for(most_patience);
    const auto sight =
        co_await net::probe_alpn(std::move(where), server_name(shown.name), std::string(protocol), had);
    if (!sight) {
        tell_failure(in, sight.error(), 443, had, out);
        if (sight.error().what == net::probe_error::kind::tls) {
            out.change =
                "let port 443 of this address pass connections that offer acme-tls/1 on to evercertd, by "
                "their ALPN and past any TLS of its own";
        }
        co_return out;
    }
    judge(*sight, shown, out);
    co_return out;
}

} // namespace evercert::survey
