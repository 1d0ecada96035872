#include "core/dns/update.hpp"

#include "core/base/text.hpp"
#include "core/dns/packet.hpp"

namespace evercert::dns {
namespace {

result<void> put_text(std::string& packet, const dns_update::text& text, bool add) {
    auto name = name_to_wire(text.name);
    if (!name) {
        return fail(std::move(name.error()));
    }
    if (text.value.size() > 255) {
        return fail(errc::invalid_argument, "a TXT value of more than 255 bytes cannot be written",
                    text.name);
    }
    packet += *name;
    put_u16(packet, static_cast<unsigned>(dns_type::txt));
    put_u16(packet, add ? class_in : class_none); // RFC 2136 sections 2.5.1 and 2.5.4
    put_u32(packet, add ? text.ttl & 0x7FFFFFFFU : 0U);
    put_u16(packet, static_cast<unsigned>(text.value.size()) + 1U);
    packet.push_back(static_cast<char>(text.value.size()));
    packet += text.value;
    return {};
}

} // namespace

result<std::string> make_update(const dns_update& what, unsigned id) {
    const auto zone = name_to_wire(what.zone);
    if (!zone) {
        return fail(zone.error());
    }
    if (what.add.size() + what.remove.size() > 500) {
        return fail(errc::invalid_argument, "an update of more than 500 records is too long for one packet");
    }
    std::string packet;
    put_u16(packet, id);
    put_u16(packet, opcode_update << 11U);
    put_u16(packet, 1);
    put_u16(packet, 0);
    put_u16(packet, static_cast<unsigned>(what.add.size() + what.remove.size()));
    put_u16(packet, 0);
    packet += *zone;
    put_u16(packet, static_cast<unsigned>(dns_type::soa));
    put_u16(packet, class_in);
    for (const auto& [list, add] : {std::pair(&what.remove, false), std::pair(&what.add, true)}) {
        for (const auto& text : *list) {
            if (auto put = put_text(packet, text, add); !put) {
                return fail(std::move(put.error()));
            }
        }
    }
    if (packet.size() > 65000) {
        return fail(errc::invalid_argument, "an update of more than 65000 bytes is too long for one packet");
    }
    return packet;
}

bool answers_update(std::string_view update, std::string_view bytes) {
    wire_reader asked(update);
    wire_reader got(bytes);
    const unsigned id = asked.u16();
    const unsigned got_id = got.u16();
    const unsigned flags = got.u16();
    const unsigned zones = got.u16();
    if (!got.good() || got_id != id || (flags & flag::response) == 0 || opcode_of(flags) != opcode_update) {
        return false;
    }
    if (zones == 0) {
        return true;
    }
    wire_reader name(update, header_size);
    const std::size_t size = name.name(false).size() + 4;
    return zones == 1 && name.good() && name.left() >= 4 && bytes.size() >= header_size &&
           equals_ignoring_case(update.substr(header_size, size), bytes.substr(header_size, size));
}

} // namespace evercert::dns
