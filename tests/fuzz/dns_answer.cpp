// What DNS servers answer: a value or an error, names that mislead nobody, and no more than was sent.
#include "core/dns/message.hpp"
#include "core/dns/tsig.hpp"
#include "core/dns/update.hpp"
#include "core/dns/wire.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace evercert;

namespace {

void check_name(const std::string& name) {
    for (const char c : name) {
        if (c <= ' ' || c > '~' || (c >= 'A' && c <= 'Z')) {
            std::abort();
        }
    }
    const auto wire = dns::name_to_wire(name);
    if (!wire || dns::name_to_text(*wire) != name) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto read = dns::parse_answer(bytes)) {
        std::size_t values = 0;
        for (const auto* section :
             {&read->answer.answers, &read->answer.authority, &read->answer.additional}) {
            for (const dns_record& r : *section) {
                check_name(r.name);
                if (r.type == dns_type::ns || r.type == dns_type::cname || r.type == dns_type::soa) {
                    check_name(r.value);
                } else if (r.type == dns_type::txt) {
                    values += r.value.size();
                }
            }
        }
        if (values > size) {
            std::abort();
        }
    }
    (void)dns::answers_to(bytes.substr(0, size / 2), bytes.substr(size / 2));
    (void)dns::answers_update(bytes.substr(0, size / 2), bytes.substr(size / 2));
    if (const auto packet = dns::walk_packet(bytes)) {
        tsig_key key;
        key.name = "k";
        key.secret = "secret";
        dns::signed_packet request;
        request.mac = "mac";
        if (dns::check_signature(bytes, *packet, request, key, wall_time(seconds(1'700'000'000)))) {
            std::abort(); // nobody guesses a MAC
        }
    }
    return 0;
}
