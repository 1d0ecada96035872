#include "core/lifecycle/history_sink.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/recorded_events.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::testing;

namespace {

event happened(std::string_view id, std::string certificate, std::string message,
               severity level = severity::info) {
    event what;
    what.id = id;
    what.level = level;
    what.certificate = std::move(certificate);
    what.message = std::move(message);
    return what;
}

history_limits few_lines() {
    history_limits limits;
    limits.waiting = 8;
    limits.recent = 3;
    return limits;
}

struct bench {
    explicit bench(history_limits limits = {})
        : history(loop.get_executor(), log, files, workers, time, limits) {}
    ~bench() { stop(); }

    void tell(std::string certificate, std::string message) {
        history.emit(happened("cert.ordering", std::move(certificate), std::move(message)));
    }
    /// So many of the loop's small steps, and not on to where nothing is ready.
    void take_steps(unsigned count) {
        loop.restart();
        for (unsigned i = 0; i < count; ++i) {
            loop.poll_one();
        }
    }
    void stop(milliseconds patience = seconds(1)) {
        if (!stopped) {
            stopped = true;
            asio::co_spawn(loop, history.stop(patience), asio::detached);
            time.advance(patience + seconds(1));
        }
    }
    /// Messages of what is kept of a certificate, as it is asked for.
    std::vector<std::string> record_of(const std::string& certificate) {
        std::vector<std::string> messages;
        asio::co_spawn(loop, history.of(certificate),
                       [&](const std::exception_ptr&, result<std::vector<history_line>> lines) {
                           REQUIRE(lines);
                           for (const history_line& line : *lines) {
                               messages.push_back(line.message);
                           }
                       });
        time.run_ready();
        return messages;
    }
    /// Lines on the disk.
    [[nodiscard]] std::size_t written(const std::string& certificate) const {
        return files.read_history(certificate)->size();
    }

    asio::io_context loop;
    fake_time time{loop};
    recorded_events log;
    memory_store disk;
    storage::repository files{disk};
    worker_pool workers{0};
    history_sink history;
    bool stopped = false;
};

using messages = std::vector<std::string>;

} // namespace

TEST_CASE("a line of the record survives the way to disk and back") {
    event what = happened("cert.order_failed", "shop", "no \"luck\"\n\x1b[31m", severity::error);
    what.fields = {{"issuer", "ca"}, {"url", "https://ca.example/\xff"}, {"issuer", "again"}};
    const wall_time now = *parse_rfc3339("2026-11-21T12:34:56Z") + milliseconds(789);
    const history_line line = make_history_line(what, now);
    CHECK(line.time == *parse_rfc3339("2026-11-21T12:34:56Z"));
    CHECK(line.fields.size() == 2); // a name twice would make JSON that nobody reads
    const std::string text = to_json(line);
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
    const auto back = history_line_from_json("shop", text);
    REQUIRE(back);
    CHECK(back->message == what.message);
    CHECK(back->level == severity::error);
    CHECK(back->fields[0] == std::pair<std::string, std::string>("issuer", "ca"));
    CHECK(to_json(*back) == text);
}

TEST_CASE("what is no line of the record is not taken for one") {
    for (const char* text :
         {"", "{}", "[]", "null", R"({"time":"yesterday","event":"a","level":"info","message":"m"})",
          R"({"time":"2026-11-21T00:00:00Z","event":"a","level":"loud","message":"m"})",
          R"({"time":"2026-11-21T00:00:00Z","event":1,"level":"info","message":"m"})",
          R"({"time":"2026-11-21T00:00:00Z","event":"a","level":"info"})"}) {
        CAPTURE(text);
        CHECK_FALSE(history_line_from_json("shop", text));
    }
    CHECK(history_line_from_json(
        "shop", R"({"time":"2026-11-21T00:00:00Z","event":"a","level":"info","message":"m","new":[1]})"));
}

