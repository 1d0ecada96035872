#include "core/base/error.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace evercert {

std::string_view to_string(errc code) noexcept {
    switch (code) {
    case errc::invalid_argument:
        return "invalid_argument";
    case errc::parse:
        return "parse";
    case errc::io:
        return "io";
    case errc::no_space:
        return "no_space";
    case errc::not_found:
        return "not_found";
    case errc::exists:
        return "exists";
    case errc::busy:
        return "busy";
    case errc::timed_out:
        return "timed_out";
    case errc::cancelled:
        return "cancelled";
    case errc::network:
        return "network";
    case errc::tls:
        return "tls";
    case errc::protocol:
        return "protocol";
    case errc::too_large:
        return "too_large";
    case errc::refused:
        return "refused";
    case errc::out_of_time:
        return "out_of_time";
    case errc::corrupted:
        return "corrupted";
    case errc::unsupported:
        return "unsupported";
    case errc::internal:
        return "internal";
    }
    return "internal";
}

error error::within(std::string_view context) const {
    return error(code, fmt::format("{}: {}", context, message), foreign);
}

std::string error::text() const {
    if (foreign.empty()) {
        return message;
    }
    return fmt::format("{} (\"{}\")", message, escape(foreign));
}

error system_error(int errno_value, std::string_view what) {
    errc code = errc::io;
    switch (errno_value) {
    case ENOSPC:
    case EDQUOT:
        code = errc::no_space;
        break;
    case ENOENT:
        code = errc::not_found;
        break;
    case EEXIST:
        code = errc::exists;
        break;
    case EADDRINUSE:
    case EBUSY:
        code = errc::busy;
        break;
    case ETIMEDOUT:
        code = errc::timed_out;
        break;
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EPIPE:
        code = errc::network;
        break;
    default:
        break;
    }
    return error(code, fmt::format("{}: {}", what, std::generic_category().message(errno_value)));
}

} // namespace evercert
