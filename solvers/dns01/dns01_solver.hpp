#pragma once
// dns-01 (RFC 8555 section 8.4) and dns-account-01 (draft-ietf-acme-dns-account-label): TXT records through a
// provider.
#include "core/base/time.hpp"
#include "core/ports/dns_client.hpp"
#include "core/ports/event_sink.hpp"
#include "core/ports/solver.hpp"
#include "solvers/dns01/provider.hpp"

#include <memory>

namespace evercert::solvers {

enum class propagation_check {
    enforce, ///< the CA is asked only when every authoritative server shows the record
    warn,    ///< it is asked then, or when the patience has ended, with an event
    off
};

struct dns01_settings {
    bool per_account = false; ///< dns-account-01
    propagation_check check = propagation_check::enforce;
    milliseconds patience = std::chrono::minutes(2); ///< with servers that do not show the record
    milliseconds pace = seconds(2);                  ///< between looks
    milliseconds settling{0};                        ///< wait after the last look, for caches
};

/// All references must outlive the solver.
struct dns01_parts {
    dns_client& dns;
    time_source& time;
    event_sink& events;
};

/// The record is made in wait_ready, which is the slow part, and the CNAMEs from the name the CA asks for are
/// followed before, if the provider wants that.
std::unique_ptr<solver> make_dns01_solver(std::unique_ptr<dns_provider> provider, dns01_parts parts,
                                          dns01_settings settings);

} // namespace evercert::solvers
