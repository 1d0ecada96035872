#pragma once
// The server's side of TSIG, for tests: written apart from the code that checks it.
#include "core/crypto/digest.hpp"
#include "core/dns/wire.hpp"
#include "core/ports/dns_client.hpp"

#include <string>

namespace evercert::testing {

struct tsig_says {
    std::uint64_t time = 0;
    unsigned error = 0;
    std::string other;
    std::string key_name = "k.example";
    std::string algorithm = "hmac-sha256";
    bool mac = true; ///< BADKEY and BADSIG come without one
};

inline std::string sign_answer(std::string packet, const std::string& secret, const std::string& request_mac,
                               const tsig_says& says) {
    using namespace evercert::dns;
    const auto time = [&](std::string& out) {
        put_u16(out, static_cast<unsigned>(says.time >> 32U));
        put_u32(out, static_cast<std::uint32_t>(says.time));
    };
    std::string digest;
    put_u16(digest, static_cast<unsigned>(request_mac.size()));
    digest += request_mac + packet + *name_to_wire(says.key_name);
    put_u16(digest, 255);
    put_u32(digest, 0);
    digest += *name_to_wire(says.algorithm);
    time(digest);
    put_u16(digest, 300);
    put_u16(digest, says.error);
    put_u16(digest, static_cast<unsigned>(says.other.size()));
    digest += says.other;
    const std::string mac = says.mac ? crypto::hmac(crypto::hash::sha256, secret, digest) : "";

    std::string data = *name_to_wire(says.algorithm);
    time(data);
    put_u16(data, 300);
    put_u16(data, static_cast<unsigned>(mac.size()));
    data += mac + packet.substr(0, 2);
    put_u16(data, says.error);
    put_u16(data, static_cast<unsigned>(says.other.size()));
    data += says.other;
    packet += *name_to_wire(says.key_name);
    put_u16(packet, 250);
    put_u16(packet, 255);
    put_u32(packet, 0);
    put_u16(packet, static_cast<unsigned>(data.size()));
    packet += data;
    set_u16(packet, 10, 1);
    return packet;
}

} // namespace evercert::testing
