#include "core/net/local_exchange.hpp"

#include "core/net/watchdog.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <array>
#include <cerrno>

namespace evercert::net {
namespace {

using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;

/// The kernel takes no longer path.
constexpr std::size_t longest_path = 107;

error connect_error(const std::string& path, const error_code& ec) {
    switch (ec.value()) {
    case ENOENT:
    case ENOTDIR:
        return {errc::not_found, fmt::format("there is no socket {}", path)};
    case ECONNREFUSED:
    case ENOTSOCK:
        return {errc::refused, fmt::format("nobody listens on {}", path)};
    case EACCES:
    case EPERM:
        return {errc::refused, fmt::format("there is no permission to use {}", path)};
    default:
        return system_error(ec.value(), "cannot connect to " + path);
    }
}

} // namespace

awaitable<result<std::string>> ask_local(local_question what) {
    if (what.socket.empty() || what.socket.size() > longest_path) {
        co_return fail(errc::invalid_argument, "the path of the socket is empty or longer than 107 bytes");
    }
    const auto executor = co_await asio::this_coro::executor;
    asio::local::stream_protocol::socket socket(executor);
    watchdog timer(executor);
    auto close = [&socket] {
        error_code ignored;
        static_cast<void>(socket.close(ignored));
    };
    timer.set(socket_clock() + what.deadline, std::move(close));
    const auto late = [&] {
        return fail(errc::timed_out,
                    fmt::format("{} did not answer in {}", what.socket, format_duration(what.deadline)));
    };
    error_code ec;
    const asio::local::stream_protocol::endpoint where(what.socket);
    co_await socket.async_connect(where, redirect_error(use_awaitable, ec));
    throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    if (ec) {
        co_return timer.expired() ? late() : fail(connect_error(what.socket, ec));
    }
    error_code broken;
    co_await asio::async_write(socket, asio::buffer(what.bytes), redirect_error(use_awaitable, broken));
    throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    std::string answer;
    while (!ec) {
        std::array<char, 8192> space{};
        const std::size_t size =
            co_await socket.async_read_some(asio::buffer(space), redirect_error(use_awaitable, ec));
        throw_if_cancelled(co_await asio::this_coro::cancellation_state);
        if (answer.size() + size > what.answer_limit) {
            co_return fail(errc::too_large,
                           fmt::format("{} said more than {} bytes", what.socket, what.answer_limit));
        }
        answer.append(space.data(), size);
    }
    if (timer.expired()) {
        co_return late();
    }
    if (ec != asio::error::eof || (broken && answer.empty())) {
        co_return fail(errc::network, fmt::format("the connection to {} broke: {}", what.socket,
                                                  broken ? broken.message() : ec.message()));
    }
    co_return answer;
}

} // namespace evercert::net
