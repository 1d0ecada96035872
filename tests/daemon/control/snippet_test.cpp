#include "config/load.hpp"
#include "daemon/control/snippet.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::daemon;

namespace {

std::string snippet(std::string_view server, const std::string& challenges) {
    const auto loaded = config::load_text(challenges + "certificates: []\n", "f");
    REQUIRE(loaded.has_value());
    return snippet_for(server, *loaded);
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a server in front gets lines that lead to the listener") {
    const std::string own = "challenges: {http: {type: http-01, listen: \"0.0.0.0:8402\"}}\n";
    CHECK(has(snippet("nginx", own), "proxy_pass http://127.0.0.1:8402;"));
    CHECK(has(snippet("apache", own), "\"http://127.0.0.1:8402/.well-known/acme-challenge/\""));
    CHECK(has(snippet("haproxy", own), "server evercert 127.0.0.1:8402\n"));
    for (const std::string_view server : snippet_servers) {
        CHECK(!has(snippet(server, own), "evercert.yaml"));
        CHECK(!has(snippet(server, own), "acme-tls"));
    }
    const std::string six = "challenges: {http: {type: http-01, listen: \"[::]:8402\"}}\n";
    CHECK(has(snippet("nginx", six), "proxy_pass http://127.0.0.1:8402;"));
    const std::string one = "challenges: {http: {type: http-01, listen: \"[2001:db8::1]:8402\"}}\n";
    CHECK(has(snippet("nginx", one), "proxy_pass http://[2001:db8::1]:8402;"));
}

TEST_CASE("where the server needs the daemon's port, it says what to change") {
    for (const std::string_view server : snippet_servers) {
        const std::string text = snippet(server, "");
        CAPTURE(text);
        CHECK(has(text, "# The server itself needs port 80"));
        CHECK(has(text, "#   challenges: { http: { type: http-01, listen: \"127.0.0.1:5002\" } }"));
        CHECK(has(text, "127.0.0.1:5002"));
        CHECK(snippet_for(server, config::settings()) == text);
    }
}

TEST_CASE("tls-alpn-01 passes through by what the client offers") {
    const std::string both = "challenges: {alpn: {type: tls-alpn-01, listen: \"127.0.0.1:9443\"}}\n";
    CHECK(has(snippet("nginx", both), "\"acme-tls/1\" 127.0.0.1:9443;"));
    CHECK(has(snippet("haproxy", both), "if { req.ssl_alpn acme-tls/1 }"));
    CHECK(has(snippet("haproxy", both), "server evercert 127.0.0.1:9443\n"));
    CHECK(has(snippet("nginx", "challenges: {alpn: {type: tls-alpn-01}}\n"),
              "#   challenges: { alpn: { type: tls-alpn-01, listen: \"127.0.0.1:10443\" } }"));
}
