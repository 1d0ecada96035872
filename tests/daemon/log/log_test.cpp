#include "core/json/value.hpp"
#include "daemon/log/descriptor_writer.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/printable.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"

#include <fmt/format.h>

#include <array>
#include <fcntl.h>
#include <unistd.h>

using namespace evercert;
using namespace evercert::daemon;

namespace {

event sample() {
    event what;
    what.id = "cert.issued";
    what.certificate = "example";
    what.message = "a certificate was issued";
    what.fields = {
        {"serial", "0a1b"}, {"issuer", "Corp Root\nX2"}, {"empty", ""}, {"url", "https://ca/o?id=1"}};
    return what;
}

struct bench {
    asio::io_context loop;
    testing::fake_time time{loop};
    std::vector<std::string> lines;
    log_outlets outlets() {
        log_outlets out;
        out.lines = [this](std::string_view line) { lines.emplace_back(line); };
        return out;
    }
};

} // namespace

TEST_CASE("A text line has time, level, id, certificate, message and fields") {
    bench b;
    CHECK(text_line(sample(), b.time.now()) ==
          "2026-11-21T00:00:00Z info [cert.issued] example: a certificate was issued serial=0a1b "
          "issuer=\"Corp Root\\nX2\" empty=\"\" url=\"https://ca/o?id=1\"");
    event bare;
    bare.id = "daemon.ready";
    bare.level = severity::error;
    bare.message = "ready";
    CHECK(text_line(bare, b.time.now()) == "2026-11-21T00:00:00Z error [daemon.ready] ready");
}

TEST_CASE("Hostile text stays on its line and is escaped once") {
    bench b;
    event what;
    what.id = "x";
    what.message = "said \"a\\nb\"\x1b[31m\nfake";
    what.fields = {{"k\n", "\xff\" y=\""}};
    CHECK(text_line(what, b.time.now()) ==
          "2026-11-21T00:00:00Z info [x] said \"a\\nb\"\\x1b[31m\\nfake k\\n=\"\\xff\\\" y=\\\"\"");
    CHECK(printable("abcdef", 3) == "abc...");
    CHECK(printable("\"\"\"\"", 2) == "\"\"...");
}

TEST_CASE("A JSON line is one object") {
    bench b;
    const std::string line = json_line(sample(), b.time.now());
    CHECK(
        line ==
        R"({"time":"2026-11-21T00:00:00Z","level":"info","event":"cert.issued","certificate":"example",)"
        R"("message":"a certificate was issued","fields":{"serial":"0a1b","issuer":"Corp Root\nX2","empty":"",)"
        R"("url":"https://ca/o?id=1"}})");
    event bare;
    bare.id = "daemon.ready";
    bare.message = "ready";
    CHECK(json_line(bare, b.time.now()) ==
          R"({"time":"2026-11-21T00:00:00Z","level":"info","event":"daemon.ready","message":"ready"})");
}

TEST_CASE("The log takes format and level from its settings, and again on reload") {
    bench b;
    config::log_settings settings;
    const auto log = make_log(settings, b.time, b.outlets());
    event what = sample();
    what.level = severity::debug;
    log->emit(what);
    CHECK(b.lines.empty());
    CHECK(!log->reads(severity::debug));
    CHECK(log->reads(severity::info));
    what.level = severity::info;
    log->emit(what);
    REQUIRE(b.lines.size() == 1);
    CHECK(b.lines[0].starts_with("2026-"));
    CHECK(b.lines[0].ends_with("\n"));

    settings.level = config::log_level::error;
    settings.format = config::log_format::json;
    log->configure(settings);
    log->emit(what);
    CHECK(b.lines.size() == 1);
    CHECK(!log->reads(severity::warning));
    what.level = severity::error;
    log->emit(what);
    REQUIRE(b.lines.size() == 2);
    CHECK(b.lines[1].starts_with("{"));
}

TEST_CASE("An event that goes to several sinks reaches each") {
    testing::recorded_events first;
    testing::recorded_events second;
    fan_out all;
    all.add(first);
    all.add(second);
    all.emit(sample());
    CHECK(first.count("cert.issued") == 1);
    CHECK(second.count("cert.issued") == 1);
}

TEST_CASE("A reader that has stalled costs lines, not the loop") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    descriptor_writer write(ends[1]);
    const std::string line(1023, 'x');
    constexpr std::size_t lines = 300; // more than a pipe holds
    for (std::size_t i = 0; i < lines; ++i) {
        write(line + "\n");
    }
    std::vector<char> buffer(512 * 1024);
    const auto taken = static_cast<std::size_t>(::read(ends[0], buffer.data(), buffer.size()));
    REQUIRE(taken > 0);
    REQUIRE(taken < lines * 1024);
    write("after\n");
    const auto size = static_cast<std::size_t>(::read(ends[0], buffer.data(), buffer.size()));
    const std::string notice =
        fmt::format("({} log lines were dropped: nobody read them)\n", lines - taken / 1024);
    CHECK(std::string(buffer.data(), size) == notice + "after\n");
    ::close(ends[0]);
    ::close(ends[1]);
}
