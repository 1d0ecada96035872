#pragma once
// dns-persist-01 (draft-ietf-acme-dns-persist): a TXT record that an operator has published once. Nothing is
// written here; it is looked at before the CA is asked.
#include "core/base/time.hpp"
#include "core/ports/dns_client.hpp"
#include "core/ports/event_sink.hpp"
#include "core/ports/solver.hpp"
#include "solvers/dns01/dns01_solver.hpp"

#include <memory>

namespace evercert::solvers {

struct dns_persist01_settings {
    propagation_check check = propagation_check::enforce;
    milliseconds patience =
        std::chrono::minutes(2);    ///< with servers that lag behind others, or do not answer
    milliseconds pace = seconds(5); ///< between looks
};

/// All references must outlive the solver.
struct dns_persist01_parts {
    dns_client& dns;
    time_source& time;
    event_sink& events;
};

/// present() fails when the CA has not said enough for a record. wait_ready() fails at once with
/// errc::not_found when no server has a record that proves the name: only a person can mend that. Patience
/// that ended is errc::refused. The error says what each server has, and the line to publish.
std::unique_ptr<solver> make_dns_persist01_solver(dns_persist01_parts parts, dns_persist01_settings settings);

} // namespace evercert::solvers
