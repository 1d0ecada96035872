#include "core/ports/dns_client.hpp"

#include <fmt/format.h>

namespace evercert {

std::string_view to_string(dns_type type) noexcept {
    switch (type) {
    case dns_type::a:
        return "A";
    case dns_type::ns:
        return "NS";
    case dns_type::cname:
        return "CNAME";
    case dns_type::soa:
        return "SOA";
    case dns_type::txt:
        return "TXT";
    case dns_type::aaaa:
        return "AAAA";
    case dns_type::caa:
        return "CAA";
    }
    return "an unknown type";
}

std::string to_string(dns_rcode code) {
    switch (code) {
    case dns_rcode::no_error:
        return "NOERROR";
    case dns_rcode::format_error:
        return "FORMERR";
    case dns_rcode::server_failure:
        return "SERVFAIL";
    case dns_rcode::name_error:
        return "NXDOMAIN";
    case dns_rcode::not_implemented:
        return "NOTIMP";
    case dns_rcode::refused:
        return "REFUSED";
    case dns_rcode::not_authorised:
        return "NOTAUTH";
    case dns_rcode::not_zone:
        return "NOTZONE";
    case dns_rcode::bad_signature:
        return "BADSIG";
    case dns_rcode::bad_key:
        return "BADKEY";
    case dns_rcode::bad_time:
        return "BADTIME";
    }
    return fmt::format("rcode {}", static_cast<unsigned>(code));
}

} // namespace evercert
