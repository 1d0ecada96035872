// When records are written, and what a crash costs where no server is told.
#include "tests/core/lifecycle/engine_fixture.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::testing;

namespace {

const std::string record = "jobs/a.example.json";

unsigned records_written(const std::vector<memory_store::image>& moments) {
    unsigned count = 0;
    std::string last;
    for (const auto& moment : moments) {
        const auto found = moment.files.find(record);
        if (found != moment.files.end() && found->second.contents != last) {
            last = found->second.contents;
            ++count;
        }
    }
    return count;
}

bool has_pending_key(const memory_store::image& disk) {
    return std::ranges::any_of(
        disk.files, [](const auto& file) { return file.first.find("/pending.") != std::string::npos; });
}

} // namespace

TEST_CASE("an issuance that tells no server writes the accepted order, and its end with the CA's word") {
    engine_fixture f;
    f.add("a.example", {});
    f.disk.record();
    f.start();
    REQUIRE(f.until(state::waiting, "a.example"));
    CHECK(records_written(f.disk.history()) <= 3); // one more for the limits
    const auto disk = f.disk.snapshot();
    CHECK(disk.files.at(record).contents.find("\"orders\"") == std::string::npos);
    CHECK_FALSE(has_pending_key(disk));
}

TEST_CASE("a crash at any moment of a renewal that was asked for costs at most one order more") {
    const auto renew = [](engine_fixture& f) {
        f.start();
        REQUIRE(f.until(state::waiting, "a.example"));
        f.disk.record();
        REQUIRE(f.engine->renew("a.example", true));
        REQUIRE(f.time.run_until([&] { return f.live_version("a.example") == 2; }));
        REQUIRE(f.until(state::waiting, "a.example"));
    };
    std::size_t changes = 0;
    {
        engine_fixture whole;
        whole.add("a.example", {});
        renew(whole);
        changes = whole.disk.history().size();
    }
    REQUIRE(changes > 5);
    for (std::size_t cut = 0; cut < changes; ++cut) {
        CAPTURE(cut);
        engine_fixture f;
        f.add("a.example", {});
        renew(f);
        const auto moments = f.disk.history();
        f.stop();
        f.disk.restore(moments[cut]);
        const bool was_live = moments[cut].links.at("live/a.example").ends_with("0002");
        f.start();
        REQUIRE(f.until(state::waiting, "a.example"));
        CHECK(f.ca.orders_created <= 3);
        if (was_live) { // what was asked for is there, whatever the record says
            CHECK(f.ca.orders_created == 2);
            CHECK(f.live_version("a.example") == 2);
        }
    }
}
