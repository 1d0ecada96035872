// Revocation (RFC 8555 section 7.6).
#include "tests/core/acme/acme_fixture.hpp"

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

TEST_CASE("revocation") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.ca.log.clear();
    SECTION("by the account key, with a reason; again is success too") {
        CHECK(f.run(f.acme->revoke("DER", 1, std::nullopt)));
        REQUIRE(f.ca.revoked.size() == 1);
        CHECK(f.ca.revoked[0].first == "DER");
        CHECK(f.ca.revoked[0].second == 1);
        CHECK_FALSE(f.ca.requests.back().kid.empty());
        CHECK(f.run(f.acme->revoke("DER", 1, std::nullopt)));
        CHECK(f.ca.revoked.size() == 1);
    }
    SECTION("by the certificate key, without a reason") {
        CHECK(f.run(f.acme->revoke("DER", std::nullopt, other_test_key())));
        REQUIRE(f.ca.revoked.size() == 1);
        CHECK_FALSE(f.ca.revoked[0].second);
        CHECK(f.ca.requests.back().kid.empty());
    }
    SECTION("a reason that the CA does not take is left out once") {
        CHECK(f.run(f.acme->revoke("DER", 6, std::nullopt)));
        CHECK(f.ca.count("POST /revoke") == 2);
        CHECK_FALSE(f.ca.revoked.at(0).second);
    }
    SECTION("refused for another cause") {
        f.ca.before = [](const ca_request& r) -> std::optional<result<http_response>> {
            if (r.path == "/revoke") {
                return scripted_ca::problem(403, "unauthorized", "expired");
            }
            return std::nullopt;
        };
        const auto got = f.run(f.acme->revoke("DER", 1, std::nullopt));
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::revocation);
        CHECK(got.error().http_status == 403);
        CHECK(f.ca.count("POST /revoke") == 1);
    }
}
