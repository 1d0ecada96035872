#include "core/dns/tsig.hpp"

#include "core/crypto/digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace evercert::dns {
namespace {

/// What of a TSIG record is neither its owner nor its MAC, as it stands in the digest.
struct variables {
    std::string key;        ///< lower case wire
    std::string algorithm;  ///< lower case wire
    std::uint64_t time = 0; ///< seconds of 1970, 48 bits
    unsigned fudge = 0;
    unsigned error = 0;
    std::string other;
};

void put_u48(std::string& out, std::uint64_t value) {
    put_u16(out, static_cast<unsigned>(value >> 32U & 0xFFFFU));
    put_u32(out, static_cast<std::uint32_t>(value & 0xFFFFFFFFU));
}

std::uint64_t read_u48(wire_reader& in) {
    const std::uint64_t high = in.u16();
    return high << 32U | in.u32();
}

std::uint64_t seconds_of(wall_time when) {
    return static_cast<std::uint64_t>(std::chrono::floor<seconds>(when).time_since_epoch().count());
}

std::string time_text(std::uint64_t when) {
    // A foreign 48 bit number: the year 9999 is late enough, and can be written.
    constexpr std::uint64_t last = 253402300799;
    return format_time(wall_time(seconds(std::min(when, last))));
}

std::string algorithm_wire(tsig_key::algorithm how) {
    switch (how) {
    case tsig_key::algorithm::hmac_sha256:
        return *name_to_wire("hmac-sha256");
    case tsig_key::algorithm::hmac_sha384:
        return *name_to_wire("hmac-sha384");
    case tsig_key::algorithm::hmac_sha512:
        break;
    }
    return *name_to_wire("hmac-sha512");
}

crypto::hash hash_of(tsig_key::algorithm how) {
    switch (how) {
    case tsig_key::algorithm::hmac_sha256:
        return crypto::hash::sha256;
    case tsig_key::algorithm::hmac_sha384:
        return crypto::hash::sha384;
    case tsig_key::algorithm::hmac_sha512:
        break;
    }
    return crypto::hash::sha512;
}

/// RFC 8945 section 4.3: of an answer, the request's MAC goes first.
std::string mac_of(std::string_view packet, const variables& with, const tsig_key& key,
                   std::string_view request_mac) {
    std::string digest;
    if (!request_mac.empty()) {
        put_u16(digest, static_cast<unsigned>(request_mac.size()));
        digest += request_mac;
    }
    digest += packet;
    digest += with.key;
    put_u16(digest, class_any);
    put_u32(digest, 0);
    digest += with.algorithm;
    put_u48(digest, with.time);
    put_u16(digest, with.fudge);
    put_u16(digest, with.error);
    put_u16(digest, static_cast<unsigned>(with.other.size()));
    digest += with.other;
    return crypto::hmac(hash_of(key.how), key.secret, digest);
}

std::unexpected<error> not_good(std::string why) {
    return fail(errc::protocol, "a DNS server's answer is not signed as the request was: " + std::move(why));
}

std::unexpected<error> clocks_differ(std::uint64_t server, wall_time now) {
    const auto ours = seconds_of(now);
    const auto apart = server > ours ? server - ours : ours - server;
    return fail(
        errc::out_of_time,
        fmt::format("the clocks of this machine and of the DNS server do not agree (BADTIME): here it is "
                    "{}, there {}, and {} s apart are too many for a signed update; set the clock of "
                    "the one that is wrong (chrony, systemd-timesyncd)",
                    time_text(ours), time_text(server), apart));
}

/// Nobody can sign these: the server has no key in common with us.
std::unexpected<error> key_refused(unsigned code, const tsig_key& key) {
    const auto name = to_string(static_cast<dns_rcode>(code));
    const auto* why = code == static_cast<unsigned>(dns_rcode::bad_key)
                          ? "it does not know a key of this name with this algorithm"
                      : code == static_cast<unsigned>(dns_rcode::bad_signature)
                          ? "it computes another signature, so its secret is another one"
                          : "it does not like how the signature is made";
    return fail(
        errc::refused,
        fmt::format("the DNS server refuses the TSIG key ({}): {}; compare name, algorithm and secret of "
                    "the key on both sides",
                    name, why),
        key.name);
}

} // namespace

