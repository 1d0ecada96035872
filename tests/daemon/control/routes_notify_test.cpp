// /v1/notify
#include "daemon/control/routes.hpp"
#include "tests/daemon/control/fake_engine.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"

#include <boost/asio/co_spawn.hpp>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

struct bench {
    bench() {
        handler = make_control_handler(control_parts{.engine = engine,
                                                     .time = time,
                                                     .events = events,
                                                     .reload = {},
                                                     .status = {},
                                                     .history = {},
                                                     .recent = {},
                                                     .dns_records = {},
                                                     .notifications = [this] { return audiences; },
                                                     .test_notifications = [this] { return test_all(); },
                                                     .feed = feed});
    }
    awaitable<std::vector<test_outcome>> test_all() {
        ++tests;
        std::vector<test_outcome> all{{"chat", "https://h.example", "no way"}};
        co_return all;
    }
    net::server_response ask(std::string method, std::string path, std::string body = {}) {
        net::server_request request;
        request.method = std::move(method);
        request.path = std::move(path);
        request.body = std::move(body);
        request.peer = "unix uid=1000 gid=1000 pid=7";
        request.peer_uid = 1000;
        net::server_response out(0);
        asio::co_spawn(loop, handler(std::move(request)),
                       [&](const std::exception_ptr&, net::server_response r) { out = std::move(r); });
        time.run_ready();
        return out;
    }

    asio::io_context loop;
    fake_time time{loop};
    recorded_events events;
    event_feed feed{time};
    fake_engine engine;
    std::vector<audience_view> audiences;
    unsigned tests = 0;
    net::request_handler handler;
};

} // namespace

TEST_CASE("Who is told can be looked at") {
    bench b;
    CHECK(b.ask("GET", "/v1/notify").body == R"({"schema":1,"notifications":[]})");
    audience_view one;
    one.name = "chat";
    one.type = "webhook";
    one.target = "https://h.example";
    one.on = {"failing"};
    one.troubled = 2;
    one.queued = 1;
    one.delivered = b.time.now();
    one.problem = "down";
    b.audiences.push_back(one);
    const auto looked = notifications_from_json(b.ask("GET", "/v1/notify").body);
    REQUIRE(looked.has_value());
    REQUIRE(looked->size() == 1);
    CHECK(looked->front() == one);
    CHECK(b.ask("POST", "/v1/notify").status == 405);
}

TEST_CASE("A test is asked for by POST, and recorded") {
    bench b;
    CHECK(b.ask("GET", "/v1/notify/test").status == 405);
    CHECK(b.ask("POST", "/v1/notify/else").status == 404);
    CHECK(b.ask("POST", "/v1/notify/test/more").status == 404);
    CHECK(b.ask("POST", "/v1/notify/test", R"({"now":true})").status == 400);
    CHECK(b.tests == 0);
    CHECK(b.events.all.empty());
    const auto tested = b.ask("POST", "/v1/notify/test", "{}");
    CHECK(tested.status == 200);
    const auto outcomes = tests_from_json(tested.body);
    REQUIRE(outcomes.has_value());
    CHECK(*outcomes == std::vector<test_outcome>{{"chat", "https://h.example", "no way"}});
    CHECK(b.tests == 1);
    CHECK(b.events.last("control.request")->message.starts_with("a test of the notifications"));
}
