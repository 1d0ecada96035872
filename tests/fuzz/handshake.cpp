// What anybody may send to the tls-alpn-01 listener. Twice: through a whole session, and past our reading of
// the ClientHello straight into OpenSSL. Nothing but TLS comes back, nobody completes a handshake by chance,
// and OpenSSL never goes on with a hello in which we read another name or protocol.
#include "core/crypto/alpn_certificate.hpp"
#include "core/net/alpn_session.hpp"
#include "tests/fuzz/conversation.hpp"

#include <cstddef>
#include <cstdint>

using namespace evercert;
using fuzzing::fail_unless;

namespace {

constexpr std::string_view name = "a.example";
constexpr std::string_view protocol = "acme-tls/1";
constexpr std::size_t longest = 20 * 1024;

/// A HelloRetryRequest is a ServerHello with this in place of the random bytes (RFC 8446 section 4.1.3).
constexpr std::string_view retry = "\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91";

struct stand {
    stand()
        : services(std::make_shared<net::alpn_services>(loop.get_executor(), events, net::alpn_limits(),
                                                        std::string(protocol), lookup())) {
        const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22);
        auto made = std::make_shared<crypto::certificate>(
            crypto::make_alpn_certificate(*key, parse_identifier(name).value(), "t.x", now).value());
        shown.certificate = std::shared_ptr<x509_st>(made, made->native());
        shown.key = std::shared_ptr<evp_pkey_st>(key, key->native());
        shown.on_shown = [] { std::abort(); }; // needs a Finished that only who holds the keys can make
    }

    net::identity_lookup lookup() {
        return [this](std::string_view asked) { return asked == name ? std::optional(shown) : std::nullopt; };
    }

    std::string ask(std::string_view bytes, std::size_t cut) {
        const auto make = [this](net::socket_server::socket socket) -> std::shared_ptr<net::session> {
            return std::make_shared<net::alpn_session>(std::move(socket), services, "peer");
        };
        return fuzzing::converse(loop, make, bytes, cut);
    }

    asio::io_context loop{1};
    fuzzing::no_events events;
    std::shared_ptr<crypto::key> key =
        std::make_shared<crypto::key>(crypto::key::generate(key_type::ecdsa_p256).value());
    net::tls_identity shown;
    std::shared_ptr<net::alpn_services> services;
};

/// Records of TLS and nothing else. OpenSSL repeats the client's version in its alerts, whatever it is.
void check_records(std::string_view text) {
    while (!text.empty()) {
        fail_unless(text.size() > 5 && text[0] >= 0x14 && text[0] <= 0x17);
        const std::size_t size =
            static_cast<unsigned char>(text[3]) * std::size_t{256} + static_cast<unsigned char>(text[4]);
        fail_unless(text.size() >= 5 + size);
        text.remove_prefix(5 + size);
    }
}

/// Whether the first record is a ServerHello that goes on with the handshake.
bool goes_on(std::string_view text) {
    return text.size() > 43 && text[0] == 0x16 && text[5] == 0x02 && text.substr(11, retry.size()) != retry;
}

bool same_name(std::string_view given) {
    return given.size() == name.size() &&
           std::equal(given.begin(), given.end(), name.begin(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

void check_agreement(std::string_view bytes, std::string_view output) {
    if (goes_on(output)) {
        const auto reading = net::read_client_hello(bytes);
        fail_unless(reading.hello && same_name(reading.hello->server_name) &&
                    reading.hello->protocols.size() == 1 && reading.hello->protocols.front() == protocol);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static stand listener;
    if (size < 2 || size > longest) {
        return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t cut = bytes.empty() ? 0 : (data[0] | (std::size_t{data[1]} << 8U)) % bytes.size();
    const auto whole = listener.ask(bytes, bytes.size());
    check_records(whole);
    check_agreement(bytes, whole);
    const auto in_two = listener.ask(bytes, cut);
    check_records(in_two);
    fail_unless(whole.substr(0, 1) == in_two.substr(0, 1));

    net::server_handshake bare(listener.services->context.get(), listener.shown, std::string(name),
                               std::string(protocol));
    auto state = bare.feed(bytes.substr(0, cut));
    auto output = bare.take_output();
    if (state == net::server_handshake::state::more) {
        state = bare.feed(bytes.substr(cut));
        output += bare.take_output();
    }
    fail_unless(state != net::server_handshake::state::done);
    check_records(output);
    check_agreement(bytes, output);
    return 0;
}
