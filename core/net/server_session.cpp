#include "core/net/server_session.hpp"

#include "core/net/message.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <sys/socket.h>

namespace evercert::net {

using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;
namespace http = boost::beast::http;

namespace {

constexpr unsigned peer_gone = 1; ///< no status: there is nobody to answer
constexpr std::size_t linger_limit = 64 * 1024;

std::string_view view(const boost::beast::flat_buffer& buffer) {
    return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

/// The answer to a request that Beast could not read, or peer_gone if the connection failed instead.
unsigned status_for(const error_code& ec) {
    if (ec == http::error::body_limit) {
        return 413;
    }
    if (ec == http::error::end_of_stream || ec == http::error::partial_message) {
        return peer_gone;
    }
    const bool syntax = ec.category() == http::make_error_code(http::error::bad_field).category();
    return syntax ? 400 : peer_gone;
}

/// Says only what is wrong; nothing of the request is repeated.
server_response refusal(unsigned status) {
    server_response out(status, fmt::format("{}\n", status));
    out.headers.emplace_back("Content-Type", "text/plain");
    return out;
}

} // namespace

server_session::server_session(socket accepted, std::shared_ptr<session_services> services, std::string peer,
                               std::optional<unsigned> peer_uid)
    : socket_(std::move(accepted))
    , services_(std::move(services))
    , buffer_(services_->limits.header_bytes + std::max<std::size_t>(services_->limits.header_bytes, 4096))
    , timer_(socket_.get_executor())
    , peer_(std::move(peer))
    , peer_uid_(peer_uid) {
    error_code ignored;
    socket_.non_blocking(true, ignored); // for `write`
    timer_.set(socket_clock() + services_->limits.lifetime, [this] { abort(); });
}

void server_session::abort() {
    error_code ignored;
    socket_.close(ignored);
    cancel->emit();
}

awaitable<void> server_session::run() {
    for (;;) {
        received request;
        request.status = co_await read_head(request);
        if (request.status == peer_gone) {
            co_return;
        }
        answering_ = true;
        bool keep = request.status == 0 && request.head.keep_alive;
        const bool last = request.status == 0 && !request.head.keep_alive; // says the client
        const bool head_only = request.head.method == "HEAD";
        server_response response = request.status != 0 ? refusal(request.status) : server_response();
        ++(request.status == 0 ? services_->answered : services_->refused);
        const unsigned minor = request.head.minor;
        if (request.status == 0) {
            response = co_await answer(std::move(request));
        }
        if (response.more && minor == 0) {
            response = refusal(505);
        }
        keep = keep && !services_->stopping && !response.more;
        const body_source more = head_only ? nullptr : response.more;
        bool written = co_await write(std::move(response), head_only, keep);
        if (written && more) {
            written = co_await stream(more);
        }
        answering_ = false;
        if (!written || services_->stopping) {
            co_return;
        }
        if (last && nothing_unread()) {
            error_code ignored;
            socket_.close(ignored); // now, because the answer waits for it
            co_return;
        }
        if (!keep) {
            co_await linger();
            co_return;
        }
    }
}

awaitable<unsigned> server_session::read_head(received& into) {
    const std::size_t limit = services_->limits.header_bytes;
    head_scanner scanner;
    for (;;) {
        const auto state = scanner.scan(view(buffer_));
        if (state == head_scanner::state::bad) {
            co_return 400;
        }
        const bool complete = state == head_scanner::state::complete;
        if ((complete ? scanner.size() : buffer_.size()) - scanner.leading() > limit) {
            co_return scanner.request_line() >= limit ? 414 : 431;
        }
        if (complete) {
            break;
        }
        error_code ec;
        const std::size_t room = std::min<std::size_t>(buffer_.max_size() - buffer_.size(), 4096);
        const auto space = buffer_.prepare(room);
        const std::size_t n = co_await socket_.async_read_some(space, redirect_error(use_awaitable, ec));
        if (ec) {
            co_return peer_gone;
        }
        buffer_.commit(n);
    }
    buffer_.consume(scanner.leading());
    const std::size_t size = scanner.size() - scanner.leading();
    into.head = parse_request_head(view(buffer_).substr(0, size));
    if (into.head.status != 0) {
        co_return into.head.status;
    }
    if (!into.head.has_body) {
        // Nearly every request on the challenge port. Beast still has its say on the head.
        http::request_parser<http::string_body> second_opinion;
        second_opinion.header_limit(static_cast<std::uint32_t>(size + 1));
        second_opinion.eager(true);
        error_code ec;
        second_opinion.put(asio::buffer(buffer_.data().data(), size), ec);
        buffer_.consume(size);
        co_return ec ? status_for(ec) == peer_gone ? 400 : status_for(ec) : 0;
    }
    co_return co_await read_body(into, size);
}

awaitable<unsigned> server_session::read_body(received& into, std::size_t head_size) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(head_size + 1));
    parser.body_limit(services_->limits.body_bytes);
    parser.eager(false);
    error_code ec;
    parser.put(asio::buffer(buffer_.data().data(), head_size), ec);
    if (ec || !parser.is_header_done()) {
        co_return ec ? status_for(ec) == peer_gone ? 400 : status_for(ec) : 400;
    }
    buffer_.consume(head_size);
    if (into.head.expects_continue && buffer_.size() == 0) {
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await asio::async_write(socket_, asio::buffer(go_on), redirect_error(use_awaitable, ec));
        if (ec) {
            co_return peer_gone;
        }
    }
    parser.eager(true);
    while (!parser.is_done() && !parse_more(parser, buffer_, ec)) {
        const std::size_t room = std::min<std::size_t>(buffer_.max_size() - buffer_.size(), 4096);
        if (room == 0) {
            co_return 400; // a chunk header longer than anything sensible
        }
        const auto space = buffer_.prepare(room);
        const std::size_t n = co_await socket_.async_read_some(space, redirect_error(use_awaitable, ec));
        if (ec) {
            co_return peer_gone;
        }
        buffer_.commit(n);
    }
    if (ec) {
        co_return status_for(ec);
    }
    into.body = std::move(parser.get().body());
    co_return 0;
}

