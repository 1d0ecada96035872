#pragma once
// What stands in the way of a proof, found without the CA: the looks behind core/ports/preflight.hpp.
#include "core/base/random.hpp"
#include "core/ports/dns_client.hpp"
#include "core/ports/http_client.hpp"
#include "core/ports/preflight.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace evercert {

/// Where others are asked. A CA knows no other ports than these: tests do.
struct preflight_ports {
    std::uint16_t http = 80;
    std::uint16_t https = 443;
    std::uint16_t dns = 53;
};

/// All references must outlive the preflight.
struct preflight_parts {
    time_source& time;
    random_source& random;
    dns_client& dns;
    /// The client for an issuer's `trust`; what it gives must outlive the preflight.
    std::function<http_client&(const std::string& trust)> https;
    preflight_ports ports;
    std::size_t at_once = 32; ///< looks side by side; one name has two or three of them

    preflight_parts(time_source& t, random_source& r, dns_client& d,
                    std::function<http_client&(const std::string&)> h)
        : time(t), random(r), dns(d), https(std::move(h)) {}
};

/// Several examinations may go on at once. Sockets live in real time, so `time` must be that too. An
/// examination outlasts its patience only by what the solvers need to clean up.
std::unique_ptr<preflight> make_preflight(preflight_parts parts);

} // namespace evercert
