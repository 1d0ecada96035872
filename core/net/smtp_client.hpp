#pragma once
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/model/endpoint.hpp"

#include <string>
#include <vector>

namespace evercert::net {

struct mail_delivery {
    endpoint server;
    std::string our_name; ///< for EHLO
    std::string from;     ///< envelope: addr-specs without brackets
    std::vector<std::string> to;
    std::string message; ///< RFC 5322, 7 bit; lines end with "\n"
    milliseconds deadline = seconds(30);
    /// As long as one recipient is refused for now (4xx), nobody gets it, so that none gets it twice. Else
    /// such a refusal is like one for good.
    bool all_or_none = true;
};

/// Hands one mail to a server that takes it from this machine as it is, without TLS and login: the one beside
/// us, or a relay of the house (RFC 5321). Returns what the server said of recipients it refuses while it
/// took the mail for others: foreign text, empty if it took all. Errors: invalid_argument (an address or a
/// line that cannot be sent), network, timed_out, protocol, busy (it does not take mail now: 4xx), refused
/// (5xx: it will not). A mail whose last answer was lost may have been taken. Cancelling the coroutine closes
/// the connection.
awaitable<result<std::string>> send_mail(asio::any_io_executor executor, mail_delivery what);

/// The message as it goes over the wire: CRLF, dots doubled at a line's beginning (section 4.5.2), and the
/// final dot. errc::invalid_argument for control bytes, bytes outside ASCII and lines over 998 (section
/// 4.5.3.1.6).
result<std::string> smtp_data(const std::string& message);

} // namespace evercert::net
