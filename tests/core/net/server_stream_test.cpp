// Answers that come about while they are sent.
#include "core/net/unix_client.hpp"
#include "tests/core/net/server_setup.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/post.hpp>

#include <deque>
#include <thread>

using namespace evercert;
using namespace evercert::testing;

namespace {

/// Pieces, with a pause in front of each.
struct pieces {
    static awaitable<std::string> next(std::shared_ptr<pieces> self) {
        asio::steady_timer timer(co_await asio::this_coro::executor, self->pause);
        co_await timer.async_wait(asio::use_awaitable);
        std::string piece;
        if (!self->left.empty()) {
            piece = std::move(self->left.front());
            self->left.pop_front();
        }
        co_return piece;
    }
    static net::body_source source(const std::shared_ptr<pieces>& of) {
        return [of] { return next(of); };
    }

    std::deque<std::string> left;
    milliseconds pause{1};
};

} // namespace

TEST_CASE_METHOD(server_setup, "A stream is sent in chunks as it comes, and ends its connection") {
    const auto said = std::make_shared<pieces>();
    said->left = {"one\n", "two\nthree\n"};
    response.more = pieces::source(said);
    const std::string answer = ask(get(), false);
    CHECK(status_of(answer) == 200);
    CHECK(answer.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos);
    CHECK(answer.find("Content-Length") == std::string::npos);
    CHECK(answer.find("\r\nConnection: close\r\n") != std::string::npos);
    CAPTURE(answer);
    CHECK(answer.ends_with("\r\n\r\n4\r\none\n\r\na\r\ntwo\nthree\n\r\n0\r\n\r\n"));
}

TEST_CASE_METHOD(server_setup, "A stream has no body for HEAD, and is nothing for HTTP/1.0") {
    const auto said = std::make_shared<pieces>();
    said->left = {"one\n"};
    response.more = pieces::source(said);
    const std::string head = ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(status_of(head) == 200);
    CHECK(head.ends_with("\r\n\r\n"));
    const std::string old = ask("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    CHECK(old.starts_with("HTTP/1.1 505 "));
    CHECK(old.find("chunked") == std::string::npos);
    CHECK(said->left.size() == 1);
}

TEST_CASE_METHOD(server_setup, "The deadline is for each piece of a stream") {
    net::server_limits limits;
    limits.lifetime = milliseconds(200);
    start(limits);
    const auto said = std::make_shared<pieces>();
    said->pause = milliseconds(60);
    said->left = {"1", "2", "3", "4", "5", "6"};
    response.more = pieces::source(said);
    CHECK(ask(get(), false).ends_with("0\r\n\r\n"));
    said->pause = seconds(60);
    const std::string cut = ask(get(), false);
    CHECK(status_of(cut) == 200);
    CHECK(!cut.ends_with("0\r\n\r\n"));
}

TEST_CASE_METHOD(server_setup, "A stream whose reader has gone is let go") {
    const auto said = std::make_shared<pieces>();
    said->left.assign(10'000, "on and on\n");
    response.more = pieces::source(said);
    auto peer = hold(loop, where);
    peer->send(asio::buffer(get()));
    run_for(loop, milliseconds(20));
    response.more = nullptr;
    CHECK(said.use_count() > 1); // the session has it
    peer->close();
    CHECK(run_until(loop, [&] { return said.use_count() == 1; }));
}

TEST_CASE("The command's client takes lines as they come, until it has enough") {
    const temp_folder files;
    const std::string path = files / "s";
    asio::io_context loop;
    recorded_events events;
    const auto said = std::make_shared<pieces>();
    unsigned status = 200;
    auto handler = [&](const net::server_request&) -> awaitable<net::server_response> {
        net::server_response out(status, "not now\n");
        if (status == 200) {
            out.more = pieces::source(said);
        }
        co_return out;
    };
    const auto server = net::make_http_server(loop.get_executor(), events, {}, handler);
    REQUIRE(server->listen(net::unix_endpoint{path, 0600, {}}));
    std::vector<std::string> lines;
    std::size_t enough = 100;
    auto follow = [&](std::size_t limit = 1000, milliseconds deadline = seconds(5)) {
        lines.clear();
        std::optional<result<http_response>> out;
        std::thread client([&] {
            http_request request("GET", "/v1/events");
            request.body_limit = limit;
            request.deadline = deadline;
            auto take = [&](std::string_view line) {
                lines.emplace_back(line);
                return lines.size() < enough;
            };
            out = net::unix_follow(path, request, take);
            asio::post(loop, [&] { loop.stop(); });
        });
        loop.restart();
        loop.run();
        client.join();
        return *out;
    };

    said->left = {"one\ntw", "o\n", "three\n"};
    REQUIRE(follow());
    CHECK(lines == std::vector<std::string>{"one", "two", "three"});

    said->left = {"one\ntwo\nthree\n", "four\n"};
    enough = 2;
    REQUIRE(follow());
    CHECK(lines == std::vector<std::string>{"one", "two"});
    enough = 100;

    said->left = {std::string(600, 'x') + "\n", std::string(600, 'x') + "\n"};
    CHECK(follow());
    said->left = {std::string(600, 'x'), std::string(600, 'x')};
    CHECK(follow().error().code == errc::too_large);

    said->pause = milliseconds(40);
    said->left = {"1\n", "2\n", "3\n", "4\n", "5\n"};
    CHECK(follow(1000, milliseconds(150)));
    said->pause = seconds(60);
    CHECK(follow(1000, milliseconds(50)).error().code == errc::timed_out);

    status = 503;
    const auto refused = follow();
    REQUIRE(refused);
    CHECK(refused->status == 503);
    CHECK(refused->body == "not now\n");
    CHECK(lines.empty());
}
