#include "core/crypto/jwk.hpp"

#include "core/crypto/base64url.hpp"
#include "core/crypto/handles.hpp"
#include "core/crypto/private_key_text.hpp"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <memory>
#include <tuple>
#include <utility>
#include <vector>

namespace evercert::crypto {
namespace {

/// The longest number of an RSA key that is supported, with room to say that a longer one is not.
constexpr std::size_t longest_number = 2048;

using builder_handle = std::unique_ptr<OSSL_PARAM_BLD, freed_by<OSSL_PARAM_BLD_free>>;
using params_handle = std::unique_ptr<OSSL_PARAM, freed_by<OSSL_PARAM_free>>;
using pkey_context_handle = std::unique_ptr<EVP_PKEY_CTX, freed_by<EVP_PKEY_CTX_free>>;

std::unexpected<error> damaged(std::string_view what) {
    return fail(errc::corrupted, fmt::format("the JWK is no private key: {}", what));
}

result<secret> bytes_of(std::string_view member, const std::string& text) {
    if (text.empty() || text.size() > longest_number) {
        return damaged(fmt::format("its member \"{}\" is {}", member, text.empty() ? "missing" : "too long"));
    }
    auto bytes = base64url_decode(text);
    if (!bytes || bytes->empty()) {
        return damaged(fmt::format("its member \"{}\" is not base64url", member));
    }
    return secret(std::move(*bytes));
}

/// Numbers live in OpenSSL's own memory until the key is made; a builder only refers to them.
class key_maker {
public:
    key_maker() : builder_(OSSL_PARAM_BLD_new()) { require(builder_ != nullptr, "reading a JWK"); }

    result<void> add(const char* parameter, std::string_view member, const std::string& text) {
        const auto bytes = bytes_of(member, text);
        if (!bytes) {
            return fail(bytes.error());
        }
        bn_handle number(BN_secure_new());
        require(number != nullptr &&
                    BN_bin2bn(as_bytes(bytes->view()), static_cast<int>(bytes->view().size()),
                              number.get()) != nullptr &&
                    OSSL_PARAM_BLD_push_BN(builder_.get(), parameter, number.get()) == 1,
                "reading a JWK");
        numbers_.push_back(std::move(number));
        return {};
    }
    void add_curve(const char* group, const std::string& point) {
        require(OSSL_PARAM_BLD_push_utf8_string(builder_.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
                    OSSL_PARAM_BLD_push_octet_string(builder_.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                                     point.size()) == 1,
                "reading a JWK");
    }
    pkey_handle make(const char* kind) const {
        const params_handle params(OSSL_PARAM_BLD_to_param(builder_.get()));
        const pkey_context_handle context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
        require(params != nullptr && context != nullptr, "reading a JWK");
        EVP_PKEY* made = nullptr;
        if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
            EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_KEYPAIR, params.get()) != 1) {
            EVP_PKEY_free(made);
            made = nullptr;
        }
        return pkey_handle(made);
    }

private:
    builder_handle builder_;
    std::vector<bn_handle> numbers_;
};

/// Reading the text again runs all checks that a key from a file passes.
result<key> checked(const pkey_handle& made) {
    if (made == nullptr) {
        return damaged(take_openssl_reason());
    }
    return key::from_pem(private_key_text_by_openssl(made.get()).view());
}

result<key> read_rsa(const private_jwk& jwk) {
    if (jwk.p.empty() && jwk.q.empty()) {
        return fail(errc::unsupported,
                    "the JWK is an RSA key without its primes (p, q, dp, dq, qi), which are needed here");
    }
    key_maker maker;
    for (const auto& [parameter, member, text] :
         {std::tuple{OSSL_PKEY_PARAM_RSA_N, "n", &jwk.n}, std::tuple{OSSL_PKEY_PARAM_RSA_E, "e", &jwk.e},
          std::tuple{OSSL_PKEY_PARAM_RSA_D, "d", &jwk.d},
          std::tuple{OSSL_PKEY_PARAM_RSA_FACTOR1, "p", &jwk.p},
          std::tuple{OSSL_PKEY_PARAM_RSA_FACTOR2, "q", &jwk.q},
          std::tuple{OSSL_PKEY_PARAM_RSA_EXPONENT1, "dp", &jwk.dp},
          std::tuple{OSSL_PKEY_PARAM_RSA_EXPONENT2, "dq", &jwk.dq},
          std::tuple{OSSL_PKEY_PARAM_RSA_COEFFICIENT1, "qi", &jwk.qi}}) {
        if (auto added = maker.add(parameter, member, *text); !added) {
            return fail(std::move(added.error()));
        }
    }
    const pkey_handle made = maker.make("RSA");
    // OpenSSL signs well with a wrong exponent or coefficient, by a way around: the numbers are checked by
    // themselves.
    const pkey_context_handle context(made == nullptr ? nullptr : EVP_PKEY_CTX_new(made.get(), nullptr));
    if (context == nullptr || EVP_PKEY_check(context.get()) != 1) {
        return damaged(take_openssl_reason());
    }
    return checked(made);
}

result<key> read_ec(const private_jwk& jwk) {
    const bool p256 = jwk.crv == "P-256";
    if (!p256 && jwk.crv != "P-384") {
        return fail(errc::unsupported, "the JWK's curve is neither P-256 nor P-384");
    }
    const std::size_t width = p256 ? 32 : 48;
    const auto x = bytes_of("x", jwk.x);
    const auto y = bytes_of("y", jwk.y);
    if (!x || !y) {
        return fail(x ? y.error() : x.error());
    }
    // RFC 7518 section 6.2.1.2: always at full width.
    if (x->view().size() != width || y->view().size() != width) {
        return damaged("its point does not have the width of its curve");
    }
    std::string point("\x04");
    point.append(x->view()).append(y->view());
    key_maker maker;
    maker.add_curve(p256 ? "P-256" : "P-384", point);
    if (auto added = maker.add(OSSL_PKEY_PARAM_PRIV_KEY, "d", jwk.d); !added) {
        return fail(std::move(added.error()));
    }
    return checked(maker.make("EC"));
}

result<key> read_okp(const private_jwk& jwk) {
    if (jwk.crv != "Ed25519") {
        return fail(errc::unsupported, "the JWK's curve is not Ed25519");
    }
    const auto d = bytes_of("d", jwk.d);
    if (!d) {
        return fail(d.error());
    }
    auto made = checked(pkey_handle(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, as_bytes(d->view()), d->view().size())));
    if (made && made->public_jwk().find("\"" + jwk.x + "\"") == std::string::npos) {
        return damaged("its halves do not belong together");
    }
    return made;
}

} // namespace

private_jwk::~private_jwk() {
    for (std::string* secret_part : {&d, &p, &q, &dp, &dq, &qi}) {
        wipe(*secret_part);
    }
}

result<key> key_from_jwk(const private_jwk& jwk) {
    if (jwk.kty == "RSA") {
        return read_rsa(jwk);
    }
    if (jwk.kty == "EC") {
        return read_ec(jwk);
    }
    if (jwk.kty == "OKP") {
        return read_okp(jwk);
    }
    return fail(errc::unsupported, "the JWK is of a kind that is not supported: RSA, EC and OKP are");
}

} // namespace evercert::crypto
