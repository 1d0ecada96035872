#pragma once
// One question to a program on this machine: bytes to a Unix socket, and all that comes back.
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"

#include <string>
#include <string_view>

namespace evercert::net {

struct local_question {
    std::string socket; ///< path
    /// What is sent. Not copied, so that whoever owns it can wipe it: must outlive the exchange.
    std::string_view bytes;
    std::size_t answer_limit = 64 * 1024;
    milliseconds deadline = seconds(5);

    local_question() = default;
    local_question(std::string path, std::string_view what, std::size_t limit, milliseconds time)
        : socket(std::move(path)), bytes(what), answer_limit(limit), deadline(time) {}
};

/// What the peer says until it closes the connection. Errors: not_found (no such socket), refused (nobody
/// listens on it, or we may not), timed_out, too_large, network. A peer that takes no more bytes may have
/// answered all the same: then that is the answer.
awaitable<result<std::string>> ask_local(local_question what);

} // namespace evercert::net
