#include "core/crypto/general_name.hpp"

#include <arpa/inet.h>
#include <array>
#include <optional>

namespace evercert::crypto {
namespace {

std::optional<std::string> address_bytes(const std::string& text) {
    std::array<char, sizeof(in6_addr)> bytes{};
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
        return std::string(bytes.data(), sizeof(in_addr));
    }
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
        return std::string(bytes.data(), sizeof(in6_addr));
    }
    return std::nullopt;
}

} // namespace

general_name_handle to_general_name(const identifier& name) {
    const bool is_dns = name.type == identifier::kind::dns;
    const auto bytes = is_dns ? std::optional(name.value) : address_bytes(name.value);
    if (!bytes || bytes->empty()) {
        return nullptr;
    }
    general_name_handle made(GENERAL_NAME_new());
    ASN1_STRING* text = ASN1_STRING_type_new(is_dns ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
    require(made != nullptr && text != nullptr, "making a subject name");
    GENERAL_NAME_set0_value(made.get(), is_dns ? GEN_DNS : GEN_IPADD, text); // owns text now
    require(ASN1_STRING_set(text, bytes->data(), static_cast<int>(bytes->size())) == 1,
            "making a subject name");
    return made;
}

} // namespace evercert::crypto
