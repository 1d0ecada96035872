#pragma once
// A service of the operator's own, spoken to as lego's provider of this name does
// (go-acme.github.io/lego/dns/httpreq): POST /present and /cleanup with a JSON body.
#include "solvers/dns01/api_operation.hpp"
#include "solvers/dns01/provider.hpp"

#include <memory>

namespace evercert::solvers {

struct httpreq_settings {
    std::string endpoint;    ///< what is before "/present"
    bool allow_http = false; ///< http also to a host that is not known to be private
    /// Default: {"fqdn":"_acme-challenge.example.com.","value":"..."}, the name after its CNAMEs. Raw:
    /// {"domain":"example.com","token":"...","keyAuth":"..."}; the service does the rest, CNAMEs too.
    bool raw = false;
    std::string user; ///< basic authentication, if there are a user and a password
    secret_source password;
    api_timing timing;
};

/// errc::invalid_argument if the settings cannot work.
result<std::unique_ptr<dns_provider>> make_httpreq(const api_world& world, httpreq_settings settings);

} // namespace evercert::solvers
