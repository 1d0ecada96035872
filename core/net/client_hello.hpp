#pragma once
// What a TLS client asks for, read before any TLS is spoken (RFC 8446 sections 4.1.2 and 5.1; RFC 5246, 6066
// and 7301). No I/O; hostile input.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::net {

/// Those that are sent here (RFC 8446 section 6).
enum class tls_alert : std::uint8_t {
    unexpected_message = 10,
    record_overflow = 22,
    illegal_parameter = 47,
    decode_error = 50,
    protocol_version = 70,
    internal_error = 80,
    unrecognized_name = 112,
    no_application_protocol = 120,
};
std::string_view to_string(tls_alert what) noexcept; ///< "unrecognized_name"

constexpr std::uint16_t tls_1_2 = 0x0303;
constexpr std::uint16_t tls_1_3 = 0x0304;

struct client_hello {
    std::uint16_t legacy_version = 0;   ///< the field of that name
    std::uint16_t newest_version = 0;   ///< the newest of TLS 1.0 to 1.3 that is offered; 0 if there is none
    std::string server_name;            ///< SNI, lower case; empty if there is none. Any bytes but NUL
    std::vector<std::string> protocols; ///< ALPN, in the client's order

    client_hello() = default;
};

/// A fatal alert as the record that carries it. `version` is the client's legacy_version: one that knows TLS
/// 1.0 only does not look into records of another version.
std::string alert_record(tls_alert what, std::uint16_t version);

/// What the first bytes of a connection come to. Neither: more are needed.
struct hello_reading {
    std::optional<client_hello> hello;
    std::optional<tls_alert> refusal; ///< answer with this, and close

    hello_reading() = default;
};

/// The longest ClientHello, without the headers of its records, that is read. Those of today's clients, with
/// the large keys against quantum computers, have 2 KiB.
constexpr std::size_t longest_client_hello = 16 * 1024;
/// What it may take on the wire: records of one byte are allowed, but not thousands of them.
constexpr std::size_t longest_hello_records = longest_client_hello + 4096;

/// Reads the ClientHello at the start of `raw`, in one TLS record or several; what follows it in `raw` is not
/// looked at. Says no at the first byte that cannot be right, before the rest has come. Linear in `raw`.
hello_reading read_client_hello(std::string_view raw);

} // namespace evercert::net
