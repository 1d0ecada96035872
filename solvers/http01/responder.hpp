#pragma once
// What one request to the listener is answered with: no I/O, no clock.
#include "core/net/http_server.hpp"
#include "solvers/http01/token_table.hpp"

namespace evercert::solvers {

struct response_and_answer {
    net::server_response response;
    const token_table::answer* fetched =
        nullptr; ///< set when a CA (or somebody else) was given this answer by GET
};

/// A live (host, token) is answered with its key authorization (RFC 8555 section 8.3); everything else with
/// one constant 404, or, with `redirect_to_https`, a 308 for what is no challenge path.
response_and_answer respond(const token_table& table, bool redirect_to_https,
                            const net::server_request& request);

} // namespace evercert::solvers
