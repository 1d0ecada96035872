#include "core/net/http_probe.hpp"

#include "core/net/message.hpp"
#include "core/net/probe_connection.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/http/buffer_body.hpp>

namespace evercert::net {
namespace {

namespace http = boost::beast::http;
using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;
using kind = probe_error::kind;
using sight_parser = http::response_parser<http::buffer_body>;

constexpr std::size_t body_shown = 4096;
constexpr int most_interim = 8;

/// Gives the parser what is in the buffer; true when nothing more is wanted.
bool take(sight_parser& parser, boost::beast::flat_buffer& buffer, error_code& ec) {
    while (buffer.size() != 0) {
        const std::size_t used = parser.put(buffer.data(), ec);
        buffer.consume(used);
        if (ec == http::error::need_more) {
            ec = {};
            return false;
        }
        if (ec || parser.is_done()) {
            return true;
        }
        // An answer that is no answer to a CA either need not be read to its end, which may never come.
        if (parser.is_header_done() && parser.get().result_int() != 200) {
            return true;
        }
        if (used == 0) {
            return false;
        }
    }
    return false;
}

probe_error read_failure(const error_code& ec, const connection& link) {
    if (link.timed_out()) {
        return {kind::stalled, "connected, but no whole answer in time"};
    }
    const error why = read_error(ec, "it", 0);
    return {why.code == errc::network ? kind::broken : kind::garbage, why.message};
}

std::string header(const sight_parser& parser, http::field name) {
    const auto found = parser.get().find(name);
    return found == parser.get().end() ? std::string() : std::string(found->value());
}

template <class Stream>
awaitable<probe_result<http_sight>> read_sight(Stream& stream, connection& link) {
    http_sight out;
    out.body.resize(body_shown);
    for (int interim = 0; interim <= most_interim; ++interim) {
        std::optional<sight_parser> parser(std::in_place);
        parser->header_limit(static_cast<std::uint32_t>(response_header_limit));
        parser->body_limit(boost::none);
        parser->eager(true);
        auto& body = parser->get().body();
        body.data = out.body.data();
        body.size = body_shown;
        error_code ec;
        while (!take(*parser, link.buffer, ec)) {
            const std::size_t room = boost::beast::read_size(link.buffer, read_buffer_limit);
            if (room == 0) {
                ec = http::error::buffer_overflow;
                break;
            }
            const auto space = link.buffer.prepare(room);
            const std::size_t size =
                co_await stream.async_read_some(space, redirect_error(use_awaitable, ec));
            throw_if_cancelled(co_await asio::this_coro::cancellation_state);
            link.buffer.commit(size);
            if ((ec == asio::error::eof || ec == asio::ssl::error::stream_truncated) && parser->got_some()) {
                ec = {};
                parser->put_eof(ec);
                break;
            }
            if (ec) {
                break;
            }
        }
        out.cut = ec == http::error::need_buffer;
        if (ec && !out.cut) {
            co_return std::unexpected(read_failure(ec, link));
        }
        out.status = parser->get().result_int();
        if (out.status / 100 == 1 && out.status != 101) {
            continue;
        }
        if (out.status < 200 || out.status > 599) {
            break;
        }
        out.location = header(*parser, http::field::location);
        out.server = header(*parser, http::field::server);
        out.body.resize(body_shown - body.size);
        co_return out;
    }
    co_return std::unexpected(probe_error(kind::garbage, "it answers with statuses that mean nothing"));
}

template <class Stream>
awaitable<probe_result<http_sight>> ask(Stream& stream, connection& link, std::string request) {
    error_code ec;
    co_await asio::async_write(stream, asio::buffer(request), redirect_error(use_awaitable, ec));
    throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    if (ec) {
        co_return std::unexpected(read_failure(ec, link));
    }
    co_return co_await read_sight(stream, link);
}

} // namespace

awaitable<probe_result<http_sight>> probe_http(http_look look) {
    const auto executor = co_await asio::this_coro::executor;
    connection link(executor, look.what.secure ? unverified_context() : nullptr, nullptr);
    auto failed = co_await connect_probe(link, look.where, socket_clock() + look.deadline);
    if (failed) {
        co_return std::unexpected(std::move(*failed));
    }
    std::string request =
        fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: evercert/{} (a look before an order)\r\n"
                    "Accept: */*\r\nConnection: close\r\n\r\n",
                    look.what.target, look.what.authority(), EVERCERT_VERSION);
    if (!look.what.secure) {
        co_return co_await ask(link.tcp(), link, std::move(request));
    }
    error_code no_address;
    asio::ip::make_address(look.what.host, no_address);
    std::string server_name = no_address ? look.what.host : std::string();
    failed = co_await handshake_probe(link, std::move(server_name), std::string());
    if (failed) {
        co_return std::unexpected(std::move(*failed));
    }
    co_return co_await ask(link.tls(), link, std::move(request));
}

} // namespace evercert::net