TEST_CASE("one event cannot push all others out of the record") {
    event what = happened("cert.order_failed", "shop", std::string(1'000'000, 'x'), severity::error);
    for (int i = 0; i < 1000; ++i) {
        what.fields.emplace_back("f" + std::to_string(i), std::string(100'000, 'y'));
    }
    CHECK(to_json(make_history_line(what, wall_time{})).size() < storage::repository::history_limit / 4);
}

TEST_CASE("the record keeps what an operator looks for") {
    const auto kept = [](std::string_view id, severity level) {
        return worth_keeping(happened(id, "shop", "", level));
    };
    for (const char* id : {"cert.ordering", "cert.issued", "cert.deployed", "deploy.reloaded",
                           "control.request", "acme.order_created", "account.key_changed", "daemon.ready"}) {
        CAPTURE(id);
        CHECK(kept(id, severity::info));
        CHECK_FALSE(kept(id, severity::debug));
    }
    for (const char* id : {"acme.challenge_ready", "crl.fetched", "http.something"}) {
        CAPTURE(id);
        CHECK_FALSE(kept(id, severity::info));
        CHECK(kept(id, severity::warning));
        CHECK(kept(id, severity::error));
    }
}

TEST_CASE("every event is passed on at once; those of a certificate are written together a little later") {
    bench b;
    b.tell("shop", "one");
    b.history.emit(happened("cert.found", "shop", "debugging", severity::debug));
    b.history.emit(happened("issuer.paused", "", "of no certificate", severity::warning));
    b.tell("blog", "two");
    b.tell("shop", "three");
    CHECK(b.log.all.size() == 5);
    CHECK(b.disk.mutations() == 0);
    b.time.advance(seconds(4));
    CHECK(b.disk.mutations() == 0);
    b.time.advance(seconds(2));
    CHECK(b.disk.mutations() == 2); // one for each certificate
    CHECK(b.record_of("shop") == messages{"one", "three"});
    CHECK(b.record_of("blog") == messages{"two"});
    CHECK(b.record_of("nobody").empty());
    CHECK(b.time.waiting() == 0); // at rest it costs nothing

    b.tell("shop", "four");
    b.time.advance(seconds(6));
    CHECK(b.record_of("shop") == messages{"one", "three", "four"});
    const auto recent = b.history.recent();
    REQUIRE(recent.size() == 5);
    CHECK(recent[1].event == "issuer.paused");
    CHECK(recent.back().message == "four");
}

TEST_CASE("what is not written yet is shown all the same, and once") {
    bench b;
    b.tell("shop", "one");
    CHECK(b.record_of("shop") == messages{"one"});
    b.time.advance(seconds(6));
    b.tell("shop", "two");
    CHECK(b.record_of("shop") == messages{"one", "two"});
}

TEST_CASE("whenever the record is asked for while it is written, each line is there once") {
    for (unsigned steps = 0; steps < 30; ++steps) {
        CAPTURE(steps);
        bench b(few_lines());
        b.tell("shop", "one");
        b.time.advance(seconds(6));
        b.tell("shop", "two");
        b.tell("shop", "three"); // enough to be written at once
        b.take_steps(steps);
        CHECK(b.record_of("shop") == messages{"one", "two", "three"});
        CHECK(b.written("shop") == 3);
    }
}

TEST_CASE("what comes while a write fails keeps its place behind it") {
    for (unsigned steps = 0; steps < 30; ++steps) {
        CAPTURE(steps);
        bench b(few_lines());
        b.disk.fail_call(1, errc::io);
        b.tell("shop", "one");
        b.tell("shop", "two");
        b.take_steps(steps);
        b.tell("shop", "three");
        b.tell("blog", "uno");
        b.time.advance(std::chrono::minutes(3));
        CHECK(b.record_of("shop") == messages{"one", "two", "three"});
        CHECK(b.written("shop") == 3);
        CHECK(b.written("blog") == 1);
    }
}

TEST_CASE("all that waits is written at a stop, and nothing after it") {
    bench b;
    for (int i = 0; i < 20; ++i) {
        b.tell("c" + std::to_string(i), "one");
    }
    b.stop();
    for (int i = 0; i < 20; ++i) {
        CHECK(b.written("c" + std::to_string(i)) == 1);
    }
    b.tell("c0", "late");
    b.time.advance(std::chrono::minutes(2));
    CHECK(b.log.all.size() == 21);
    CHECK(b.written("c0") == 1);
    CHECK(b.time.waiting() == 0);
}

TEST_CASE("under overload the oldest lines go, and that is said with their number") {
    bench b(few_lines());
    b.disk.fail_from(1, errc::io);
    for (int i = 0; i < 30; ++i) {
        b.tell("shop", std::to_string(i));
    }
    CHECK(b.record_of("shop") == messages{"22", "23", "24", "25", "26", "27", "28", "29"});
    CHECK(b.history.recent().size() == 3);
    b.disk.heal();
    b.time.advance(std::chrono::minutes(2));
    CHECK(b.written("shop") == 8);
    REQUIRE(b.log.count("history.dropped") == 1);
    CHECK(b.log.last("history.dropped")->message.starts_with("22 lines"));
    CHECK(b.log.last("history.dropped")->level == severity::warning);
}

TEST_CASE("many lines do not wait for the usual pause") {
    bench b(few_lines());
    b.tell("shop", "one");
    b.time.run_ready();
    b.tell("shop", "two"); // a quarter of what may wait
    b.time.run_ready();
    CHECK(b.written("shop") == 2);
}

TEST_CASE("a failing disk costs nothing but patience and is said once") {
    bench b;
    b.disk.fail_from(1, errc::no_space);
    b.tell("shop", "one");
    b.tell("blog", "uno");
    b.time.advance(std::chrono::minutes(10));
    CHECK(b.log.count("history.unwritable") == 1);
    CHECK(b.log.last("history.unwritable")->level == severity::warning);
    CHECK(b.disk.mutations() < 30); // once a minute for each, not in a circle
    b.tell("shop", "two");
    b.disk.heal();
    b.time.advance(std::chrono::minutes(2));
    CHECK(b.record_of("shop") == messages{"one", "two"});
    CHECK(b.written("blog") == 1);
    CHECK(b.log.count("history.dropped") == 0);

    b.disk.fail_from(1, errc::io);
    b.tell("shop", "three");
    b.time.advance(std::chrono::minutes(2));
    CHECK(b.log.count("history.unwritable") == 2); // a new trouble
    b.stop();
    REQUIRE(b.log.count("history.dropped") == 1);
    CHECK(b.log.last("history.dropped")->message.starts_with("1 line "));
}

TEST_CASE("one record that cannot be written does not hold up the others") {
    bench b;
    b.disk.put("history/bad.jsonl/in-the-way", ""); // a folder where the file should be
    for (int i = 0; i < 10; ++i) {
        b.tell("bad", "x");
        b.tell("good" + std::to_string(i), "one");
    }
    b.time.advance(seconds(10));
    for (int i = 0; i < 10; ++i) {
        CHECK(b.written("good" + std::to_string(i)) == 1);
    }
    CHECK(b.log.count("history.unwritable") == 1);
    CHECK(b.log.last("history.unwritable")->certificate == "bad");
    b.disk.lose("history/bad.jsonl/in-the-way");
    b.time.advance(std::chrono::minutes(2));
    CHECK(b.written("bad") == 10);
}

TEST_CASE("what a failing disk kept from being tried stays in order") {
    bench b;
    b.disk.fail_from(1);
    for (int i = 0; i < 100; ++i) {
        b.tell("c" + std::to_string(i), "one");
    }
    b.time.advance(seconds(10));
    for (int i = 0; i < 100; ++i) {
        b.tell("c" + std::to_string(i), "two");
    }
    b.disk.heal();
    b.time.advance(std::chrono::minutes(2));
    for (int i = 0; i < 100; ++i) {
        CHECK(b.record_of("c" + std::to_string(i)) == messages{"one", "two"});
        CHECK(b.written("c" + std::to_string(i)) == 2);
    }
}

TEST_CASE("a stop does not wait for a dead disk") {
    bench b;
    b.disk.fail_from(1);
    for (int i = 0; i < 100; ++i) {
        b.tell("c" + std::to_string(i), "one");
    }
    const steady_time before = b.time.steady_now();
    bool stopped = false;
    b.stopped = true;
    asio::co_spawn(b.loop, b.history.stop(seconds(5)), [&](const std::exception_ptr&) { stopped = true; });
    b.time.run_ready();
    CHECK(stopped);
    CHECK(b.time.steady_now() == before);
    CHECK(b.disk.mutations() <= 3);
    CHECK(b.log.last("history.dropped")->message.starts_with("100 lines"));
}
