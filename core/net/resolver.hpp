#pragma once
// Host names to addresses, off the loop: getaddrinfo blocks for as long as it likes.
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string>
#include <vector>

namespace evercert::net {

using addresses = std::vector<asio::ip::tcp::endpoint>;

/// Up to four lookups run at once, each on a thread of its own that ends when there is nothing left to look
/// up; further ones wait their turn. Callers that ask for the same name at the same time share a lookup. A
/// lookup that hangs outlives its callers and the resolver without harm: nobody waits for its thread. Lives
/// on the loop thread.
class resolver {
public:
    explicit resolver(const asio::any_io_executor& executor);
    ~resolver();
    resolver(const resolver&) = delete;
    resolver& operator=(const resolver&) = delete;

    /// Addresses, families in turn, in the order the system prefers them. IP literals need no lookup. Errors:
    /// network, timed_out. The resolver must outlive the call.
    awaitable<result<addresses>> resolve(std::string host, std::uint16_t port, steady_time deadline);

private:
    struct state;
    std::shared_ptr<state> state_;
};

/// The same addresses with IPv6 and IPv4 in turn, beginning with the family of the first.
addresses interleaved(addresses list);

} // namespace evercert::net
