#include "core/model/verify_target.hpp"
#include "tests/support/catch.hpp"

#include <vector>

using namespace evercert;

TEST_CASE("A verify target is an address with how TLS begins there") {
    struct row {
        std::string text;
        tls_start how;
        std::string address;
        std::uint16_t port;
        std::string shown;
    };
    const std::vector<row> rows = {
        {"127.0.0.1:443", tls_start::at_once, "127.0.0.1", 443, "127.0.0.1:443"},
        {"[::1]:443", tls_start::at_once, "::1", 443, "[::1]:443"},
        {"tls://127.0.0.1:993", tls_start::at_once, "127.0.0.1", 993, "127.0.0.1:993"},
        {"smtp://127.0.0.1:25", tls_start::smtp, "127.0.0.1", 25, "smtp://127.0.0.1:25"},
        {"lmtp://[2001:db8::1]:24", tls_start::lmtp, "2001:db8::1", 24, "lmtp://[2001:db8::1]:24"},
        {"imap://127.0.0.1:143", tls_start::imap, "127.0.0.1", 143, "imap://127.0.0.1:143"},
        {"pop3://127.0.0.1:110", tls_start::pop3, "127.0.0.1", 110, "pop3://127.0.0.1:110"},
    };
    for (const row& r : rows) {
        INFO(r.text);
        const auto target = parse_verify_target(r.text);
        REQUIRE(target.has_value());
        CHECK(target->how == r.how);
        CHECK(target->where == endpoint{r.address, r.port});
        CHECK(to_string(*target) == r.shown);
        CHECK(parse_verify_target(to_string(*target)) == target);
    }
}

TEST_CASE("What is no verify target is refused with what is meant") {
    struct row {
        std::string text;
        std::string part;
    };
    const std::vector<row> rows = {
        {"", "an IP address and a port"},
        {"127.0.0.1", "an IP address and a port"},
        {"127.0.0.1:0", "an IP address and a port"},
        {"127.0.0.1:65536", "an IP address and a port"},
        {"localhost:443", "an IP address and a port"},
        {"smtp://", "an IP address and a port"},
        {"smtp://mail.example:25", "an IP address and a port"},
        {"smtp://127.0.0.1", "an IP address and a port"},
        {"smtp://127.0.0.1:25/", "an IP address and a port"},
        {"smtp:127.0.0.1:25", "an IP address and a port"},
        {"SMTP://127.0.0.1:25", "one of tls://, smtp://"},
        {"://127.0.0.1:25", "one of tls://, smtp://"},
        {"xmpp://127.0.0.1:5222", "one of tls://, smtp://"},
        {"smtp://smtp://127.0.0.1:25", "an IP address and a port"},
        {"https://127.0.0.1:443", "written tls://127.0.0.1:443"},
        {"imaps://127.0.0.1:993", "written tls://127.0.0.1:993"},
        {"submission://127.0.0.1:587", "write smtp://127.0.0.1:587"},
    };
    for (const row& r : rows) {
        INFO(r.text);
        const auto target = parse_verify_target(r.text);
        REQUIRE_FALSE(target.has_value());
        CHECK(target.error().code == errc::invalid_argument);
        CHECK(target.error().message.find(r.part) != std::string::npos);
    }
}
