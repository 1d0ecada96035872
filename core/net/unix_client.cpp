#include "core/net/unix_client.hpp"

#include "core/net/message.hpp"
#include "core/net/watchdog.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include <cerrno>

namespace evercert::net {

namespace {

using boost::system::error_code;
using unix_socket = asio::local::stream_protocol::socket;

error connect_error(const std::string& path, const error_code& ec) {
    const std::string tried = "cannot reach the daemon at " + path + ": ";
    if (ec.value() == ENOENT || ec.value() == ENOTDIR) {
        return {errc::not_found, tried + "no such socket; is evercertd running?"};
    }
    if (ec.value() == ECONNREFUSED || ec.value() == ENOTSOCK) {
        return {errc::refused, tried + "nobody answers on it; is evercertd running?"};
    }
    if (ec.value() == EACCES || ec.value() == EPERM) {
        return {errc::refused, tried + "no permission; run as root or as a member of the socket's group"};
    }
    return system_error(ec.value(), "cannot reach the daemon at " + path);
}

awaitable<result<http_response>> exchange(unix_socket& socket, std::string path, std::string wire, bool head,
                                          std::size_t body_limit) {
    error_code ec;
    const asio::local::stream_protocol::endpoint where(path);
    co_await socket.async_connect(where, asio::redirect_error(asio::use_awaitable, ec));
    if (ec) {
        co_return fail(connect_error(path, ec));
    }
    co_await asio::async_write(socket, asio::buffer(wire), asio::redirect_error(asio::use_awaitable, ec));
    if (ec) {
        co_return fail(read_error(ec, "the daemon", body_limit));
    }
    boost::beast::flat_buffer buffer(read_buffer_limit);
    bool touched = false;
    auto answer = co_await read_response(socket, buffer, "the daemon", head, body_limit, touched);
    if (!answer) {
        co_return fail(std::move(answer.error()));
    }
    co_return std::move(answer->response);
}

bool valid_target(std::string_view target) {
    return target.starts_with('/') && target.size() <= 8192 &&
           std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

} // namespace

result<http_response> unix_request(const std::string& socket_path, http_request request) {
    if (!valid_target(request.url)) {
        return fail(errc::invalid_argument, "that cannot be asked of the daemon: not a valid request target");
    }
    if (socket_path.empty() || socket_path.size() > 107) {
        return fail(errc::invalid_argument,
                    "the path of the daemon's socket is empty or longer than 107 bytes");
    }
    auto wire = write_request(request, request.url, "localhost", "evercert");
    if (!wire) {
        return fail(std::move(wire.error()));
    }
    asio::io_context loop(1);
    unix_socket socket(loop);
    watchdog timer(loop.get_executor());
    auto close = [&socket] {
        error_code ignored;
        socket.close(ignored);
    };
    timer.set(socket_clock() + request.deadline, std::move(close));
    result<http_response> out = fail(errc::internal, "the exchange with the daemon did not end");
    auto done = [&](std::exception_ptr failed, result<http_response> answer) {
        if (!failed) {
            out = std::move(answer);
        }
        timer.clear();
    };
    asio::co_spawn(
        loop, exchange(socket, socket_path, std::move(*wire), request.method == "HEAD", request.body_limit),
        std::move(done));
    loop.run();
    if (!out && timer.expired()) {
        return fail(errc::timed_out, "the daemon at " + socket_path + " did not answer in " +
                                         format_duration(request.deadline));
    }
    return out;
}

} // namespace evercert::net
