#include "core/dns/reply.hpp"

#include "core/dns/packet.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <initializer_list>

namespace evercert::dns {
namespace {

constexpr std::size_t edns_size = 11;
constexpr std::size_t longest_packet = 65535;

result<reply_record> begin(std::string_view owner, dns_type type, std::uint32_t ttl) {
    const auto wire = name_to_wire(owner);
    if (!wire) {
        return fail(wire.error());
    }
    reply_record record;
    record.owner = lower_name(*wire);
    record.type = static_cast<std::uint16_t>(type);
    record.ttl = ttl & 0x7FFFFFFFU;
    return record;
}

/// Adds names to the data; the first that is none is the error.
result<reply_record> with_names(result<reply_record> record, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        if (record) {
            const auto wire = name_to_wire(name);
            if (!wire) {
                return fail(wire.error());
            }
            record->data += lower_name(*wire);
        }
    }
    return record;
}

/// Puts a name, as a pointer into the question where its end is the question's: the only name there is when
/// an answer is written.
void put_name(std::string& packet, std::string_view name, std::string_view question) {
    for (std::size_t at = 0; at < name.size() && name[at] != 0;
         at += 1 + static_cast<unsigned char>(name[at])) {
        const auto rest = name.substr(at);
        if (rest.size() <= question.size() && question.ends_with(rest)) {
            // Bytes that end alike need not be labels that do.
            std::size_t label = 0;
            const std::size_t place = question.size() - rest.size();
            while (label < place) {
                label += 1 + static_cast<std::size_t>(static_cast<unsigned char>(question[label]));
            }
            if (label == place) {
                packet += name.substr(0, at);
                put_u16(packet, static_cast<unsigned>(0xC000U | (header_size + place)));
                return;
            }
        }
    }
    packet += name;
}

bool put_record(std::string& packet, const reply_record& record, std::string_view question,
                std::size_t limit) {
    const std::size_t before = packet.size();
    put_name(packet, record.owner, question);
    put_u16(packet, record.type);
    put_u16(packet, class_in);
    put_u32(packet, record.ttl);
    put_u16(packet, static_cast<unsigned>(record.data.size()));
    packet += record.data;
    if (packet.size() > limit || record.data.size() > 0xFFFF) {
        packet.resize(before);
        return false;
    }
    return true;
}

} // namespace

result<reply_record> txt_record(std::string_view owner, std::uint32_t ttl, std::string_view value) {
    auto record = begin(owner, dns_type::txt, ttl);
    if (!record) {
        return record;
    }
    if (value.size() > 60000) {
        return fail(errc::invalid_argument, "a TXT value of more than 60000 bytes fits into no DNS packet");
    }
    do {
        const auto part = value.substr(0, 255);
        value.remove_prefix(part.size());
        record->data.push_back(static_cast<char>(part.size()));
        record->data += part;
    } while (!value.empty());
    return record;
}

result<reply_record> address_record(std::string_view owner, std::uint32_t ttl, std::string_view address) {
    const bool six = address.find(':') != std::string_view::npos;
    auto record = begin(owner, six ? dns_type::aaaa : dns_type::a, ttl);
    if (!record) {
        return record;
    }
    record->data.assign(six ? 16 : 4, '\0');
    const std::string text(address);
    if (::inet_pton(six ? AF_INET6 : AF_INET, text.c_str(), record->data.data()) != 1) {
        return fail(errc::invalid_argument, "this is not an IP address", text);
    }
    return record;
}

result<reply_record> ns_record(std::string_view owner, std::uint32_t ttl, std::string_view server) {
    return with_names(begin(owner, dns_type::ns, ttl), {server});
}

result<reply_record> soa_record(std::string_view owner, std::uint32_t ttl, std::string_view primary,
                                std::string_view mailbox, zone_numbers numbers) {
    auto record = with_names(begin(owner, dns_type::soa, ttl), {primary, mailbox});
    if (record) {
        for (const std::uint32_t n :
             {numbers.serial, numbers.refresh, numbers.retry, numbers.expire, numbers.negative_ttl}) {
            put_u32(record->data, n);
        }
    }
    return record;
}

result<reply_record> caa_record(std::string_view owner, std::uint32_t ttl, bool critical,
                                std::string_view tag, std::string_view value) {
    auto record = begin(owner, dns_type::caa, ttl);
    const bool plain = std::all_of(tag.begin(), tag.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
    if (tag.empty() || tag.size() > 255 || !plain || value.size() > 4096) {
        return fail(errc::invalid_argument,
                    "a CAA record wants a tag of letters and digits, and a short value");
    }
    if (record) {
        record->data.push_back(static_cast<char>(critical ? 0x80 : 0));
        record->data.push_back(static_cast<char>(tag.size()));
        record->data += tag;
        record->data += value;
    }
    return record;
}

std::string make_reply(const query& asked, const reply& what, over path) {
    const std::size_t wanted = std::min<std::size_t>(asked.edns ? asked.payload : 512U, udp_payload);
    const std::size_t limit = (path == over::tcp ? longest_packet : std::max<std::size_t>(wanted, 512)) -
                              (asked.edns ? edns_size : 0);
    // Pointers lead into the question as sent: the case of its letters may be another, which names do not
    // mind.
    const std::string question = lower_name(asked.name_wire);
    const auto code = static_cast<unsigned>(what.code);

    std::string packet;
    packet.reserve(512);
    unsigned flags = flag::response | static_cast<unsigned>(asked.opcode) << 11U | (code & 0xFU);
    flags |= what.authoritative ? flag::authoritative : 0U;
    flags |= asked.recursion_desired ? flag::recursion_desired : 0U;
    flags |= asked.checking_disabled ? flag::checking_disabled : 0U;
    put_u16(packet, asked.id);
    put_u16(packet, flags);
    put_u16(packet, asked.has_question ? 1U : 0U);
    put_u32(packet, 0);
    put_u16(packet, 0);
    if (asked.has_question) {
        packet += asked.name_wire;
        put_u16(packet, asked.type);
        put_u16(packet, asked.record_class);
    }
    bool fits = true;
    std::size_t count_at = 6;
    for (const auto* section : {&what.answers, &what.authority}) {
        unsigned count = 0;
        for (const reply_record* record : *section) {
            fits = fits && put_record(packet, *record, question, limit);
            count += fits ? 1U : 0U;
        }
        set_u16(packet, count_at, count);
        count_at += 2;
    }
    if (!fits) {
        set_u16(packet, 2, flags | flag::truncated);
    }
    unsigned additional = 0;
    for (const reply_record* record : what.additional) {
        additional += fits && put_record(packet, *record, question, limit) ? 1U : 0U;
    }
    if (asked.edns) {
        packet.push_back('\0');
        put_u16(packet, type_opt);
        put_u16(packet, udp_payload);
        put_u32(packet, code >> 4U << 24U | (asked.dnssec_ok ? 0x8000U : 0U));
        put_u16(packet, 0);
        ++additional;
    }
    set_u16(packet, 10, additional);
    return packet;
}

std::string make_refusal(const read_query& read) {
    reply what;
    what.code = rcode_of(read.what);
    what.authoritative = false;
    return make_reply(read.asked, what, over::udp);
}

std::string make_truncated(std::string_view packet) {
    const read_query read = parse_query(packet);
    if (read.what != verdict::good) {
        return {};
    }
    reply nothing;
    nothing.authoritative = false;
    std::string out = make_reply(read.asked, nothing, over::udp);
    set_u16(out, 2, wire_reader(out, 2).u16() | flag::truncated);
    return out;
}

} // namespace evercert::dns
