#include "core/net/message.hpp"

#include "core/base/text.hpp"
#include "core/net/character_table.hpp"

#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <array>

namespace evercert::net {

namespace http = boost::beast::http;

namespace {

constexpr auto token_table =
    table_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~");

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char c) { return token_table[static_cast<unsigned char>(c)]; });
}

bool is_known_method(std::string_view method) noexcept {
    static constexpr std::array<std::string_view, 6> methods = {"GET", "HEAD",  "POST",
                                                                "PUT", "PATCH", "DELETE"};
    return std::find(methods.begin(), methods.end(), method) != methods.end();
}

/// Methods that a server waits for a body of: an empty one is said to be empty (RFC 9110 section 8.6).
bool expects_body(std::string_view method) noexcept {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

bool is_ours(std::string_view name) noexcept {
    static constexpr std::array<std::string_view, 8> names = {
        "host", "content-length", "connection", "transfer-encoding", "te", "trailer", "upgrade", "expect"};
    return std::any_of(names.begin(), names.end(), [&](auto n) { return equals_ignoring_case(n, name); });
}

} // namespace

bool valid_header(std::string_view name, std::string_view value) noexcept {
    return is_token(name) && std::all_of(value.begin(), value.end(),
                                         [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7f); });
}

result<std::string> write_request(const http_request& request, std::string_view target,
                                  std::string_view authority, std::string_view user_agent) {
    if (!is_known_method(request.method)) {
        return fail(errc::invalid_argument,
                    "only GET, HEAD, POST, PUT, PATCH and DELETE requests can be sent");
    }
    std::string out;
    out.reserve(512 + request.body.size());
    out.append(request.method).append(" ").append(target);
    out.append(" HTTP/1.1\r\nHost: ").append(authority).append("\r\n");
    bool agent = false;
    for (const auto& [name, value] : request.headers) {
        if (!valid_header(name, value) || is_ours(name)) {
            return fail(errc::invalid_argument, "the request header " + escape(name, 60) + " cannot be sent");
        }
        agent = agent || equals_ignoring_case(name, "user-agent");
        out.append(name).append(": ").append(value).append("\r\n");
    }
    if (!agent && !user_agent.empty()) {
        out.append("User-Agent: ").append(user_agent).append("\r\n");
    }
    if (out.size() > response_header_limit) {
        return fail(errc::invalid_argument, "the request headers are longer than 32 KiB");
    }
    if (expects_body(request.method) || !request.body.empty()) {
        out.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
    }
    out += "\r\n";
    out += request.body;
    return out;
}

error read_error(const boost::system::error_code& ec, const std::string& peer, std::size_t body_limit) {
    if (ec == http::error::body_limit) {
        return {errc::too_large, fmt::format("the answer of {} is longer than {} bytes", peer, body_limit)};
    }
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
        return {errc::too_large, fmt::format("the header of the answer of {} is longer than 32 KiB", peer)};
    }
    if (ec == http::error::end_of_stream || ec == http::error::partial_message ||
        ec == asio::ssl::error::stream_truncated || ec == asio::error::eof) {
        return {errc::network, peer + " closed the connection before its answer was complete"};
    }
    if (ec.category() == http::make_error_code(http::error::bad_field).category()) {
        return {errc::protocol, peer + " sent an answer that is not valid HTTP/1.1: " + ec.message()};
    }
    if (ec.category() == asio::error::get_ssl_category()) {
        return {errc::tls, "the TLS connection to " + peer + " broke: " + ec.message()};
    }
    return {errc::network, "the connection to " + peer + " broke: " + ec.message()};
}

void at_end(response_parser& parser, boost::system::error_code& ec) {
    if (ec != asio::error::eof) {
        return;
    }
    if (!parser.got_some()) {
        ec = http::error::end_of_stream;
        return;
    }
    ec = {};
    parser.put_eof(ec);
}

result<read_outcome> take_response(response_parser& parser, const std::string& peer) {
    read_outcome out;
    out.keep_alive = parser.keep_alive();
    auto& message = parser.get();
    out.response.status = message.result_int();
    if (out.response.status < 200 || out.response.status > 599) {
        return fail(errc::protocol, fmt::format("{} answered with status {}, which means nothing", peer,
                                                out.response.status));
    }
    if (message.find(http::field::transfer_encoding) != message.end() && !parser.chunked()) {
        return fail(errc::protocol, peer + " used a transfer coding that was not asked for");
    }
    for (const auto& field : message) {
        out.response.headers.emplace_back(field.name_string(), field.value());
    }
    out.response.body = std::move(message.body());
    return out;
}

} // namespace evercert::net
