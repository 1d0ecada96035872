#include "core/crypto/key.hpp"
#include "core/crypto/private_key_text.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace evercert;
using namespace evercert::crypto;

TEST_CASE("private keys are written as OpenSSL writes them") {
    for (const key_type type : {key_type::ecdsa_p256, key_type::ecdsa_p384, key_type::ed25519}) {
        CAPTURE(to_string(type));
        // One private number in 256 begins with a zero byte.
        for (int i = 0; i < 600; ++i) {
            const key made = key::generate(type).value();
            REQUIRE(private_key_text(made.native(), type).view() ==
                    private_key_text_by_openssl(made.native()).view());
        }
    }
}

TEST_CASE("a key that does not have the frame of its type is left to OpenSSL") {
    const key made = key::generate(key_type::ecdsa_p384).value();
    CHECK(private_key_text(made.native(), key_type::ecdsa_p256).view() ==
          private_key_text_by_openssl(made.native()).view());
}
