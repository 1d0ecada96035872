#pragma once
// The dns_client on real sockets.
#include "core/base/async.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/dns/exchange.hpp"
#include "core/ports/dns_client.hpp"

#include <memory>
#include <string>
#include <vector>

namespace evercert::dns {

struct client_settings {
    std::vector<endpoint> resolvers;          ///< none: those of `resolv_conf`
    milliseconds patience = default_patience; ///< for one turn with one server
    std::string resolv_conf = "/etc/resolv.conf";
};

/// `resolve` asks one resolver after another: the next when one is silent, cannot be reached, or answers
/// SERVFAIL, REFUSED or nothing sensible. If none does better, what the first of them that answered said is
/// the answer; nobody's answer: the first error. Equal questions at the same time are asked once. Nothing is
/// kept. Random numbers guard answers against forgery: `random` must be the system's. Time and chance must
/// outlive the client, and the client its calls; all on the loop thread.
std::unique_ptr<dns_client> make_dns_client(const asio::any_io_executor& executor, time_source& time,
                                            random_source& random, client_settings settings = {});

} // namespace evercert::dns
