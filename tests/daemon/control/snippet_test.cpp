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

constexpr std::array<std::string_view, 3> fronts{"nginx", "apache", "haproxy"};

} // namespace

TEST_CASE("a server in front gets lines that lead to the listener") {
    const std::string own = "challenges: {http: {type: http-01, listen: \"0.0.0.0:8402\"}}\n";
    CHECK(has(snippet("nginx", own), "proxy_pass http://127.0.0.1:8402;"));
    CHECK(has(snippet("apache", own), "\"http://127.0.0.1:8402/.well-known/acme-challenge/\""));
    CHECK(has(snippet("haproxy", own), "server evercert 127.0.0.1:8402\n"));
    for (const std::string_view server : fronts) {
        CHECK(!has(snippet(server, own), "itself needs port"));
        CHECK(!has(snippet(server, own), "acme-tls"));
    }
    const std::string six = "challenges: {http: {type: http-01, listen: \"[::]:8402\"}}\n";
    CHECK(has(snippet("nginx", six), "proxy_pass http://127.0.0.1:8402;"));
    const std::string one = "challenges: {http: {type: http-01, listen: \"[2001:db8::1]:8402\"}}\n";
    CHECK(has(snippet("nginx", one), "proxy_pass http://[2001:db8::1]:8402;"));
}

TEST_CASE("where the server needs the daemon's port, it says what to change") {
    for (const std::string_view server : fronts) {
        const std::string text = snippet(server, "");
        CAPTURE(text);
        CHECK(has(text, "# The server itself needs port 80"));
        CHECK(has(text, "#   challenges: { http: { type: http-01, listen: \"127.0.0.1:5002\" } }"));
        CHECK(has(text, "127.0.0.1:5002"));
        CHECK(has(text, "#   systemctl mask --now evercertd.socket"));
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

TEST_CASE("mail servers are told where their certificates lie") {
    const std::string text = "email: a@example.com\nagree_to_terms: true\ndata_dir: /srv/evercert\n"
                             "certificates: [{names: [mx.example.com]}]\n";
    const auto loaded = config::load_text(text, "f");
    REQUIRE(loaded.has_value());
    CHECK(has(snippet_for("postfix", *loaded),
              "smtpd_tls_chain_files = /srv/evercert/live/mx.example.com/privkey.pem, "
              "/srv/evercert/live/mx.example.com/fullchain.pem\n"));
    CHECK(has(snippet_for("dovecot", *loaded),
              "ssl_cert = </srv/evercert/live/mx.example.com/fullchain.pem\n"));
    CHECK(has(snippet_for("dovecot", config::settings()), "/live/NAME/privkey.pem\n"));
    CHECK(has(snippet_for("haproxy", *loaded), "level admin"));
}
