// What strangers ask our own name server: whatever it was, the answer is none, or a whole packet that belongs
// to it and is no longer than allowed, as our own reader sees it.
#include "core/dns/message.hpp"
#include "core/dns/packet.hpp"
#include "core/dns/reply.hpp"
#include "solvers/dns_self/own_zone.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace evercert;

namespace {

solvers::own_zone make_zone() {
    solvers::own_zone_settings how;
    how.nameserver = "ns.acme.example.net";
    how.zone = "acme.example.net";
    how.addresses = {"192.0.2.1", "2001:db8::1"};
    auto zone = solvers::own_zone::make(how).value();
    zone.know({"one.test", "sub.two.test"});
    for (int i = 0; i < 40; ++i) {
        const std::string value(43, static_cast<char>('A' + i % 26));
        if (!zone.add("_acme-challenge.one.test", value + std::to_string(i)) ||
            !zone.add("one.test.acme.example.net", value)) {
            std::abort();
        }
    }
    return zone;
}

void hold_to(bool truth) {
    if (!truth) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const solvers::own_zone zone = make_zone();
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto read = dns::parse_query(bytes);
    const bool good = read.what == dns::verdict::good;
    const std::string datagram = zone.answer(bytes, dns::over::udp);
    const std::string stream = zone.answer(bytes, dns::over::tcp);
    const std::string less = dns::make_truncated(bytes);
    hold_to(datagram.empty() == (read.what == dns::verdict::drop) && datagram.empty() == stream.empty());
    hold_to(less.empty() == !good && less.size() <= size);
    hold_to(datagram.size() <= (read.asked.edns ? dns::udp_payload : 512));
    hold_to(stream.size() <= 0xFFFF && stream.size() >= datagram.size());
    for (const std::string* each : {&datagram, &stream, &less}) {
        if (!each->empty()) {
            const auto packet = dns::walk_packet(*each);
            hold_to(packet && packet->end == each->size() && (packet->flags & dns::flag::response) != 0);
            hold_to(!good ||
                    (dns::answers_to(bytes, *each) == dns::belongs::yes && dns::parse_answer(*each)));
        }
    }
    // Who is not ours gets no more than it sent.
    if (good && dns::walk_packet(datagram)->rcode() == static_cast<unsigned>(dns_rcode::refused)) {
        hold_to(datagram.size() <= size);
    }
    return 0;
}
