#include "core/crypto/alpn_certificate.hpp"
#include "solvers/tls_alpn01/answer_table.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using solvers::answer_table;
using solvers::server_name_of;

namespace {

std::shared_ptr<const crypto::certificate> any_certificate() {
    static const auto made = std::make_shared<const crypto::certificate>(
        crypto::make_alpn_certificate(crypto::key::generate(key_type::ecdsa_p256).value(),
                                      parse_identifier("a.example").value(), "t.x",
                                      std::chrono::sys_days(std::chrono::year(2026) / 1 / 1))
            .value());
    return made;
}

} // namespace

TEST_CASE("The server name of a name and of an address") {
    for (const auto& [name, expected] : std::vector<std::pair<std::string, std::string>>{
             {"a.example", "a.example"},
             {"*.a.example", "a.example"},
             {"203.0.113.10", "10.113.0.203.in-addr.arpa"},
             {"0.0.0.1", "1.0.0.0.in-addr.arpa"},
             {"2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"},
             {"4321:0:1:2:3:4:567:89ab",
              "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa"}}) {
        CHECK(server_name_of(parse_identifier(name).value()) == expected);
    }
    CHECK(server_name_of({identifier::kind::ip, "nonsense"}).empty());
}

TEST_CASE("An answer lives until it was removed as often as it was put") {
    answer_table table;
    CHECK(table.find("a.example") == nullptr);
    table.remove("a.example", "t.x");
    int told = 0;
    table.put("a.example", "t.x", any_certificate(), [&] { ++told; });
    CHECK(table.holds("a.example", "t.x"));
    table.put("a.example", "t.x", nullptr, {});
    REQUIRE(table.find("a.example") != nullptr);
    CHECK(table.find("a.example")->certificate == any_certificate());
    CHECK(table.find("a.example")->on_fetched.size() == 1);
    (*table.find("a.example")->on_fetched[0])();
    CHECK(told == 1);
    CHECK(table.find("b.example") == nullptr);
    table.remove("a.example", "other.x");
    table.remove("a.example", "t.x");
    REQUIRE(table.find("a.example") != nullptr);
    CHECK(table.find("a.example")->on_fetched.empty());
    table.remove("a.example", "t.x");
    CHECK(table.find("a.example") == nullptr);
    CHECK(table.size() == 0);
}

TEST_CASE("Of several answers the newest that can be shown is found") {
    answer_table table;
    table.put("a.example", "t.x", any_certificate(), {});
    table.put("a.example", "u.x", any_certificate(), {});
    CHECK(table.find("a.example")->key_authorization == "u.x");
    table.put("a.example", "t.x", nullptr, {});
    CHECK(table.find("a.example")->key_authorization == "t.x");
    table.put("a.example", "v.x", nullptr, {}); // no certificate could be made
    CHECK_FALSE(table.holds("a.example", "v.x"));
    CHECK(table.find("a.example")->key_authorization == "t.x");
    table.remove("a.example", "v.x");
    table.remove("a.example", "t.x");
    table.remove("a.example", "t.x");
    CHECK(table.find("a.example")->key_authorization == "u.x");
    table.remove("a.example", "u.x");
    CHECK(table.size() == 0);
    table.put("b.example", "t.x", nullptr, {});
    CHECK(table.find("b.example") == nullptr);
}
