#include "core/crypto/private_key_text.hpp"

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

namespace evercert::crypto {
namespace {

using namespace std::string_view_literals;

/// RFC 5208 around RFC 5915: all lengths are known beforehand, as both halves have their full width.
struct ec_frame {
    std::string_view head; ///< up to the private number
    std::string_view neck; ///< between it and the public point
    std::size_t width = 0; ///< of a number
};

constexpr ec_frame p256{"\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
                        "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x6d\x30\x6b\x02\x01\x01\x04\x20"sv,
                        "\xa1\x44\x03\x42\x00"sv, 32};
constexpr ec_frame p384{"\x30\x81\xb6\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
                        "\x06\x05\x2b\x81\x04\x00\x22\x04\x81\x9e\x30\x81\x9b\x02\x01\x01\x04\x30"sv,
                        "\xa1\x64\x03\x62\x00"sv, 48};

/// Bytes on the stack that do not stay there.
template <std::size_t Size>
struct wiped_bytes {
    std::array<unsigned char, Size> bytes{};
    wiped_bytes() = default;
    wiped_bytes(const wiped_bytes&) = delete;
    wiped_bytes& operator=(const wiped_bytes&) = delete;
    ~wiped_bytes() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

std::string_view as_text(const unsigned char* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

/// Empty if the key does not come in this form.
secret ec_der(EVP_PKEY* pkey, const ec_frame& frame) {
    constexpr std::size_t widest = 48;
    wiped_bytes<widest> number;
    std::array<unsigned char, 1 + 2 * widest> point{};
    std::array wanted{
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, number.bytes.data(), number.bytes.size()),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
        OSSL_PARAM_construct_end()};
    constexpr unsigned char uncompressed = 4;
    if (EVP_PKEY_get_params(pkey, wanted.data()) != 1 || wanted[0].return_size != frame.width ||
        wanted[1].return_size != 1 + 2 * frame.width || point[0] != uncompressed) {
        take_openssl_reason();
        return {};
    }
    if constexpr (std::endian::native == std::endian::little) {
        std::reverse(number.bytes.begin(),
                     number.bytes.begin() +
                         static_cast<std::ptrdiff_t>(frame.width)); // comes in native order
    }
    std::string der;
    der.reserve(frame.head.size() + frame.neck.size() + 1 + 3 * frame.width); // no copy is left behind
    der.append(frame.head).append(as_text(number.bytes.data(), frame.width));
    der.append(frame.neck).append(as_text(point.data(), 1 + 2 * frame.width));
    return secret(std::move(der));
}

/// RFC 7468.
secret armoured(std::string_view der) {
    constexpr auto begin = "-----BEGIN PRIVATE KEY-----\n"sv;
    constexpr auto end = "-----END PRIVATE KEY-----\n"sv;
    constexpr std::size_t bytes_a_line = 48;
    std::string text;
    text.reserve(begin.size() + end.size() + 2 * der.size());
    text.append(begin);
    wiped_bytes<2 * bytes_a_line> line;
    while (!der.empty()) {
        const std::string_view part = der.substr(0, bytes_a_line);
        const int size = EVP_EncodeBlock(line.bytes.data(), as_bytes(part), static_cast<int>(part.size()));
        text.append(as_text(line.bytes.data(), static_cast<std::size_t>(size))).push_back('\n');
        der.remove_prefix(part.size());
    }
    text.append(end);
    return secret(std::move(text));
}

} // namespace

secret private_key_text(EVP_PKEY* pkey, key_type type) {
    if (type == key_type::ecdsa_p256 || type == key_type::ecdsa_p384) {
        const secret der = ec_der(pkey, type == key_type::ecdsa_p256 ? p256 : p384);
        if (!der.empty()) {
            return armoured(der.view());
        }
    }
    return private_key_text_by_openssl(pkey);
}

secret private_key_text_by_openssl(EVP_PKEY* pkey) {
    const bio_handle sink(BIO_new(BIO_s_secmem()));
    require(sink != nullptr &&
                PEM_write_bio_PKCS8PrivateKey(sink.get(), pkey, nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "writing a private key");
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(sink.get(), &bytes);
    return secret(std::string(bytes, static_cast<std::size_t>(size)));
}

} // namespace evercert::crypto
