#pragma once
// Packets and servers for tests: bytes by hand, answers to whatever was asked, sockets that misbehave.
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/dns/packet.hpp"
#include "core/dns/query.hpp"
#include "core/dns/reply.hpp"
#include "core/dns/wire.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace evercert::testing {

/// Runs the loop until the task has ended; fails the test after 10 s.
template <class T>
T run(asio::io_context& loop, awaitable<T> task) {
    std::optional<T> out;
    std::exception_ptr failed;
    auto done = [&](std::exception_ptr e, T value) {
        failed = e;
        out = std::move(value);
    };
    asio::co_spawn(loop, std::move(task), done);
    loop.restart();
    const auto give_up = std::chrono::steady_clock::now() + seconds(10);
    while (!out && std::chrono::steady_clock::now() < give_up) {
        loop.run_one_for(milliseconds(100));
    }
    REQUIRE(out.has_value());
    if (failed) {
        std::rethrow_exception(failed);
    }
    return std::move(*out);
}

/// "0001 ff" to bytes; a part in quotes stands for itself.
inline std::string bytes(std::string_view text) {
    std::string out;
    int high = -1;
    bool quoted = false;
    for (const char c : text) {
        if (c == '\'') {
            quoted = !quoted;
        } else if (quoted) {
            out.push_back(c);
        } else if (c != ' ' && c != '\n') {
            const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
            if (high < 0) {
                high = digit;
            } else {
                out.push_back(static_cast<char>(high * 16 + digit));
                high = -1;
            }
        }
    }
    return out;
}

/// A good answer with these records, as our own responder writes it.
inline std::string answer_to(const std::string& request, const std::vector<dns::reply_record>& records,
                             dns_rcode code = dns_rcode::no_error) {
    const auto read = dns::parse_query(request);
    REQUIRE(read.what == dns::verdict::good);
    dns::reply what;
    what.code = code;
    for (const auto& r : records) {
        what.answers.push_back(&r);
    }
    return dns::make_reply(read.asked, what, dns::over::tcp);
}

inline std::string with_flags(std::string packet, unsigned set, unsigned clear = 0) {
    dns::wire_reader in(packet, 2);
    dns::set_u16(packet, 2, (in.u16() | set) & ~clear);
    return packet;
}

/// Hears datagrams on a loopback port, and does with each what the test says.
class udp_server {
public:
    using send = std::function<void(std::string)>;
    using script = std::function<void(const std::string& request, const send& reply)>;

    udp_server(asio::io_context& loop, script how, const char* address = "127.0.0.1")
        : loop_(loop), socket_(open(loop, asio::ip::make_address(address))), how_(std::move(how)) {
        hear();
    }
    ~udp_server() {
        boost::system::error_code ignored;
        socket_.close(ignored);
        loop_.restart();
        while (hearing_ && loop_.run_one_for(seconds(5)) > 0) {
        }
    }
    udp_server(const udp_server&) = delete;
    udp_server& operator=(const udp_server&) = delete;
    [[nodiscard]] endpoint where() const {
        const auto local = socket_.local_endpoint();
        return endpoint{local.address().to_string(), local.port()};
    }
    std::vector<std::string> requests;
    std::vector<std::uint16_t> from_ports;

private:
    /// On a port that TCP has free as well, for a tcp_server beside it.
    static asio::ip::udp::socket open(asio::io_context& loop, const asio::ip::address& address) {
        for (;;) {
            asio::ip::udp::socket made(loop, asio::ip::udp::endpoint(address, 0));
            asio::ip::tcp::acceptor twin(loop, address.is_v4() ? asio::ip::tcp::v4() : asio::ip::tcp::v6());
            boost::system::error_code taken;
            twin.bind({address, made.local_endpoint().port()}, taken);
            if (!taken) {
                return made;
            }
        }
    }

    void hear() {
        auto on_bytes = [this](const boost::system::error_code& ec, std::size_t size) {
            if (ec == asio::error::operation_aborted) {
                hearing_ = false;
                return;
            }
            const std::string request(buffer_.data(), size);
            requests.push_back(request);
            from_ports.push_back(from_.port());
            const auto to = from_;
            how_(request, [this, to](const std::string& out) {
                boost::system::error_code ignored; // the asker may have gone
                socket_.send_to(asio::buffer(out), to, 0, ignored);
            });
            hear();
        };
        socket_.async_receive_from(asio::buffer(buffer_), from_, on_bytes);
    }

    asio::io_context& loop_;
    asio::ip::udp::socket socket_;
    bool hearing_ = true;
    script how_;
    asio::ip::udp::endpoint from_;
    std::array<char, 65535> buffer_{};
};

/// Accepts connections on a loopback port; of each it reads one framed packet and writes the bytes that the
/// test says, not framed, or none; then it closes or hangs.
class tcp_server {
public:
    using script = std::function<std::optional<std::string>(const std::string& request)>;

    tcp_server(asio::io_context& loop, script how, std::uint16_t port = 0)
        : loop_(loop)
        , acceptor_(loop, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port))
        , how_(std::move(how)) {
        asio::co_spawn(loop, serve(), asio::detached);
    }
    ~tcp_server() { stop(); }
    tcp_server(const tcp_server&) = delete;
    tcp_server& operator=(const tcp_server&) = delete;
    [[nodiscard]] endpoint where() const { return endpoint{"127.0.0.1", acceptor_.local_endpoint().port()}; }
    /// Closes all, and lets the loop run until nobody uses this any more.
    void stop() {
        kept_.clear();
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        loop_.restart();
        while (serving_ && loop_.run_one_for(seconds(5)) > 0) {
        }
    }
    std::vector<std::string> requests;
    bool hang = false; ///< keep the connection and say nothing more
    bool drip = false; ///< one byte each 20 ms, as long as the asker stays

private:
    awaitable<void> serve() {
        for (;;) {
            boost::system::error_code ec;
            auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, ec));
            if (ec) {
                serving_ = false;
                co_return;
            }
            std::string size(2, '\0');
            co_await asio::async_read(socket, asio::buffer(size),
                                      asio::redirect_error(asio::use_awaitable, ec));
            dns::wire_reader length(size);
            std::string request(length.u16(), '\0');
            co_await asio::async_read(socket, asio::buffer(request),
                                      asio::redirect_error(asio::use_awaitable, ec));
            requests.push_back(request);
            const auto out = how_(request);
            for (std::size_t at = 0; out && !ec && at < out->size();) {
                const auto part = asio::buffer(*out) + at;
                const auto size_now = asio::buffer(part, drip ? 1 : out->size());
                at += co_await asio::async_write(socket, size_now,
                                                 asio::redirect_error(asio::use_awaitable, ec));
                asio::steady_timer pause(loop_, drip ? milliseconds(20) : milliseconds(0));
                co_await pause.async_wait(asio::use_awaitable);
            }
            if (hang) {
                kept_.push_back(std::move(socket));
            }
        }
    }

    asio::io_context& loop_;
    asio::ip::tcp::acceptor acceptor_;
    bool serving_ = true;
    script how_;
    std::vector<asio::ip::tcp::socket> kept_;
};

inline std::string framed(const std::string& packet) {
    std::string out;
    dns::put_u16(out, static_cast<unsigned>(packet.size()));
    return out + packet;
}

} // namespace evercert::testing
