#pragma once
// A server on real loopback sockets, its rate on a clock that the test moves, and askers that misbehave.
#include "core/dns/message.hpp"
#include "core/dns/server.hpp"
#include "tests/core/dns/packets.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"

#include <memory>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace evercert::testing {

inline const std::string question = bytes("abcd 0100 0001 0000 0000 0000 01 'A' 00 0010 0001");

/// Answers everything that can be asked with one TXT record.
inline std::string hello(std::string_view packet, dns::over path) {
    const auto read = dns::parse_query(packet);
    if (read.what == dns::verdict::drop) {
        return {};
    }
    if (read.what != dns::verdict::good) {
        return dns::make_refusal(read);
    }
    const auto text = dns::txt_record(read.asked.name, 1, path == dns::over::udp ? "udp" : "tcp").value();
    dns::reply what;
    what.answers = {&text};
    return dns::make_reply(read.asked, what, path);
}

struct dns_server_bench {
    explicit dns_server_bench(std::vector<std::string> where = {"127.0.0.1"}, dns::server_limits limits = {},
                              dns::answer_function how = &hello) {
        server = dns::make_server(loop.get_executor(), events, time, *random, limits, std::move(how));
        for (const std::string& each : where) {
            const auto listening = server->listen(endpoint{each, port});
            INFO((listening ? "" : listening.error().message));
            REQUIRE(listening.has_value());
            const std::string first = server->addresses().front();
            port = parse_endpoint(first.substr(0, first.size() - 4)).value().port;
        }
    }
    ~dns_server_bench() {
        server.reset();
        loop.restart();
        loop.poll();
    }
    dns_server_bench(const dns_server_bench&) = delete;
    dns_server_bench& operator=(const dns_server_bench&) = delete;

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
    std::string ask(asio::ip::udp::socket& socket, const std::string& packet,
                    milliseconds at_most = seconds(5)) {
        boost::system::error_code ec;
        socket.send(asio::buffer(packet), 0, ec);
        return hear(socket, at_most);
    }
    std::string hear(asio::ip::udp::socket& socket, milliseconds at_most) {
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
    asio::ip::udp::socket udp_to(const std::string& address) {
        const asio::ip::udp::endpoint to(asio::ip::make_address(address), port);
        asio::ip::udp::socket socket(loop, to.protocol());
        socket.connect(to);
        return socket;
    }
    asio::ip::tcp::socket tcp_to(const std::string& address = "127.0.0.1") {
        asio::ip::tcp::socket socket(loop);
        socket.connect(asio::ip::tcp::endpoint(asio::ip::make_address(address), port));
        return socket;
    }
    /// All that comes until the server ends the connection, or until `size` bytes are there.
    std::string read(asio::ip::tcp::socket& socket, std::size_t size = std::string::npos,
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
    static void write(asio::ip::tcp::socket& socket, const std::string& what) {
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

inline std::string text_of(const std::string& packet) {
    const auto read = dns::parse_answer(packet);
    return read && !read->answer.answers.empty() ? read->answer.answers.front().value : "";
}

inline bool truncated(const std::string& packet) {
    const auto walked = dns::walk_packet(packet);
    return walked && (walked->flags & dns::flag::truncated) != 0;
}

} // namespace evercert::testing
