// Over UDP, and what both ways have in common.
#include "tests/core/dns/server_setup.hpp"

#include <fmt/format.h>

#include <unistd.h>

using namespace evercert;
using namespace evercert::dns;
using namespace evercert::testing;
using asio::ip::tcp;
using asio::ip::udp;
using bench = dns_server_bench;

TEST_CASE("One port answers over UDP and TCP, with the case as asked") {
    bench b;
    auto socket = b.udp_to("127.0.0.1");
    const std::string answer = b.ask(socket, question);
    CHECK(text_of(answer) == "udp");
    CHECK(answer.substr(12, 7) == question.substr(12, 7));
    auto stream = b.tcp_to();
    b.write(stream, framed(question));
    const std::string framed_answer = b.read(stream, 2 + answer.size());
    CHECK(framed_answer.substr(2).size() == wire_reader(framed_answer).u16());
    CHECK(text_of(framed_answer.substr(2)) == "tcp");
    CHECK(b.server->addresses() == std::vector<std::string>{fmt::format("127.0.0.1:{}/udp", b.port),
                                                            fmt::format("127.0.0.1:{}/tcp", b.port)});
}

TEST_CASE("The answer comes from the address that was asked") {
    struct row {
        std::string listen;
        std::vector<std::string> ask;
    };
    for (const row& r : std::vector<row>{{"0.0.0.0", {"127.0.0.1", "127.0.0.2", "127.1.2.3"}},
                                         {"::", {"::1", "127.0.0.1", "127.0.0.2"}},
                                         {"127.0.0.3", {"127.0.0.3"}},
                                         {"::1", {"::1"}}}) {
        bench b({r.listen});
        for (const std::string& address : r.ask) {
            CAPTURE(r.listen, address);
            auto socket = b.udp_to(address); // connected: what comes from elsewhere is not received
            CHECK(text_of(b.ask(socket, question)) == "udp");
            auto stream = b.tcp_to(address);
            b.write(stream, framed(question));
            CHECK(text_of(b.read(stream, 30).substr(2)) == "tcp");
        }
    }
}

TEST_CASE("IPv4 and IPv6 on one port, in either order") {
    for (const auto& order : std::vector<std::vector<std::string>>{{"0.0.0.0", "::"}, {"::", "0.0.0.0"}}) {
        bench b(order);
        for (const char* address : {"::1", "127.0.0.2"}) {
            CAPTURE(order.front(), address);
            auto socket = b.udp_to(address);
            CHECK(text_of(b.ask(socket, question)) == "udp");
            auto stream = b.tcp_to(address);
            b.write(stream, framed(question));
            CHECK(text_of(b.read(stream, 30).substr(2)) == "tcp");
        }
    }
}

