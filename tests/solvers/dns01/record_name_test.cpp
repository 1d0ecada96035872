#include "solvers/dns01/record_name.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::solvers;

TEST_CASE("where the CA looks, and what it finds there") {
    const identifier name{identifier::kind::dns, "*.example.org"};
    CHECK(challenge_record(name) == "_acme-challenge.example.org");
    // draft-ietf-acme-dns-account-label-02 section 3.2
    CHECK(account_record({identifier::kind::dns, "example.org"},
                         "https://example.com/acme/acct/ExampleAccount") ==
          "_ujmmovf2vn55tgye._acme-challenge.example.org");
    // RFC 8555 section 8.1's token with a thumbprint; computed apart
    CHECK(record_value("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.abc").size() == 43);
    CHECK(record_value("") == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
}
