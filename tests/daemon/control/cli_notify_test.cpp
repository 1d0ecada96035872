// evercert notify, and its test.
#include "tests/daemon/control/terminal.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

audience_view sample() {
    audience_view one;
    one.name = "chat";
    one.type = "webhook";
    one.target = "https://h.example";
    one.on = {"failing", "recovered"};
    return one;
}

cli_options testing_command() {
    cli_options options = command("notify");
    options.test = true;
    return options;
}

} // namespace

TEST_CASE("notify lists who is told, and what is wrong with it") {
    terminal t;
    t.answer(200, notifications_to_json({sample()}));
    CHECK(t.run(command("notify")) == exit_done);
    CHECK(t.asked.back() == "GET /v1/notify");
    CHECK(t.out.find("chat") != std::string::npos);
    CHECK(t.out.find("nothing was told yet") != std::string::npos);
    audience_view bad = sample();
    bad.problem = "no \x1b[31mway";
    bad.queued = 3;
    t.out.clear();
    t.answer(200, notifications_to_json({bad}));
    CHECK(t.run(command("notify")) == exit_done);
    CHECK(t.out.find("TROUBLE: no \\x1b[31mway") != std::string::npos);
    t.out.clear();
    t.answer(200, notifications_to_json({}));
    CHECK(t.run(command("notify")) == exit_done);
    CHECK(t.out.starts_with("nobody is told anything"));
}

TEST_CASE("notify --test says how each went, and fails if any did or there is none") {
    terminal t;
    t.answer(200, tests_to_json({{"chat", "https://h.example", ""}, {"mail", "ops@example.com", ""}}));
    CHECK(t.run(testing_command()) == exit_done);
    CHECK(t.asked.back() == "POST /v1/notify/test {}");
    CHECK(t.out == "chat (https://h.example): delivered\nmail (ops@example.com): delivered\n");
    t.out.clear();
    t.answer(200, tests_to_json({{"chat", "https://h.example", "status 404"}, {"mail", "x", ""}}));
    CHECK(t.run(testing_command()) == exit_failed);
    CHECK(t.out.find("NOT DELIVERED: status 404") != std::string::npos);
    t.answer(200, tests_to_json({}));
    CHECK(t.run(testing_command()) == exit_failed);
    t.answer(200, R"({"schema":1,"tests":[{"name":1}]})");
    CHECK(t.run(testing_command()) == exit_failed);
}
