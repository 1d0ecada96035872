#pragma once
// One request to evercert-deploy.
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/ports/event_sink.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <memory>
#include <string>

namespace evercert::daemon {

/// The connection, which whoever began the exchange can close: it ends then with errc::cancelled.
using helper_connection = std::shared_ptr<asio::local::stream_protocol::socket>;

/// Asks for `certificate` and waits for the result; what is told on the way goes to `events`. The result is
/// that of the deployment, or errc::network (nobody there; it went away), errc::timed_out, errc::too_large or
/// errc::protocol, each with the socket's path. Cancelling the coroutine throws, as in Asio. `events` must
/// outlive it.
awaitable<result<void>> ask_helper(helper_connection connection, std::string path, std::string certificate,
                                   milliseconds deadline, event_sink& events);

} // namespace evercert::daemon
