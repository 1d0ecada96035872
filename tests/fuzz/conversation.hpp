#pragma once
// A connection with nobody else in the room: what a session answers to bytes that come in one piece or in
// several.
#include "core/net/socket_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <array>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace evercert::fuzzing {

inline void fail_unless(bool good) {
    if (!good) {
        std::abort();
    }
}

class no_events final : public event_sink {
public:
    /// The only one that a session may emit here says that the handler threw.
    void emit(const event& what) override { fail_unless(what.level < severity::error); }
    [[nodiscard]] bool reads(severity) const noexcept override { return true; }
};

using make_session = std::function<std::shared_ptr<net::session>(net::socket_server::socket)>;

/// Sends the bytes, those up to `cut` first and the others when the session waits for more; then ends our
/// side. All that came back. The session has ended by then.
inline std::string converse(asio::io_context& loop, const make_session& make, std::string_view bytes,
                            std::size_t cut) {
    std::array<int, 2> ends{};
    fail_unless(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    net::socket_server::socket theirs(loop);
    theirs.assign(asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
    auto session = make(std::move(theirs));
    bool ended = false;
    auto done = [&ended, &session](std::exception_ptr failed) {
        fail_unless(failed == nullptr);
        ended = true;
        session.reset();
    };
    loop.restart();
    asio::co_spawn(loop, session->run(), done);
    std::string out;
    const auto drain = [&] {
        std::array<char, 4096> space{};
        for (ssize_t n = 1; n > 0;) {
            n = ::recv(ends[1], space.data(), space.size(), 0);
            out.append(space.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
        }
    };
    for (auto part : {bytes.substr(0, cut), bytes.substr(std::min(cut, bytes.size()))}) {
        while (!part.empty() && !ended) {
            const auto sent = ::send(ends[1], part.data(), part.size(), MSG_NOSIGNAL);
            part.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
            while (loop.poll() > 0) {
            }
            drain();
            if (sent < 0 && errno != EAGAIN) {
                break; // it wants no more of us
            }
        }
    }
    ::shutdown(ends[1], SHUT_WR);
    loop.restart();
    loop.run(); // ends when nothing is left to wait for: a session that hangs is a finding of its own
    fail_unless(ended);
    drain();
    ::close(ends[1]);
    return out;
}

} // namespace evercert::fuzzing
