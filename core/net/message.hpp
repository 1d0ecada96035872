#pragma once
// HTTP/1.1 messages of the client side: requests checked and written by us, responses read by Beast under
// limits. The server reads bodies with the same `parse_more`.
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/ports/http_client.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/read_size.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <optional>
#include <string>

namespace evercert::net {

constexpr std::size_t response_header_limit = 32 * 1024;
/// Also bounds chunk headers, which Beast holds whole in the buffer.
constexpr std::size_t read_buffer_limit = 64 * 1024;

/// A header name is a token (RFC 9110 section 5.1); a value holds no control bytes but tab, and no byte
/// outside ASCII.
bool valid_header(std::string_view name, std::string_view value) noexcept;

/// The request as sent. `target` and `authority` come from parse_url. Refuses methods that the port
/// does not name, invalid headers, and headers that are ours to write (Host, Content-Length, Connection ...).
result<std::string> write_request(const http_request& request, std::string_view target,
                                  std::string_view authority, std::string_view user_agent);

struct read_outcome {
    http_response response;
    bool keep_alive = false;
};

using response_parser = boost::beast::http::response_parser<boost::beast::http::string_body>;

/// From Beast's code to ours. `peer` names the other side.
error read_error(const boost::system::error_code& ec, const std::string& peer, std::size_t body_limit);
/// The finished message; errc::protocol for what Beast lets pass and we do not.
result<read_outcome> take_response(response_parser& parser, const std::string& peer);

/// Beast before 1.86 asserts, and ends the program, when it looks a second time at the beginning of a last
/// chunk that is shorter than five bytes (boostorg/beast pull request 2861). Whatever is missing of a chunked
/// body has five: "0", CRLF, CRLF.
template <class Parser>
bool lacks_bytes(const Parser& parser, const boost::beast::flat_buffer& buffer) {
    return buffer.size() == 0 || (parser.is_header_done() && parser.chunked() && buffer.size() < 5);
}

/// Gives the parser, of a request or a response, what is in the buffer; whether that was the end of the
/// message or of our patience with it.
template <class Parser>
bool parse_more(Parser& parser, boost::beast::flat_buffer& buffer, boost::system::error_code& ec) {
    while (!lacks_bytes(parser, buffer)) {
        const std::size_t used = parser.put(buffer.data(), ec);
        buffer.consume(used);
        if (ec == boost::beast::http::error::need_more) {
            ec = {};
            return false;
        }
        if (ec || parser.is_done()) {
            return true;
        }
        if (used == 0) {
            return false;
        }
    }
    return false;
}

/// What the end of a connection means to the message: for one without a length, that it is complete.
void at_end(response_parser& parser, boost::system::error_code& ec);

/// Reads one response, passing over up to eight interim ones (1xx). Sets `touched` as soon as a byte of it
/// has come. A cancelled read ends with an error like any other: the caller looks at its cancellation state.
template <class Stream>
awaitable<result<read_outcome>> read_response(Stream& stream, boost::beast::flat_buffer& buffer,
                                              std::string peer, bool head, std::size_t body_limit,
                                              bool& touched) {
    for (int interim = 0; interim < 9; ++interim) {
        std::optional<response_parser> parser(std::in_place);
        parser->header_limit(static_cast<std::uint32_t>(response_header_limit));
        parser->body_limit(body_limit);
        parser->eager(true);
        parser->skip(head);
        boost::system::error_code ec;
        // What Beast's async_read does, without its composed operations around each read.
        for (;;) {
            if (parse_more(*parser, buffer, ec)) {
                break;
            }
            const std::size_t room = boost::beast::read_size(buffer, read_buffer_limit);
            if (room == 0) {
                ec = boost::beast::http::error::buffer_overflow;
                break;
            }
            const auto space = buffer.prepare(room);
            const std::size_t size =
                co_await stream.async_read_some(space, asio::redirect_error(asio::use_awaitable, ec));
            buffer.commit(size);
            if (ec) {
                at_end(*parser, ec);
                break;
            }
        }
        touched = touched || parser->got_some() || buffer.size() > 0;
        if (ec) {
            co_return fail(read_error(ec, peer, body_limit));
        }
        if (parser->get().result_int() / 100 != 1) {
            co_return take_response(*parser, peer);
        }
        if (parser->get().result_int() == 101) {
            break;
        }
    }
    co_return fail(errc::protocol, peer + " sent interim responses without end instead of an answer");
}

} // namespace evercert::net
