#pragma once
// What core asks of HTTP. The implementation (core/net) does TLS, pooling, limits and proxies.
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evercert {

using http_header = std::pair<std::string, std::string>;

struct http_request {
    std::string method = "GET"; ///< GET, HEAD, POST, PUT, PATCH or DELETE
    std::string url;            ///< absolute https URL; http too if `allow_http`
    std::vector<http_header> headers;
    std::string body;
    std::size_t body_limit = 1024 * 1024; ///< a longer response body is errc::too_large
    milliseconds deadline = seconds(30);  ///< for the whole exchange: lookup, connect, handshake, both bodies
    /// Plain http is enough: what comes is signed (CRLs), or an operator said so of an API of their own.
    /// Never for ACME.
    bool allow_http = false;
    std::string_view purpose; ///< a word of ours for what it is about, if it is measured; a literal

    http_request() = default;
    http_request(std::string m, std::string u) : method(std::move(m)), url(std::move(u)) {}
};

struct http_response {
    unsigned status = 0;
    std::vector<http_header> headers;
    std::string body;

    /// First value of a header, or empty. Names compare without case.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
    [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
};

class http_client {
public:
    virtual ~http_client() = default;
    /// One exchange; never follows redirects. Any HTTP status is a value. Errors: errc::invalid_argument (URL
    /// or header not sendable), network, tls, timed_out, too_large, protocol. Cancelling the coroutine closes
    /// its connection.
    virtual awaitable<result<http_response>> send(http_request request) = 0;
};

} // namespace evercert