result<signed_packet> sign_packet(std::string packet, const tsig_key& key, wall_time now) {
    const auto name = name_to_wire(key.name);
    if (!name || key.name.empty() || key.secret.empty()) {
        return fail(errc::invalid_argument, "a TSIG key needs a DNS name and a secret", key.name);
    }
    variables with;
    with.key = lower_name(*name);
    with.algorithm = algorithm_wire(key.how);
    with.time = seconds_of(now);
    with.fudge = static_cast<unsigned>(tsig_fudge.count());
    signed_packet out;
    out.mac = mac_of(packet, with, key, {});

    std::string data = with.algorithm;
    put_u48(data, with.time);
    put_u16(data, with.fudge);
    put_u16(data, static_cast<unsigned>(out.mac.size()));
    data += out.mac;
    wire_reader header(packet);
    put_u16(data, header.u16());
    put_u16(data, 0);
    put_u16(data, 0);

    wire_reader count(packet, 10);
    const unsigned additional = count.u16();
    packet += with.key;
    put_u16(packet, type_tsig);
    put_u16(packet, class_any);
    put_u32(packet, 0);
    put_u16(packet, static_cast<unsigned>(data.size()));
    packet += data;
    set_u16(packet, 10, additional + 1);
    out.bytes = std::move(packet);
    return out;
}

result<void> check_signature(std::string_view bytes, const raw_packet& packet, const signed_packet& request,
                             const tsig_key& key, wall_time now) {
    if (!packet.tsig) {
        return not_good(
            fmt::format("it has no signature at all, and says {}; does the server allow updates with a "
                        "TSIG key for this zone?",
                        to_string(static_cast<dns_rcode>(packet.rcode()))));
    }
    const raw_record& record = *packet.tsig;
    wire_reader in(bytes.substr(0, record.data + record.length), record.data);
    variables with;
    with.key = lower_name(record.owner);
    with.algorithm = lower_name(in.name());
    with.time = read_u48(in);
    with.fudge = in.u16();
    const auto mac = in.take(in.u16());
    const unsigned original_id = in.u16();
    with.error = in.u16();
    with.other = in.take(in.u16());
    if (!in.good() || in.left() != 0 || record.record_class != class_any || record.ttl != 0) {
        return not_good("its signature record is garbled");
    }
    const auto name = name_to_wire(key.name);
    if (!name || with.key != lower_name(*name) || with.algorithm != algorithm_wire(key.how)) {
        return not_good("with another key or algorithm");
    }
    constexpr unsigned bad_truncation = 22;
    if (with.error == static_cast<unsigned>(dns_rcode::bad_key) ||
        with.error == static_cast<unsigned>(dns_rcode::bad_signature) || with.error == bad_truncation) {
        return key_refused(with.error, key);
    }
    // What was signed is the packet as it was before the signature was put behind it.
    std::string before(bytes.substr(0, record.start));
    wire_reader count(before, 10);
    set_u16(before, 10, static_cast<unsigned>(count.u16()) - 1U);
    set_u16(before, 0, original_id);
    if (!crypto::same_mac(mac, mac_of(before, with, key, request.mac))) {
        return not_good("the signature is wrong");
    }
    if (with.error == static_cast<unsigned>(dns_rcode::bad_time)) {
        wire_reader other(with.other);
        const auto server = read_u48(other);
        return clocks_differ(other.good() ? server : with.time, now);
    }
    if (with.error != 0) {
        return not_good("the server says " + to_string(static_cast<dns_rcode>(with.error)));
    }
    const auto ours = seconds_of(now);
    const auto apart = with.time > ours ? with.time - ours : ours - with.time;
    if (apart > std::min<std::uint64_t>(with.fudge, static_cast<std::uint64_t>(tsig_fudge.count()))) {
        return clocks_differ(with.time, now);
    }
    return {};
}

} // namespace evercert::dns
