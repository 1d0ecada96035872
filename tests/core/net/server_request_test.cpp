#include "tests/core/net/server_setup.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

using namespace evercert;
using namespace evercert::testing;

TEST_CASE_METHOD(server_setup, "Odd and malformed requests get the answer RFC 9110 and 9112 ask for") {
    struct row {
        std::string bytes;
        unsigned status; ///< 0: closed without an answer
    };
    const std::vector<row> rows = {
        {get(), 200},
        {"\r\n" + get(), 200},
        {"GET / HTTP/1.0\r\n\r\n", 200},
        {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", 200},
        {get("Host: a\r\n", "http://b.example/x"), 200},
        {get("Host:a\r\n"), 200},
        {get("hOST:   a   \r\n"), 200},
        {get("Host: a:80\r\n"), 200},
        {get("Host: a:\r\n"), 200},
        {get("Host: [::1]:80\r\n"), 200},
        {get("Host: 192.0.2.1\r\n"), 200},
        {get("Host: \r\n"), 200},
        {get("Host: a\r\nX:\r\n"), 200},
        {get("Host: a\r\nX: \x80\xff\r\n"), 200},
        {get("Host: a\r\nContent-Length: 0\r\n"), 200},
        {"PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {post("Content-Length: 5\r\n", "12345"), 200},
        {post("Content-Length: 64\r\n", std::string(64, 'x')), 200},
        {post(chunked, "3\r\nabc\r\n0\r\n\r\n"), 200},
        {post(chunked, "3;ext=1\r\nabc\r\n00\r\nTrailer: x\r\n\r\n"), 200},
        {post("Expect: 100-continue\r\nContent-Length: 2\r\n", "ab"), 200},
        // Host
        {get(""), 400},
        {get("Host: a\r\nHost: a\r\n"), 400},
        {get("Host: a\r\nHost: b\r\n", "http://c/"), 400},
        {get("", "http://a/"), 400},
        {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {get("Host: a b\r\n"), 400},
        {get("Host: a, b\r\n"), 400},
        {get("Host: user@a\r\n"), 400},
        {get("Host: a/b\r\n"), 400},
        {get("Host: a:port\r\n"), 400},
        {get("Host: a:99999\r\n"), 400},
        {get("Host: [::1\r\n"), 400},
        {get("Host: ::1\r\n"), 400},
        {get("Host: b\xc3\xbc.example\r\n"), 400},
        {get("Host: a..b\r\n"), 400},
        {get("Host: \"a\"\r\n"), 400},
        // request line
        {"GET /\r\n\r\n", 400},
        {"GET\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
        {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\nHost: a\n\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
        {"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1x\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/x.y\r\nHost: a\r\n\r\n", 400},
        {"GET / SIP/2.0\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
        {"\x16\x03\x01\x02\x01\xfc\x03\x03", 400},
        {"SSH-2.0-OpenSSH\r\n\r\n", 400},
        {"\r\n\r\n\r\n" + get(), 400},
        // target
        {get("Host: a\r\n", "x"), 400},
        {get("Host: a\r\n", "*"), 400},
        {get("Host: a\r\n", "?q"), 400},
        {get("Host: a\r\n", "/a#b"), 400},
        {get("Host: a\r\n", "/\x80"), 400},
        {get("Host: a\r\n", "/\x01"), 400},
        {get("Host: a\r\n", "/\x7f"), 400},
        {get("Host: a\r\n", "ftp://a/"), 400},
        {get("Host: a\r\n", "http:///x"), 400},
        {get("Host: a\r\n", "http://u@a/"), 400},
        {get("Host: a\r\n", "http://a:0/"), 400},
        {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 400},
        {get("Host: a\r\n", "/" + std::string(2000, 'x')), 414},
        {"GET /" + std::string(3000, 'x'), 414},
        // fields
        {get("Host: a\r\nX : y\r\n"), 400},
        {get("Host : a\r\n"), 400},
        {get("Host: a\r\nX: y\r\n z\r\n"), 400},
        {get("Host: a\r\nX: y\r\n\tz\r\n"), 400},
        {get(" X: y\r\nHost: a\r\n"), 400},
        {get("Host: a\r\nX\r\n"), 400},
        {get("Host: a\r\n: y\r\n"), 400},
        {get("Host: a\r\nX(y): z\r\n"), 400},
        {get("Host: a\r\nX\x80: z\r\n"), 400},
        {get("Host: a\r\nX: a\x01z\r\n"), 400},
        {get("Host: a\r\nX: a\x7fz\r\n"), 400},
        {get("Host: a\r\nX: a\rz\r\n"), 400},
        {get(std::string("Host: a\r\nX: a\0z\r\n", 17)), 400},
        {get("Host: a\r\nX: " + std::string(1100, 'x') + "\r\n"), 431},
        {get("Host: a\r\nX: " + std::string(3000, 'x')), 431},
        // framing
        {post("Content-Length: 5\r\nContent-Length: 5\r\n", "12345"), 400},
        {post("Content-Length: 5\r\nContent-Length: 6\r\n", "12345"), 400},
        {post("Content-Length: 5, 5\r\n", "12345"), 400},
        {post("Content-Length: +5\r\n", "12345"), 400},
        {post("Content-Length: -5\r\n", "12345"), 400},
        {post("Content-Length: 0x5\r\n", "12345"), 400},
        {post("Content-Length: 5 5\r\n", "12345"), 400},
        {post("Content-Length:\r\n", ""), 400},
        {post("Content-Length: 65\r\n", std::string(65, 'x')), 413},
        {post("Content-Length: 99999999999999999999999999\r\n", "x"), 413},
        {post("Content-Length: 18446744073709551615\r\n", "x"), 413},
        {post(chunked + "Content-Length: 3\r\n", "3\r\nabc\r\n0\r\n\r\n"), 400},
        {post("Content-Length: 3\r\n" + chunked, "3\r\nabc\r\n0\r\n\r\n"), 400},
        {post(chunked + chunked, "0\r\n\r\n"), 400},
        {post("Transfer-Encoding: gzip\r\n", "x"), 400},
        {post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 400},
        {post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 400},
        {post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {post(chunked, "z\r\nabc\r\n0\r\n\r\n"), 400},
        {post(chunked, "3\r\nabcd\r\n0\r\n\r\n"), 400},
        {post(chunked, "3 \r\nabc\r\n0\r\n\r\n"), 400},
        {post(chunked, "-3\r\nabc\r\n0\r\n\r\n"), 400},
        {post(chunked, "ffffffffffffffffff\r\nabc\r\n0\r\n\r\n"), 400},
        {post(chunked, "41\r\n" + std::string(65, 'x') + "\r\n0\r\n\r\n"), 413},
        {post(chunked, "40\r\n" + std::string(64, 'x') + "\r\n1\r\nx\r\n0\r\n\r\n"), 413},
        {post(chunked, "1;" + std::string(20000, 'x')), 400},
        {post("Expect: the-unexpected\r\nContent-Length: 1\r\n", "x"), 417},
        // gone before the end
        {"", 0},
        {"GET / HT", 0},
        {"GET / HTTP/1.1\r\nHost: a\r\n", 0},
        {post("Content-Length: 5\r\n", "123"), 0},
        {post(chunked, "3\r\nab"), 0},
    };
    CHECK(rows.size() >= 60);
    for (const auto& r : rows) {
        INFO(r.bytes.substr(0, 200));
        seen.clear();
        const auto answer = ask(r.bytes);
        CHECK(status_of(answer) == r.status);
        CHECK(answers_in(answer) == (r.status == 0 ? 0 : 1));
        CHECK(seen.size() == (r.status == 200 ? 1 : 0));
        if (r.status != 200 && r.status != 0) {
            CHECK(answer.find("Connection: close\r\n") != std::string::npos);
            CHECK(answer.size() < 250);
        }
    }
    CHECK(events.all.empty());
}

TEST_CASE_METHOD(server_setup, "A chunked body may come in any pieces, and end in any of them") {
    const auto in_two = [](tcp::endpoint to, std::string first, std::string rest) -> awaitable<std::string> {
        tcp::socket socket(co_await asio::this_coro::executor);
        co_await socket.async_connect(to, asio::use_awaitable);
        co_await asio::async_write(socket, asio::buffer(first), asio::use_awaitable);
        asio::steady_timer pause(co_await asio::this_coro::executor, milliseconds(2));
        co_await pause.async_wait(asio::use_awaitable);
        co_await asio::async_write(socket, asio::buffer(rest), asio::use_awaitable);
        socket.shutdown(tcp::socket::shutdown_send);
        std::string out(4096, '\0');
        boost::system::error_code ec;
        const auto n = co_await asio::async_read(socket, asio::buffer(out),
                                                 asio::redirect_error(asio::use_awaitable, ec));
        co_return out.substr(0, n);
    };
    struct row {
        std::string body;
        std::string said; ///< what the handler gets
    };
    const std::vector<row> rows = {{"0\r\n\r\n", ""},
                                   {"0;x=y\r\nA: b\r\n\r\n", ""},
                                   {"3\r\nabc\r\n0\r\n\r\n", "abc"},
                                   {"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc"}};
    for (const auto& r : rows) {
        for (std::size_t cut = 0; cut <= r.body.size(); ++cut) {
            CAPTURE(r.body, cut);
            seen.clear();
            CHECK(status_of(run(
                      loop, in_two(where, post(chunked, r.body.substr(0, cut)), r.body.substr(cut)))) == 200);
            REQUIRE(seen.size() == 1);
            CHECK(seen.front().body == r.said);
            // What is not complete is not answered, however little is missing.
            CHECK(run(loop, in_two(where, post(chunked, r.body.substr(0, cut)), "")).empty() ==
                  (cut < r.body.size()));
        }
    }
}
