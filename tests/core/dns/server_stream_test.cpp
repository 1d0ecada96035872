// Over TCP.
#include "tests/core/dns/server_setup.hpp"

using namespace evercert;
using namespace evercert::dns;
using namespace evercert::testing;
using asio::ip::tcp;
using bench = dns_server_bench;

TEST_CASE("Several questions on one connection, in one piece or byte by byte") {
    bench b;
    auto stream = b.tcp_to();
    b.write(stream, framed(question) + framed(question) + framed(question));
    const std::size_t one = 2 + hello(question, over::tcp).size();
    CHECK(b.read(stream, 3 * one).size() == 3 * one);
    for (const char c : framed(question)) {
        b.write(stream, std::string(1, c));
        b.loop.restart();
        b.loop.poll();
    }
    CHECK(b.read(stream, one).size() == one);
}

TEST_CASE("What is no question over TCP ends the connection") {
    const std::string good = framed(question);
    for (const std::string& what :
         {bytes("0000"), bytes("0003 aabbcc"), bytes("ffff") + std::string(70000, 'x'), bytes("1001"),
          framed(bytes("abcd 8000 0001 0000 0000 0000 01 'A' 00 0010 0001"))}) {
        bench b;
        auto stream = b.tcp_to();
        b.write(stream, what);
        CHECK(b.read(stream).empty());
        CHECK(b.ended);
        auto next = b.tcp_to();
        b.write(next, good);
        CHECK_FALSE(b.read(next, 10).empty());
    }
}

TEST_CASE("Slow askers, silent ones and those that do not read are ended") {
    server_limits limits;
    limits.patience = milliseconds(150);
    limits.lifetime = milliseconds(600);
    bench b({"127.0.0.1"}, limits);
    auto silent = b.tcp_to();
    auto half = b.tcp_to();
    b.write(half, framed(question).substr(0, 5));
    auto dripping = b.tcp_to();
    const auto began = std::chrono::steady_clock::now();
    std::size_t sent = 0;
    b.run_until([&] {
        if (sent < 10) {
            b.write(dripping, framed(question).substr(sent++, 1));
        }
        char byte = 0;
        return ::recv(dripping.native_handle(), &byte, 1, MSG_DONTWAIT) == 0 || sent >= 200;
    });
    CHECK(std::chrono::steady_clock::now() - began < seconds(2));
    CHECK(b.read(silent).empty());
    CHECK(b.ended);
    CHECK(b.read(half).empty());
    CHECK(b.ended);
    // Busy, but for ever.
    auto busy = b.tcp_to();
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < seconds(3)) {
        b.write(busy, framed(question));
        b.read(busy, 20, milliseconds(100));
        if (b.ended) {
            break;
        }
    }
    CHECK(b.ended);
}

TEST_CASE("Connections and questions are bounded") {
    server_limits limits;
    limits.connections = 6;
    limits.per_source = 4;
    limits.questions = 3;
    bench b({"0.0.0.0"}, limits);
    std::vector<tcp::socket> held;
    int open = 0;
    for (int i = 0; i < 8; ++i) {
        held.push_back(b.tcp_to());
        b.write(held.back(), framed(question));
        open += b.read(held.back(), 10).empty() ? 0 : 1;
    }
    CHECK(open == 4);
    held.clear();
    auto many = b.tcp_to();
    b.run_until([] { return false; }, milliseconds(20));
    many = b.tcp_to();
    b.write(many, framed(question) + framed(question) + framed(question) + framed(question));
    const std::size_t one = 2 + hello(question, over::tcp).size();
    CHECK(b.read(many).size() == 3 * one);
    CHECK(b.ended);
}
