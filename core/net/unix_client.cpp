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

error too_long(std::size_t limit) {
    return {errc::too_large, fmt::format("a line of the daemon's answer is longer than {} bytes", limit)};
}

/// One exchange, or a stream of lines.
struct conversation {
    explicit conversation(const line_taker& taker) : take(taker) {}

    std::string path;
    std::string wire;
    bool head = false;
    std::size_t body_limit = 0;
    milliseconds deadline{};
    std::function<void()> close;
    const line_taker& take; ///< empty: no stream
};

/// What has come of a stream, as far as it is whole lines; false if no more are wanted.
bool hand_over(std::string& text, const line_taker& take) {
    std::string_view rest = text;
    bool more = true;
    for (std::size_t end = rest.find('\n'); more && end != std::string_view::npos; end = rest.find('\n')) {
        more = take(rest.substr(0, end));
        rest.remove_prefix(end + 1);
    }
    text.erase(0, text.size() - rest.size());
    return more;
}

awaitable<result<http_response>> read_stream(unix_socket& socket, const conversation& what, watchdog& timer) {
    boost::beast::flat_buffer buffer(read_buffer_limit);
    response_parser parser;
    parser.header_limit(static_cast<std::uint32_t>(response_header_limit));
    parser.body_limit(boost::none); // of the whole: each line has one
    parser.eager(true);
    error_code ec;
    for (;;) {
        const bool over = parse_more(parser, buffer, ec);
        if (ec) {
            break;
        }
        const bool streams = parser.is_header_done() && parser.get().result_int() == 200;
        std::string& text = parser.get().body();
        const bool enough = streams && !hand_over(text, what.take);
        if (text.size() > what.body_limit) {
            co_return fail(too_long(what.body_limit));
        }
        if (over || enough) {
            break;
        }
        timer.set(socket_clock() + what.deadline, what.close);
        const auto space = buffer.prepare(boost::beast::read_size(buffer, read_buffer_limit));
        const std::size_t size =
            co_await socket.async_read_some(space, asio::redirect_error(asio::use_awaitable, ec));
        buffer.commit(size);
        if (ec) {
            at_end(parser, ec);
            break;
        }
    }
    if (ec) {
        co_return fail(read_error(ec, "the daemon", what.body_limit));
    }
    auto answer = take_response(parser, "the daemon");
    co_return answer ? result<http_response>(std::move(answer->response)) : fail(std::move(answer.error()));
}

awaitable<result<http_response>> exchange(unix_socket& socket, conversation& what, watchdog& timer) {
    error_code ec;
    const asio::local::stream_protocol::endpoint where(what.path);
    co_await socket.async_connect(where, asio::redirect_error(asio::use_awaitable, ec));
    if (ec) {
        co_return fail(connect_error(what.path, ec));
    }
    co_await asio::async_write(socket, asio::buffer(what.wire),
                               asio::redirect_error(asio::use_awaitable, ec));
    if (ec) {
        co_return fail(read_error(ec, "the daemon", what.body_limit));
    }
    if (what.take) {
        co_return co_await read_stream(socket, what, timer);
    }
    boost::beast::flat_buffer buffer(read_buffer_limit);
    bool touched = false;
    auto answer = co_await read_response(socket, buffer, "the daemon", what.head, what.body_limit, touched);
    if (!answer) {
        co_return fail(std::move(answer.error()));
    }
    co_return std::move(answer->response);
}

bool valid_target(std::string_view target) {
    return target.starts_with('/') && target.size() <= 8192 &&
           std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

result<http_response> converse(const std::string& socket_path, http_request request, const line_taker& take) {
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
    conversation what(take);
    what.path = socket_path;
    what.wire = std::move(*wire);
    what.head = request.method == "HEAD";
    what.body_limit = request.body_limit;
    what.deadline = request.deadline;
    what.close = [&socket] {
        error_code ignored;
        socket.close(ignored);
    };
    timer.set(socket_clock() + what.deadline, what.close);
    result<http_response> out = fail(errc::internal, "the exchange with the daemon did not end");
    auto done = [&](std::exception_ptr failed, result<http_response> answer) {
        if (!failed) {
            out = std::move(answer);
        }
        timer.clear();
    };
    asio::co_spawn(loop, exchange(socket, what, timer), std::move(done));
    loop.run();
    if (!out && timer.expired()) {
        return fail(errc::timed_out, "the daemon at " + socket_path + " did not answer in " +
                                         format_duration(request.deadline));
    }
    return out;
}

} // namespace

result<http_response> unix_request(const std::string& socket_path, http_request request) {
    static const line_taker none;
    return converse(socket_path, std::move(request), none);
}

result<http_response> unix_follow(const std::string& socket_path, http_request request,
                                  const line_taker& take) {
    return converse(socket_path, std::move(request), take);
}

} // namespace evercert::net
