#pragma once
// Carries one packet to a server and brings back the one that answers it. Knows sockets, and nothing of what
// the bytes mean.
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/model/endpoint.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace evercert::dns {

/// Says whether these bytes are the answer; what is not is passed over.
using judge = std::function<bool(std::string_view)>;

/// From a socket of its own, so from a port that nobody can know, connected, so that only that server is
/// heard. Sent three times if need be. Errors: invalid_argument (no IP address), network (no way there, or
/// nobody listens), timed_out. Cancelling the coroutine closes the socket.
awaitable<result<std::string>> ask_udp(endpoint server, std::string packet, judge accept,
                                       milliseconds patience);

/// The same over TCP; there an answer that is not accepted is errc::protocol at once.
awaitable<result<std::string>> ask_tcp(endpoint server, std::string packet, judge accept,
                                       milliseconds patience);

} // namespace evercert::dns
