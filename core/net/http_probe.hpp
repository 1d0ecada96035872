#pragma once
// One look at what a web server answers, as a CA's http-01 check does it (RFC 8555 section 8.3).
#include "core/base/async.hpp"
#include "core/base/time.hpp"
#include "core/model/endpoint.hpp"
#include "core/net/probe_error.hpp"
#include "core/net/url.hpp"

#include <string>

namespace evercert::net {

struct http_look {
    endpoint where; ///< asked whatever the name in `what` stands for
    url what;       ///< from parse_url: its host goes into Host and SNI
    milliseconds deadline = seconds(5);

    http_look(endpoint e, url u, milliseconds d) : where(std::move(e)), what(std::move(u)), deadline(d) {}
};

/// All texts are foreign.
struct http_sight {
    unsigned status = 0;
    std::string location;
    std::string server;
    std::string body; ///< its first 4 KiB at most; only read on for status 200
    bool cut = false; ///< there is more of it
};

/// One GET, past all proxies, on a connection of its own, TLS (any certificate) if the URL is https. Reads no
/// more than 32 KiB of header. Cancelling closes the connection.
awaitable<probe_result<http_sight>> probe_http(http_look look);

} // namespace evercert::net
