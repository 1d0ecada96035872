#include "core/net/local_exchange.hpp"
#include "tests/core/net/fixture.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include <array>

using namespace evercert;
using namespace evercert::testing;
using local = asio::local::stream_protocol;

namespace {

/// Takes one connection, reads `reads` bytes of it, answers, and closes unless it is to hang.
awaitable<void> answer_once(local::acceptor& at, std::size_t reads, std::string what, bool hang) {
    auto socket = co_await at.async_accept(asio::use_awaitable);
    boost::system::error_code ec;
    std::string heard(reads, '\0');
    co_await asio::async_read(socket, asio::buffer(heard), asio::redirect_error(asio::use_awaitable, ec));
    co_await asio::async_write(socket, asio::buffer(what), asio::redirect_error(asio::use_awaitable, ec));
    while (hang && !ec) {
        std::array<char, 64> space{};
        co_await socket.async_read_some(asio::buffer(space), asio::redirect_error(asio::use_awaitable, ec));
    }
}

} // namespace

TEST_CASE("A question to a local socket is answered by all that comes until the peer closes") {
    asio::io_context loop;
    const temp_folder files;
    const std::string path = files / "s";
    local::acceptor acceptor(loop, local::endpoint(path));
    const std::string question = "show\n";
    auto ask = [&](std::size_t limit, milliseconds deadline) {
        return run(loop, net::ask_local(net::local_question(path, question, limit, deadline)));
    };
    for (const std::string& said : {std::string("fine\n"), std::string(), std::string(100'000, 'x')}) {
        asio::co_spawn(loop, answer_once(acceptor, question.size(), said, false), asio::detached);
        CHECK(ask(100'000, seconds(5)) == said);
    }
    asio::co_spawn(loop, answer_once(acceptor, question.size(), std::string(101, 'x'), false),
                   asio::detached);
    CHECK(ask(100, seconds(5)).error().code == errc::too_large);
    asio::co_spawn(loop, answer_once(acceptor, question.size(), "half an answer", true), asio::detached);
    const auto late = ask(100, milliseconds(50));
    CHECK(late.error().code == errc::timed_out);
    CHECK(late.error().message.find(path) != std::string::npos);
}

TEST_CASE("A peer that refuses before it has heard all may say why") {
    asio::io_context loop;
    const temp_folder files;
    const std::string path = files / "s";
    local::acceptor acceptor(loop, local::endpoint(path));
    const std::string question(4 * 1024 * 1024, 'x');
    asio::co_spawn(loop, answer_once(acceptor, 0, "too much\n", false), asio::detached);
    const auto said = run(loop, net::ask_local(net::local_question(path, question, 100, seconds(5))));
    // The kernel may drop the answer together with what was never read.
    CHECK((said == "too much\n" || (!said && said.error().code == errc::network)));
}

TEST_CASE("Without anybody at the socket it is said what is missing") {
    asio::io_context loop;
    const temp_folder files;
    auto ask = [&](const std::string& path) {
        return run(loop, net::ask_local(net::local_question(path, "x", 100, seconds(5)))).error();
    };
    CHECK(ask(files / "none").code == errc::not_found);
    CHECK(ask(files.write("file", "") + "/below").code == errc::not_found);
    CHECK(ask(files / "file").code == errc::refused);
    CHECK(ask("").code == errc::invalid_argument);
    CHECK(ask("/" + std::string(107, 'x')).code == errc::invalid_argument);
    {
        const local::acceptor gone(loop, local::endpoint(files / "gone"));
    }
    CHECK(ask(files / "gone").code == errc::refused);
}
