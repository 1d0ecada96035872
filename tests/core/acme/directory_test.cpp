// What a directory says of its CA beside its URLs.
#include "core/acme/directory.hpp"
#include "core/json/value.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using names = std::vector<std::string>;

namespace {

acme::directory with_meta(const std::string& meta) {
    const auto object = json::parse(
        R"({"newNonce": "https://ca.example/n", "newAccount": "https://ca.example/a", "newOrder": "https://ca.example/o", "meta": )" +
            meta + "}",
        4096);
    REQUIRE(object);
    const auto read = acme::parse_directory(*object, "https://ca.example/dir");
    REQUIRE(read);
    return *read;
}

} // namespace

TEST_CASE("what records in the DNS depend on is read, and may be missing or odd") {
    const acme::directory all = with_meta(
        R"({"caaIdentities": ["ca.example", "authority.example"], "issuerDomainNames": ["persist.example"],
            "accountHashPrefix": "https://ca.example/h/"})");
    CHECK(all.caa_identities == names{"ca.example", "authority.example"});
    CHECK(all.issuer_domains == names{"persist.example"});
    CHECK(all.account_hash_prefix == "https://ca.example/h/");
    for (const char* odd :
         {"{}", "[]", "1",
          R"({"caaIdentities": "ca.example", "issuerDomainNames": [1], "accountHashPrefix": []})"}) {
        CAPTURE(odd);
        const acme::directory none = with_meta(odd);
        CHECK(none.caa_identities.empty());
        CHECK(none.issuer_domains.empty());
        CHECK(none.account_hash_prefix.empty());
    }
}
