#pragma once
// DNS providers as the configuration names them.
#include "config/settings.hpp"
#include "core/ports/dns_client.hpp"
#include "core/ports/process_runner.hpp"
#include "solvers/dns01/api_operation.hpp"
#include "solvers/dns01/provider.hpp"

#include <memory>

namespace evercert::daemon {

/// What providers work with; must outlive them.
struct provider_parts {
    solvers::api_world world;
    dns_client& dns;
    process_runner& processes;
    std::string state_folder; ///< absolute, for what acme.sh scripts save
};

/// An error says which key of the configuration has to change.
result<std::unique_ptr<solvers::dns_provider>> make_dns_provider(const config::dns_challenge& settings,
                                                                 const provider_parts& parts);

} // namespace evercert::daemon
