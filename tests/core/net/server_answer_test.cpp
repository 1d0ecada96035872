// Answers that the kernel does not take at once.
#include "tests/core/net/server_setup.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

constexpr std::size_t large = 6 * 1024 * 1024; ///< more than a socket's buffers hold

/// What comes on a connection until it is closed or so much is there, taken a little at a time.
std::string read_slowly(asio::io_context& loop, tcp::socket& from, std::size_t enough) {
    std::string out;
    std::string space(200'000, '\0');
    bool over = false;
    run_until(loop, [&] {
        const auto n = ::recv(from.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
        over = n == 0 || (n < 0 && errno != EAGAIN);
        out.append(space.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
        return over || out.size() >= enough;
    });
    return out;
}

} // namespace

TEST_CASE_METHOD(server_setup, "An answer larger than all buffers arrives whole, kept alive or closed") {
    for (std::size_t i = 0; i < large; ++i) {
        response.body += static_cast<char>('a' + i % 23); // no power of two: a piece in a wrong place shows
    }
    for (const auto& headers : {"Host: a\r\n", "Host: a\r\nConnection: close\r\n"}) {
        CAPTURE(headers);
        const auto peer = hold(loop, where);
        peer->send(asio::buffer(get(headers)));
        run_for(loop, milliseconds(20)); // the server is waiting for room by now
        const bool closes = std::string_view(headers).find("close") != std::string_view::npos;
        const auto first = read_slowly(loop, *peer, 1000);
        REQUIRE(status_of(first) == 200);
        const auto head = first.find("\r\n\r\n") + 4;
        const auto answer =
            first + read_slowly(loop, *peer, closes ? 2 * large : head + large - first.size());
        CHECK(answer.substr(head) == response.body);
        CHECK(is_open(loop, *peer) != closes);
    }
}

TEST_CASE_METHOD(server_setup, "Who reads nothing of its answer is dropped at the deadline") {
    net::server_limits limits;
    limits.lifetime = milliseconds(100);
    start(limits);
    response.body.assign(large, 'x');
    run_for(loop, milliseconds(2)); // the first server's end
    const auto descriptors = open_descriptors();
    const auto peer = hold(loop, where);
    peer->send(asio::buffer(get()));
    run_for(loop, milliseconds(20));
    CHECK(open_descriptors() == descriptors + 2);
    CHECK(run_until(loop, [&] { return seen.size() == 1 && open_descriptors() == descriptors + 1; }));
    CHECK(events.all.empty());
}
