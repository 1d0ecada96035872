#include "solvers/dns01/tsig_file.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::solvers;
using algorithm = tsig_key::algorithm;

TEST_CASE("a TSIG key in the forms of BIND, Knot and nsupdate") {
    struct row {
        std::string_view text;
        algorithm how;
    };
    const std::vector<row> table = {
        {"key \"evercert.key.\" {\n\talgorithm hmac-sha256;\n\tsecret \"c2VjcmV0\";\n};\n",
         algorithm::hmac_sha256},
        {"# made by hand\nkey evercert.key { secret c2VjcmV0; algorithm \"hmac-sha384\"; }; // end\n",
         algorithm::hmac_sha384},
        {"# hmac-sha512:evercert.key:c2VjcmV0\nkey:\n- id: evercert.key\n  algorithm: hmac-sha512\n  secret: "
         "c2VjcmV0\n",
         algorithm::hmac_sha512},
        {"hmac-sha512:evercert.key:c2VjcmV0\n", algorithm::hmac_sha512},
        {"evercert.key:c2VjcmV0", algorithm::hmac_sha256},
    };
    for (const row& r : table) {
        CAPTURE(r.text);
        const auto key = parse_tsig_key(r.text);
        REQUIRE(key);
        CHECK(*key == tsig_key{"evercert.key", r.how, "secret"});
    }
}

TEST_CASE("what is no TSIG key is refused without showing it") {
    for (const std::string_view text :
         {"", "key", "key { algorithm", "key x { algorithm hmac-md5; secret c2VjcmV0; };",
          "key x { algorithm hmac-sha256; secret \"???\"; };", "key x { algorithm hmac-sha256; };",
          "key \"\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; };", "\"", "a:b:c:d:e:f"}) {
        CAPTURE(text);
        const auto refused = parse_tsig_key(text);
        REQUIRE(!refused);
        CHECK(refused.error().text().find("c2VjcmV0") == std::string::npos);
    }
}