awaitable<server_response> server_session::answer(received from) {
    server_request request;
    request.method = std::move(from.head.method);
    request.path = std::move(from.head.path);
    request.query = std::move(from.head.query);
    request.host = std::move(from.head.host);
    request.authority = std::move(from.head.authority);
    request.body = std::move(from.body);
    request.peer = peer_;
    request.peer_uid = peer_uid_;
    std::string what;
    try {
        co_return co_await services_->handler(std::move(request));
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted) {
            throw;
        }
        what = e.what();
    } catch (const std::exception& e) {
        what = e.what();
    }
    if (!services_->closed) {
        event failed;
        failed.id = "http.handler_failed";
        failed.level = severity::error;
        failed.message = "a request could not be answered because of a mistake in evercert";
        failed.fields.emplace_back("error", what);
        services_->events.emit(failed);
    }
    co_return refusal(500);
}

awaitable<bool> server_session::write(server_response response, bool head_only, bool keep_alive) {
    auto text = write_response_head(response, keep_alive, services_->time->now());
    if (!text) {
        response = refusal(500);
        text = write_response_head(response, keep_alive, services_->time->now());
    }
    const bool bodyless = head_only || response.more || response.status == 204 || response.status == 304;
    const std::array<asio::const_buffer, 2> parts = {
        asio::buffer(*text), bodyless ? asio::const_buffer() : asio::buffer(response.content())};
    // With MSG_MORE the kernel keeps the end of the answer for the FIN, which is next: one packet instead of
    // two.
    const int flags = keep_alive || response.more ? 0 : MSG_MORE;
    error_code ec;
    const std::size_t sent = socket_.send(parts, flags, ec);
    if (ec && ec != asio::error::would_block && ec != asio::error::interrupted) {
        co_return false;
    }
    if (sent == asio::buffer_size(parts)) {
        co_return true; // nearly every answer
    }
    co_return co_await send_rest(parts, sent, flags);
}

/// Waits until the kernel has room for what it did not take at once.
awaitable<bool> server_session::send_rest(std::array<asio::const_buffer, 2> parts, std::size_t sent,
                                          int flags) {
    error_code ec;
    while (!ec && asio::buffer_size(parts) > sent) {
        const std::size_t first = std::min(sent, parts[0].size());
        parts[0] += first;
        parts[1] += sent - first;
        sent = co_await socket_.async_send(parts, flags, redirect_error(use_awaitable, ec));
    }
    co_return !ec;
}

awaitable<bool> server_session::stream(body_source more) {
    for (;;) {
        timer_.set(socket_clock() + services_->limits.lifetime, [this] { abort(); });
        const std::string piece = co_await more();
        const std::string chunk =
            fmt::format("{:x}\r\n{}\r\n", piece.size(), piece); // an empty one is the last
        error_code ec;
        co_await asio::async_write(socket_, asio::buffer(chunk), redirect_error(use_awaitable, ec));
        if (ec || piece.empty()) {
            co_return !ec;
        }
    }
}

/// Then closing sends no reset. Of a client that has said that it will not ask again, nothing can follow.
bool server_session::nothing_unread() const {
    error_code ec;
    return buffer_.size() == 0 && socket_.available(ec) == 0 && !ec;
}

awaitable<void> server_session::linger() {
    // Closing with unread bytes sends a reset, which can overtake the answer (RFC 9112 section 9.6).
    error_code ec;
    socket_.shutdown(asio::socket_base::shutdown_send, ec);
    std::array<char, 2048> scrap{};
    for (std::size_t seen = 0; !ec && seen < linger_limit;) {
        seen += co_await socket_.async_read_some(asio::buffer(scrap), redirect_error(use_awaitable, ec));
    }
}

} // namespace evercert::net
