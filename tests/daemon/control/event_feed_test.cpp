#include "daemon/control/event_feed.hpp"
#include "daemon/control/protocol.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"

#include <boost/asio/co_spawn.hpp>

#include <optional>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

/// Somebody who follows, and takes a piece only when told to.
struct follower {
    follower(asio::io_context& l, fake_time& t, net::body_source s)
        : loop(l), time(t), source(std::move(s)) {}

    void begin() {
        piece.reset();
        asio::co_spawn(loop, source(), [this](const std::exception_ptr& failed, std::string got) {
            REQUIRE(!failed);
            piece = std::move(got);
        });
        time.run_ready();
    }
    /// The ids of the next piece, each in front of a blank.
    std::string next() {
        begin();
        return piece ? ids(*piece) : "nothing yet";
    }
    static std::string ids(std::string_view text) {
        std::string out;
        while (!text.empty()) {
            const auto line = event_from_json(text.substr(0, text.find('\n')));
            REQUIRE(line);
            out += line->event + " ";
            text.remove_prefix(text.find('\n') + 1);
        }
        return out;
    }

    asio::io_context& loop;
    fake_time& time;
    net::body_source source;
    std::optional<std::string> piece;
};

struct bench {
    void emit(std::string_view id, const std::string& certificate, severity level = severity::info) {
        event e;
        e.id = id;
        e.certificate = certificate;
        e.level = level;
        e.message = "it happened";
        e.fields.emplace_back("issuer", "corp");
        feed.emit(e);
    }
    follower follow(const std::string& certificate = {}) {
        auto source = feed.follow(certificate);
        REQUIRE(source);
        return {loop, time, std::move(*source)};
    }

    asio::io_context loop;
    fake_time time{loop};
    feed_limits limits{.readers = 2, .waiting_bytes = 1000, .heartbeat = seconds(10)};
    event_feed feed{time, limits};
};

} // namespace

TEST_CASE("Events are told from the moment on in which somebody asks") {
    bench b;
    CHECK(!b.feed.reads(severity::error));
    b.emit("cert.issued", "before");
    follower all = b.follow();
    CHECK(b.feed.reads(severity::info));
    CHECK(!b.feed.reads(severity::debug));
    CHECK(all.next() == "stream.begun ");
    CHECK(all.next() == "nothing yet");
    b.emit("cert.issued", "example");
    b.emit("acme.order_created", "example");
    b.emit("http.aside", "");                            // not kept in the record either
    b.emit("cert.ordering", "example", severity::debug); // nor this
    b.time.run_ready();
    REQUIRE(all.piece);
    CHECK(follower::ids(*all.piece) == "cert.issued acme.order_created ");
    CHECK(all.piece->starts_with(R"({"schema":1,"time":"2026-11-21T00:00:00Z","certificate":"example",)"
                                 R"("event":"cert.issued","level":"info","message":"it happened",)"
                                 R"("fields":{"issuer":"corp"}})"
                                 "\n"));
}

TEST_CASE("Each reader is told of the certificate it asked for") {
    bench b;
    follower one = b.follow("one");
    follower all = b.follow();
    one.next();
    all.next();
    b.emit("cert.issued", "two");
    b.emit("cert.held", "one");
    CHECK(one.next() == "cert.held ");
    CHECK(all.next() == "cert.issued cert.held ");
}

TEST_CASE("A stream in which nothing happens shows that it lives") {
    bench b;
    follower all = b.follow();
    all.next();
    all.begin();
    b.time.advance(seconds(9));
    CHECK(!all.piece);
    b.time.advance(seconds(1));
    REQUIRE(all.piece);
    CHECK(follower::ids(*all.piece) == "stream.alive ");
}

TEST_CASE("A reader that is too slow is told how much it missed, in its place") {
    bench b;
    follower slow = b.follow();
    slow.next();
    for (int i = 0; i < 20; ++i) {
        b.emit("cert.issued", "example");
    }
    slow.begin();
    REQUIRE(slow.piece);
    CHECK(slow.piece->size() < 1400);
    const auto last = slow.piece->rfind("{\"schema\"");
    const auto line = event_from_json(slow.piece->substr(last));
    REQUIRE(line);
    CHECK(line->event == "stream.dropped");
    CHECK(line->level == severity::warning);
    const std::string told = follower::ids(slow.piece->substr(0, last));
    const std::size_t count = told.size() / std::string_view("cert.issued ").size();
    CHECK(line->fields ==
          std::vector<std::pair<std::string, std::string>>{{"events", std::to_string(20 - count)}});
    b.emit("cert.held", "example");
    CHECK(slow.next() == "cert.held ");
}

TEST_CASE("There are as many readers as there may be, and who has gone makes room") {
    bench b;
    follower first = b.follow();
    {
        follower second = b.follow();
        const auto refused = b.feed.follow("");
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::busy);
    }
    CHECK(b.follow().next() == "stream.begun ");
    b.emit("cert.issued", "example");
    CHECK(first.next() == "stream.begun cert.issued ");
}

TEST_CASE("Streams end when the feed is closed, with what was waiting") {
    bench b;
    follower waits = b.follow();
    waits.next();
    waits.begin();
    follower behind = b.follow();
    b.feed.close();
    b.time.run_ready();
    REQUIRE(waits.piece);
    CHECK(waits.piece->empty());
    CHECK(behind.next() == "stream.begun ");
    CHECK(behind.next().empty());
}

TEST_CASE("Who still reads may outlive the feed") {
    asio::io_context loop;
    fake_time time{loop};
    std::optional<event_feed> feed(std::in_place, time);
    auto source = feed->follow("");
    REQUIRE(source);
    follower late(loop, time, std::move(*source));
    late.next();
    late.begin();
    feed.reset();
    time.advance(seconds(10));
    REQUIRE(late.piece);
    CHECK(follower::ids(*late.piece) == "stream.alive ");
}
