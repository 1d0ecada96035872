#include "core/crypto/csr.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_pki.hpp"

#include <algorithm>
#include <map>

using namespace evercert;

namespace {

const std::vector<identifier> three_names{{identifier::kind::dns, "www.example.com"},
                                          {identifier::kind::dns, "*.example.com"},
                                          {identifier::kind::dns, "xn--bcher-kva.example"}};
const std::vector<identifier> addresses{{identifier::kind::ip, "192.0.2.1"},
                                        {identifier::kind::ip, "2001:db8::1"}};

} // namespace

TEST_CASE("requests of every key type verify and carry the names and the key") {
    const std::map<key_type, std::string> signatures{{key_type::ecdsa_p256, "ecdsa-with-SHA256"},
                                                     {key_type::ecdsa_p384, "ecdsa-with-SHA384"},
                                                     {key_type::rsa_2048, "sha256WithRSAEncryption"},
                                                     {key_type::ed25519, "ED25519"}};
    for (const auto& [type, signature] : signatures) {
        CAPTURE(signature);
        const auto key = crypto::key::generate(type).value();
        const auto facts = testing::read_csr(crypto::make_csr(key, three_names).value());
        CHECK(facts.signature_good);
        CHECK(facts.subject_empty);
        CHECK(facts.signature_name == signature);
        CHECK(facts.public_digest == key.public_digest());
        auto sorted = three_names;
        std::ranges::sort(sorted);
        CHECK(facts.names == sorted);
    }
}

TEST_CASE("addresses are addresses in the request, alone or beside names") {
    const auto key = crypto::key::generate(key_type::ecdsa_p256).value();
    CHECK(testing::read_csr(crypto::make_csr(key, addresses).value()).names == addresses);
    auto mixed = addresses;
    mixed.push_back(three_names[0]);
    std::ranges::sort(mixed);
    CHECK(testing::read_csr(crypto::make_csr(key, mixed).value()).names == mixed);
}

TEST_CASE("a hundred names fit") {
    std::vector<identifier> names;
    for (int i = 100; i < 200; ++i) {
        names.push_back({identifier::kind::dns, "name" + std::to_string(i) + ".example.com"});
    }
    const auto key = crypto::key::generate(key_type::ecdsa_p256).value();
    CHECK(testing::read_csr(crypto::make_csr(key, names).value()).names == names);
}

TEST_CASE("requests without names or with an impossible address are refused") {
    const auto key = crypto::key::generate(key_type::ecdsa_p256).value();
    CHECK(crypto::make_csr(key, {}).error().code == errc::invalid_argument);
    CHECK(crypto::make_csr(key, {{identifier::kind::ip, "not an address"}}).error().code ==
          errc::invalid_argument);
    CHECK(crypto::make_csr(key, {{identifier::kind::dns, ""}}).error().code == errc::invalid_argument);
}
