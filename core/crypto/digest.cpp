#include "core/crypto/digest.hpp"

#include "core/crypto/handles.hpp"

#include <openssl/crypto.h>

namespace evercert::crypto {

std::string sha256(std::string_view bytes) {
    std::string digest(32, '\0');
    unsigned size = 0;
    // EVP_sha256() would be looked up by its name each time, which takes as long as a short text.
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    const int good = EVP_Digest(bytes.data(), bytes.size(), as_bytes(digest), &size,
                                algorithm != nullptr ? algorithm : EVP_sha256(), nullptr);
    require(good == 1 && size == digest.size(), "SHA-256");
    return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
    return hmac(hash::sha256, key, bytes);
}

std::string hmac(hash with, std::string_view key, std::string_view bytes) {
    const char* name = with == hash::sha256 ? "SHA256" : with == hash::sha384 ? "SHA384" : "SHA512";
    std::string mac(with == hash::sha256 ? 32 : with == hash::sha384 ? 48 : 64, '\0');
    std::size_t size = 0;
    // A null key pointer would mean "no key set" instead of an empty one.
    const char* key_bytes = key.empty() ? "" : key.data();
    const auto* good = EVP_Q_mac(nullptr, "HMAC", nullptr, name, nullptr, key_bytes, key.size(),
                                 as_bytes(bytes), bytes.size(), as_bytes(mac), mac.size(), &size);
    require(good != nullptr && size == mac.size(), "HMAC");
    return mac;
}

bool same_mac(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text.push_back(digits[byte >> 4U]);
        text.push_back(digits[byte & 0xFU]);
    }
    return text;
}

std::optional<std::string> unhex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    std::string bytes;
    bytes.reserve(text.size() / 2);
    unsigned value = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
            return std::nullopt;
        }
        value = value << 4U | static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
        if (i % 2 == 1) {
            bytes.push_back(static_cast<char>(value & 0xFFU));
        }
    }
    return bytes;
}

} // namespace evercert::crypto
