#include "core/dns/packet.hpp"

namespace evercert::dns {

unsigned raw_packet::rcode() const noexcept {
    const unsigned upper = edns ? edns->ttl >> 24U : 0U;
    return upper << 4U | (flags & 0xFU);
}

result<raw_packet> walk_packet(std::string_view bytes, std::size_t most_records) {
    const auto garbled = [](const char* what) {
        return fail(errc::protocol, std::string("a DNS packet is garbled: ") + what);
    };
    raw_packet packet;
    wire_reader in(bytes);
    packet.id = in.u16();
    packet.flags = in.u16();
    packet.questions = in.u16();
    const unsigned answers = in.u16();
    const unsigned authority = in.u16();
    const unsigned additional = in.u16();
    if (!in.good()) {
        return garbled("it ends within its header");
    }
    // More cannot fit, and nobody may make us try.
    if (std::size_t{answers} + authority + additional > most_records || packet.questions > most_records) {
        return garbled("it announces too many records");
    }
    for (unsigned i = 0; i < packet.questions; ++i) {
        (void)in.name();
        (void)in.u32();
        if (!in.good()) {
            return garbled("its question does not fit");
        }
    }
    packet.question_end = in.at();

    const auto next = [&](raw_record& record) {
        record.start = in.at();
        record.owner = in.name();
        record.type = in.u16();
        record.record_class = in.u16();
        record.ttl = in.u32();
        record.length = in.u16();
        record.data = in.at();
        (void)in.take(record.length);
        return in.good();
    };
    const auto section = [&](unsigned count, std::vector<raw_record>& into) {
        for (unsigned i = 0; i < count; ++i) {
            raw_record record;
            if (!next(record)) {
                return false;
            }
            into.push_back(std::move(record));
        }
        return true;
    };
    if (!section(answers, packet.answers) || !section(authority, packet.authority)) {
        return garbled("a record does not fit");
    }
    for (unsigned i = 0; i < additional; ++i) {
        raw_record record;
        if (!next(record)) {
            return garbled("an additional record does not fit");
        }
        if (packet.tsig) {
            return garbled("something stands behind its signature");
        }
        if (record.type == type_tsig) {
            packet.tsig = std::move(record);
        } else if (record.type != type_opt) {
            packet.additional.push_back(std::move(record));
        } else if (packet.edns || record.owner.size() != 1) {
            return garbled("its EDNS record is not one of the root's, or not the only one");
        } else {
            packet.edns = std::move(record);
        }
    }
    packet.end = in.at();
    return packet;
}

} // namespace evercert::dns
