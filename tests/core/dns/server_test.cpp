// The server on real loopback sockets; its rate on a clock that the test moves.
#include "core/dns/message.hpp"
#include "core/dns/server.hpp"
#include "tests/core/dns/packets.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"

#include <fmt/format.h>

#include <sys/socket.h>
#include <unistd.h>

using namespace evercert;
using namespace evercert::dns;
using namespace evercert::testing;
using asio::ip::tcp;
using asio::ip::udp;

namespace {

const std::string question = bytes("abcd 0100 0001 0000 0000 0000 01 'A' 00 0010 0001");

/// Answers everything that can be asked with one TXT record.
std::string hello(std::string_view packet, over path) {
    const auto read = parse_query(packet);
    if (read.what == verdict::drop) {
        return {};
    }
    if (read.what != verdict::good) {
        return make_refusal(read);
    }
    const auto text = txt_record(read.asked.name, 1, path == over::udp ? "udp" : "tcp").value();
    reply what;
    what.answers = {&text};
    return make_reply(read.asked, what, path);
}

struct bench {
    explicit bench(std::vector<std::string> where = {"127.0.0.1"}, server_limits limits = {},
                   answer_function how = &hello) {
        server = make_server(loop.get_executor(), events, time, *random, limits, std::move(how));
        for (const std::string& each : where) {
            const auto listening = server->listen(endpoint{each, port});
            INFO((listening ? "" : listening.error().message));
            REQUIRE(listening.has_value());
            const std::string first = server->addresses().front();
            port = parse_endpoint(first.substr(0, first.size() - 4)).value().port;
        }
    }
    ~bench() {
        server.reset();
        loop.restart();
        loop.poll();
    }
    bench(const bench&) = delete;
    bench& operator=(const bench&) = delete;

    template <class Done>
    bool run_until(Done done, milliseconds at_most = seconds(5)) {
        const auto end = std::chrono::steady_clock::now() + at_most;
        loop.restart();
        while (!done()) {
            if (std::chrono::steady_clock::now() > end) {
                return false;
            }
            loop.run_one_for(milliseconds(5));
        }
        return true;
    }

    /// The answer that comes from the address that was asked, or nothing within `at_most`.
    std::string ask(udp::socket& socket, const std::string& packet, milliseconds at_most = seconds(5)) {
        boost::system::error_code ec;
        socket.send(asio::buffer(packet), 0, ec);
        return hear(socket, at_most);
    }
    std::string hear(udp::socket& socket, milliseconds at_most) {
        std::string answer(65535, '\0');
        std::size_t size = 0;
        run_until(
            [&] {
                const ssize_t n = ::recv(socket.native_handle(), answer.data(), answer.size(), MSG_DONTWAIT);
                size = n > 0 ? static_cast<std::size_t>(n) : 0;
                return n > 0;
            },
            at_most);
        answer.resize(size);
        return answer;
    }
    udp::socket udp_to(const std::string& address) {
        const udp::endpoint to(asio::ip::make_address(address), port);
        udp::socket socket(loop, to.protocol());
        socket.connect(to);
        return socket;
    }
    tcp::socket tcp_to(const std::string& address = "127.0.0.1") {
        tcp::socket socket(loop);
        socket.connect(tcp::endpoint(asio::ip::make_address(address), port));
        return socket;
    }
    /// All that comes until the server ends the connection, or until `size` bytes are there.
    std::string read(tcp::socket& socket, std::size_t size = std::string::npos,
                     milliseconds at_most = seconds(5)) {
        std::string all;
        ended = false;
        run_until(
            [&] {
                std::array<char, 4096> some{};
                const ssize_t n = ::recv(socket.native_handle(), some.data(), some.size(), MSG_DONTWAIT);
                if (n > 0) {
                    all.append(some.data(), static_cast<std::size_t>(n));
                }
                ended = n == 0 || (n < 0 && errno != EAGAIN);
                return ended || all.size() >= size;
            },
            at_most);
        return all;
    }
    static void write(tcp::socket& socket, const std::string& what) {
        boost::system::error_code ec;
        asio::write(socket, asio::buffer(what), ec);
    }

    asio::io_context loop{1};
    fake_time time{loop};
    recorded_events events;
    std::unique_ptr<random_source> random = make_seeded_random(3);
    std::unique_ptr<dns::server> server;
    std::uint16_t port = 0;
    bool ended = false;
};

std::string text_of(const std::string& packet) {
    const auto read = parse_answer(packet);
    return read && !read->answer.answers.empty() ? read->answer.answers.front().value : "";
}

bool truncated(const std::string& packet) {
    const auto walked = walk_packet(packet);
    return walked && (walked->flags & flag::truncated) != 0;
}

} // namespace

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
