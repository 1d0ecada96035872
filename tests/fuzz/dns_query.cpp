// What strangers ask our own responder: a verdict, and a reply that is itself a whole packet of the size
// allowed.
#include "core/dns/message.hpp"
#include "core/dns/packet.hpp"
#include "core/dns/query.hpp"
#include "core/dns/reply.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace evercert;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto read = dns::parse_query(bytes);
    if (read.what == dns::verdict::drop) {
        return 0;
    }
    static const auto txt = dns::txt_record("_acme-challenge.example.com", 1, std::string(300, 'x')).value();
    static const auto soa =
        dns::soa_record("example.com", 1, "ns.example.com", "a.example.com", dns::zone_numbers()).value();
    dns::reply what;
    if (read.what == dns::verdict::good) {
        what.answers = {&txt, &txt, &txt};
        what.authority = {&soa};
    }
    const auto reply = read.what == dns::verdict::good ? dns::make_reply(read.asked, what, dns::over::udp)
                                                       : dns::make_refusal(read);
    const auto packet = dns::walk_packet(reply);
    if (!packet || packet->end != reply.size() || reply.size() > dns::udp_payload ||
        (!read.asked.edns && reply.size() > 512)) {
        std::abort();
    }
    if (read.what == dns::verdict::good &&
        (dns::answers_to(bytes, reply) != dns::belongs::yes || !dns::parse_answer(reply))) {
        std::abort();
    }
    return 0;
}
