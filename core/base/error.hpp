#pragma once
// What can go wrong in the world, as a value. Exceptions are kept for start-up and for our own mistakes.
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace evercert {

/// What kind of failure it was; callers branch on this, operators read `error::message`.
enum class errc {
    invalid_argument, ///< a value given to us (configuration, command) is not acceptable
    parse,            ///< text that should have had a form did not have it
    io,               ///< a file operation failed; the message names the path and the system's reason
    no_space,         ///< the disk (or quota) is full
    not_found,        ///< the file, key or object asked for does not exist
    exists,           ///< it exists already and must not be replaced
    busy,             ///< held by somebody else: a lock, a port
    timed_out,        ///< our deadline passed before the other side was done
    cancelled,        ///< we gave it up ourselves (shutdown, reload): never reported as a failure
    network,          ///< no connection, or it broke
    tls,              ///< TLS handshake or verification failed
    protocol,         ///< the other side answered, but not what its protocol allows
    too_large,        ///< more bytes than we are willing to hold
    refused,          ///< the other side understood and said no
    out_of_time,      ///< dates that do not fit this machine's clock: one of the two is wrong
    corrupted,        ///< stored data are damaged or do not fit together
    unsupported,      ///< valid, but not something this build can do
    internal,         ///< our own mistake, caught at a task's edge
};

/// Stable lower-case word for logs and JSON ("timed_out").
std::string_view to_string(errc code) noexcept;

/// A failure. `message` is ours and says what was tried, what happened and, where known, the mend.
/// `foreign` is text of another party (a CA, a server, a hook): hostile, to be shown only through `escape`.
struct error {
    errc code = errc::internal;
    std::string message;
    std::string foreign;

    error() = default;
    error(errc c, std::string m, std::string f = {})
        : code(c), message(std::move(m)), foreign(std::move(f)) {}

    /// The same error with "context: " put before the message.
    [[nodiscard]] error within(std::string_view context) const;
    /// message, and the foreign text escaped and cut, in one line for an operator.
    [[nodiscard]] std::string text() const;

    friend bool operator==(const error&, const error&) = default;
};

template <class T>
using result = std::expected<T, error>;

/// `return fail(errc::parse, "...")` from any function that returns a result.
[[nodiscard]] inline std::unexpected<error> fail(errc code, std::string message, std::string foreign = {}) {
    return std::unexpected<error>(std::in_place, code, std::move(message), std::move(foreign));
}
[[nodiscard]] inline std::unexpected<error> fail(error e) {
    return std::unexpected<error>(std::move(e));
}

/// The error of a failed system call: errno's text and a fitting errc (ENOSPC and EDQUOT are no_space).
[[nodiscard]] error system_error(int errno_value, std::string_view what);

} // namespace evercert
