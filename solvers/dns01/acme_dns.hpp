#pragma once
// acme-dns: github.com/joohoi/acme-dns, the update endpoint. A server that does nothing but answer for TXT
// records to which CNAMEs lead. It keeps the two values that were written last, and there is nothing to
// remove.
#include "solvers/dns01/api_operation.hpp"
#include "solvers/dns01/provider.hpp"

#include <memory>

namespace evercert::solvers {

struct acme_dns_settings {
    /// JSON: either what /register answered (username, password, fulldomain, subdomain), for all names, or,
    /// as acme-dns-client and lego store them, such objects by the name that is proven ("example.com").
    secret_source accounts;
    std::string endpoint;    ///< empty: `server_url` of each account
    bool allow_http = false; ///< http also to a host that is not known to be private
    api_timing timing;
};

/// errc::invalid_argument if the settings cannot work.
result<std::unique_ptr<dns_provider>> make_acme_dns(const api_world& world, acme_dns_settings settings);

} // namespace evercert::solvers
