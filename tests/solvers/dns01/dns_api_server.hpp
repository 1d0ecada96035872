#pragma once
// A DNS service's API in small: zones, records and a bearer token, over plain HTTP on loopback.
#include "core/base/async.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <map>
#include <string>
#include <vector>

namespace evercert::testing {

class dns_api_server {
public:
    dns_api_server(asio::io_context& loop, std::string token)
        : token_(std::move(token))
        , acceptor_(loop, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)) {
        asio::co_spawn(loop, serve(), [](std::exception_ptr) {});
    }
    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/v4";
    }

    std::map<int, std::string> records;       ///< the bodies that were posted
    std::vector<std::string> requests;        ///< request lines
    std::vector<std::string> headers_of_last; ///< of the last one, with its line first

private:
    awaitable<void> serve() {
        for (;;) {
            asio::ip::tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
            co_await answer_one(std::move(socket));
        }
    }
    awaitable<void> answer_one(asio::ip::tcp::socket socket) {
        boost::system::error_code ec;
        std::string bytes;
        const auto head_size = co_await asio::async_read_until(
            socket, asio::dynamic_buffer(bytes), "\r\n\r\n", asio::redirect_error(asio::use_awaitable, ec));
        if (ec) {
            co_return;
        }
        headers_of_last = lines(bytes.substr(0, head_size));
        const auto length =
            static_cast<std::size_t>(std::strtoul(header("Content-Length").c_str(), nullptr, 10));
        if (bytes.size() < head_size + length) {
            co_await asio::async_read(socket, asio::dynamic_buffer(bytes),
                                      asio::transfer_exactly(head_size + length - bytes.size()),
                                      asio::redirect_error(asio::use_awaitable, ec));
        }
        requests.push_back(headers_of_last.front());
        const auto [status, body] = answer(headers_of_last.front(), bytes.substr(head_size));
        const std::string out = "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
                                "\r\nX-Request-Id: r1\r\nConnection: close\r\n\r\n" + body;
        co_await asio::async_write(socket, asio::buffer(out), asio::redirect_error(asio::use_awaitable, ec));
    }

    std::pair<std::string, std::string> answer(const std::string& line, const std::string& body) {
        if (header("Authorization") != "Bearer " + token_) {
            return {"403 Forbidden", R"({"success": false, "errors": ["the token is wrong"]})"};
        }
        if (line.starts_with("GET /v4/zones?name=")) {
            const bool here = line.starts_with("GET /v4/zones?name=example.com ");
            return {"200 OK", here ? "{\n  \"success\": true,\n  \"result\" : [ {\"id\" : \"z-7\"} ]\n}\n"
                                   : R"({"success": true, "result": []})"};
        }
        if (line.starts_with("POST /v4/zones/z-7/records ")) {
            records[++last_] = body;
            return {"200 OK", R"({"success": true, "result": {"id": )" + std::to_string(last_) + "}}"};
        }
        if (line.starts_with("GET /v4/zones/z-7/records")) {
            std::string all;
            for (const auto& [id, text] : records) {
                all += (all.empty() ? "" : ",") +
                       ("{\"id\":" + std::to_string(id) + ",\"record\":" + text + "}");
            }
            return {"200 OK", R"({"success": true, "result": [)" + all + "]}"};
        }
        const std::string removal = "DELETE /v4/zones/z-7/records/";
        if (line.starts_with(removal)) {
            records.erase(static_cast<int>(std::strtol(line.c_str() + removal.size(), nullptr, 10)));
            return {"200 OK", R"({"success": true})"};
        }
        return {"404 Not Found", R"({"success": false, "errors": ["no such thing"]})"};
    }
    [[nodiscard]] std::string header(const std::string& name) const {
        for (const auto& line : headers_of_last) {
            if (line.starts_with(name + ": ")) {
                return line.substr(name.size() + 2);
            }
        }
        return {};
    }
    static std::vector<std::string> lines(const std::string& head) {
        std::vector<std::string> all;
        for (std::size_t at = 0; at < head.size();) {
            const auto end = head.find("\r\n", at);
            all.push_back(head.substr(at, end - at));
            at = end + 2;
        }
        return all;
    }

    std::string token_;
    asio::ip::tcp::acceptor acceptor_;
    int last_ = 0;
};

} // namespace evercert::testing
