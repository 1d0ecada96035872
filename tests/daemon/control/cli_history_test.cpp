// evercert history
#include "tests/daemon/control/terminal.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

lifecycle::history_line happened(std::string id, int second, std::string message = "it did") {
    lifecycle::history_line line;
    line.time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + seconds(second);
    line.certificate = "example";
    line.event = std::move(id);
    line.message = std::move(message);
    return line;
}

cli_options follow(const std::string& name = {}) {
    auto options = command("history", name);
    options.follow = true;
    return options;
}

} // namespace

TEST_CASE("history --follow shows the end of the record and goes on, each line once") {
    std::vector<lifecycle::history_line> record;
    for (int i = 0; i < 12; ++i) {
        record.push_back(happened(fmt::format("cert.step_{}", i), i));
    }
    terminal b;
    // The last of the record happened when the stream had begun.
    b.lines = {event_to_json(happened("stream.begun", 10)), event_to_json(record.back()),
               event_to_json(happened("stream.alive", 20)),
               event_to_json(happened("cert.issued", 30, "new\x1b[2J"))};
    b.answer(200, "");
    b.answer(200, history_to_json(record));
    CHECK(b.run(follow()) == 3);
    CHECK(b.asked == std::vector<std::string>{"GET /v1/events", "GET /v1/history"});
    CHECK(b.out.starts_with("2026-11-21T00:00:02Z  cert.step_2             example               it did\n"));
    CHECK(b.out.find("cert.step_11") == b.out.rfind("cert.step_11"));
    CHECK(
        b.out.ends_with("2026-11-21T00:00:30Z  cert.issued             example               new\\x1b[2J\n"));
    CHECK(b.out.find("stream.") == std::string::npos);
    CHECK(b.err == "evercert: evercertd has ended\n");
}

TEST_CASE("history NAME --follow --json prints lines of JSON") {
    terminal b;
    const std::string first = event_to_json(happened("cert.issued", 1));
    const std::string second = event_to_json(happened("stream.dropped", 2));
    b.lines = {event_to_json(happened("stream.begun", 1)), second};
    b.answer(200, "");
    b.answer(200, history_to_json({happened("cert.issued", 1)}));
    auto options = follow("example");
    options.json = true;
    CHECK(b.run(options) == 3);
    CHECK(b.asked ==
          std::vector<std::string>{"GET /v1/events?certificate=example", "GET /v1/history/example"});
    CHECK(b.out == first + "\n" + second + "\n");
}

TEST_CASE("What cannot be followed has the exit codes of the other commands") {
    terminal b;
    CHECK(b.run(follow()) == 3); // no daemon
    b.answers.emplace_back(fail(errc::network, "the daemon closed the connection"));
    CHECK(b.run(follow()) == 3);
    b.answers.emplace_back(fail(errc::timed_out, "silence"));
    CHECK(b.run(follow()) == 1);
    b.answer(404, error_to_json(error(errc::not_found, "no certificate is called \"x\"")));
    CHECK(b.run(follow("x")) == 1);
    CHECK(b.err.ends_with("evercert: no certificate is called \"x\"\n"));
    CHECK(b.run(follow("*.x")) == 2);

    b.lines = {"what?"};
    b.answer(200, "");
    CHECK(b.run(follow()) == 1);
    CHECK(b.err.find("was not understood") != std::string::npos);
    b.lines = {event_to_json(happened("stream.begun", 1)), event_to_json(happened("cert.issued", 1))};
    b.answer(200, "");
    b.answer(500, "<html>");
    b.out.clear();
    CHECK(b.run(follow()) == 1);
    CHECK(b.out.empty());
}