TEST_CASE("A port that is taken over one of both is refused, with who has it, and left as it was") {
    bench b;
    asio::io_context other;
    udp::socket datagrams(other, udp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    const endpoint udp_taken{"127.0.0.1", datagrams.local_endpoint().port()};
    const auto no_udp = b.server->listen(udp_taken);
    REQUIRE_FALSE(no_udp.has_value());
    CHECK(no_udp.error().code == errc::busy);
    CHECK(no_udp.error().message.find("UDP port") != std::string::npos);
    CHECK(no_udp.error().message.find("test_dns") != std::string::npos);
    tcp::acceptor streams(other, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    const endpoint tcp_taken{"127.0.0.1", streams.local_endpoint().port()};
    CHECK(b.server->listen(tcp_taken).error().code == errc::busy);
    CHECK(b.server->addresses().size() == 2);
    streams.close();
    CHECK(b.server->listen(tcp_taken).has_value());
    CHECK(b.server->addresses().size() == 4);
    CHECK(b.server->listen(net::unix_endpoint{"/tmp/x", 0600, ""}).error().code == errc::invalid_argument);
}

TEST_CASE("Sockets from systemd, of both kinds") {
    bench b;
    asio::io_context other;
    udp::socket datagrams(other, udp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    tcp::acceptor streams(other, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    const auto udp_port = datagrams.local_endpoint().port();
    const auto tcp_port = streams.local_endpoint().port();
    REQUIRE(b.server->listen(net::passed_socket{datagrams.release()}).has_value());
    REQUIRE(b.server->listen(net::passed_socket{streams.release()}).has_value());
    b.port = udp_port;
    auto socket = b.udp_to("127.0.0.1");
    CHECK(text_of(b.ask(socket, question)) == "udp");
    b.port = tcp_port;
    auto stream = b.tcp_to();
    b.write(stream, framed(question));
    CHECK(text_of(b.read(stream, 30).substr(2)) == "tcp");
    const int plain = ::socket(AF_INET, SOCK_STREAM, 0);
    CHECK(b.server->listen(net::passed_socket{plain}).error().code == errc::invalid_argument);
    ::close(plain);
}

TEST_CASE("Above its rate a network is told to come over TCP, where it is answered") {
    server_limits limits;
    limits.rate = {10, 5};
    bench b({"127.0.0.1"}, limits);
    auto socket = b.udp_to("127.0.0.1");
    int answered = 0;
    int sent_to_tcp = 0;
    int silent = 0;
    for (int i = 0; i < 15; ++i) {
        const std::string answer = b.ask(socket, question, milliseconds(60));
        answered += text_of(answer) == "udp" ? 1 : 0;
        sent_to_tcp += truncated(answer) ? 1 : 0;
        silent += answer.empty() ? 1 : 0;
        CHECK((!truncated(answer) || answer.size() == question.size()));
    }
    CHECK(answered == 5);
    CHECK(sent_to_tcp == 5);
    CHECK(silent == 5);
    auto stream = b.tcp_to();
    b.write(stream, framed(question));
    CHECK(text_of(b.read(stream, 30).substr(2)) == "tcp");
    b.time.advance(seconds(1));
    CHECK(text_of(b.ask(socket, question)) == "udp");
    // What is no question is not answered at all then.
    for (int i = 0; i < 10; ++i) {
        (void)b.ask(socket, question, milliseconds(1));
    }
    CHECK(b.hear(socket, milliseconds(20)).size() <= question.size());
    CHECK(make_truncated("garbage").empty());
    CHECK(make_truncated(bytes("abcd 2800 0001 0000 0000 0000 01 'A' 00 0010 0001")).empty());
}

TEST_CASE("Nothing that comes by UDP ends the service") {
    server_limits limits;
    limits.rate = {1e6, 1e6};
    bench b({"127.0.0.1"}, limits);
    auto socket = b.udp_to("127.0.0.1");
    const auto chance = make_seeded_random(11);
    for (int i = 0; i < 3000; ++i) {
        std::string packet(static_cast<std::size_t>(chance->between(0, 600)), '\0');
        for (char& c : packet) {
            c = static_cast<char>(chance->next());
        }
        if (i % 3 == 0) {
            packet = question + packet;
        }
        boost::system::error_code ec;
        socket.send(asio::buffer(packet), 0, ec);
        if (i % 50 == 0) {
            b.loop.restart();
            b.loop.poll();
        }
    }
    const std::string long_one(9000, 'x');
    boost::system::error_code ec;
    socket.send(asio::buffer(long_one), 0, ec);
    socket.send(asio::buffer(std::string()), 0, ec);
    for (int i = 0; i < 20; ++i) { // who asks and is gone when the answer comes
        auto gone = b.udp_to("127.0.0.1");
        gone.send(asio::buffer(question), 0, ec);
        gone.close();
        b.loop.restart();
        b.loop.poll();
    }
    auto fresh = b.udp_to("127.0.0.1");
    CHECK(text_of(b.ask(fresh, question)) == "udp");
}

TEST_CASE("An answer that is too long for a datagram becomes one that says so") {
    bench b({"127.0.0.1"}, {}, [](std::string_view, over) { return std::string(5000, 'x'); });
    auto socket = b.udp_to("127.0.0.1");
    CHECK(truncated(b.ask(socket, question)));
}

TEST_CASE("After stop nothing is answered, and listening begins again") {
    bench b;
    auto idle = b.tcp_to();
    b.write(idle, framed(question));
    CHECK_FALSE(b.read(idle, 10).empty());
    auto stop = [](dns::server& s) -> awaitable<int> {
        co_await s.stop();
        co_return 1;
    };
    run(b.loop, stop(*b.server));
    CHECK(b.server->addresses().empty());
    CHECK(b.read(idle).empty());
    auto socket = b.udp_to("127.0.0.1");
    CHECK(b.ask(socket, question, milliseconds(50)).empty());
    REQUIRE(b.server->listen(endpoint{"127.0.0.1", b.port}).has_value());
    auto again = b.udp_to("127.0.0.1");
    CHECK(text_of(b.ask(again, question)) == "udp");
}
