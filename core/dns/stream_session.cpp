#include "core/dns/stream_session.hpp"

#include "core/dns/datagram.hpp"
#include "core/dns/wire.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>

namespace evercert::dns {

using boost::system::error_code;

stream_session::stream_session(socket accepted, answer_function answer, server_limits limits)
    : socket_(std::move(accepted))
    , answer_(std::move(answer))
    , limits_(limits)
    , timer_(socket_.get_executor())
    , end_(net::socket_clock() + limits.lifetime) {
    end_at(net::socket_clock() + limits_.patience);
}

void stream_session::end_at(steady_time when) {
    timer_.set(std::min(when, end_), [this] { abort(); });
}

void stream_session::abort() {
    error_code ignored;
    socket_.close(ignored);
    cancel->emit();
}

awaitable<void> stream_session::run() {
    bool more = true;
    for (std::size_t asked = 0; more && asked < limits_.questions; ++asked) {
        // One deadline from here to the last byte of the answer: bytes that drip in do not move it.
        end_at(net::socket_clock() + limits_.patience);
        more = co_await serve_one();
    }
    timer_.clear();
    error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

awaitable<bool> stream_session::serve_one() {
    answering_ = false;
    std::string length(2, '\0');
    bool there = co_await read(length);
    const std::size_t size = wire_reader(length).u16();
    if (!there || size < header_size || size > longest_query) {
        co_return false;
    }
    std::string question(size, '\0');
    there = co_await read(question);
    if (!there) {
        co_return false;
    }
    const std::string packet = answer_(question, over::tcp);
    if (packet.empty() || packet.size() > 0xFFFF) {
        co_return false;
    }
    answering_ = true;
    std::string framed;
    framed.reserve(packet.size() + 2);
    put_u16(framed, static_cast<unsigned>(packet.size()));
    framed += packet;
    error_code ec;
    co_await asio::async_write(socket_, asio::buffer(framed), asio::redirect_error(asio::use_awaitable, ec));
    co_return !ec;
}

awaitable<bool> stream_session::read(std::string& whole) {
    error_code ec;
    co_await asio::async_read(socket_, asio::buffer(whole), asio::redirect_error(asio::use_awaitable, ec));
    co_return !ec;
}

} // namespace evercert::dns
