#include "core/base/random.hpp"
#include "core/lifecycle/bucket_table.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <bit>
#include <map>
#include <set>

using namespace evercert;
using namespace evercert::lifecycle;
using namespace std::chrono;

namespace {

const bucket_time begin = sys_days(year(2026) / 11 / 21);

std::vector<identifier> names(const std::vector<std::string>& texts) {
    std::vector<identifier> out;
    for (const std::string& text : texts) {
        out.push_back({identifier::kind::dns, text});
    }
    return out;
}

} // namespace

TEST_CASE("keys are what records of all versions have") {
    // From another implementation of FNV-1a and MurmurHash3's finalizer.
    CHECK(bucket_key("") == 0xefd01f60ba992926ULL);
    CHECK(bucket_key("example.com") == 0x9591d6421994d599ULL);
    CHECK(set_key(names({"example.com", "www.example.com"})) == 0x4aba7c74254c1a14ULL);
}

TEST_CASE("keys of many like names are all different, and every bit of them is a coin") {
    std::set<std::uint64_t> seen;
    std::array<int, 64> ones{};
    for (int number = 0; number < 100'000; ++number) {
        const std::uint64_t key = bucket_key(fmt::format("www.site{}.example.com", number));
        seen.insert(key);
        for (unsigned bit = 0; bit < 64; ++bit) {
            ones[bit] += static_cast<int>(key >> bit & 1U);
        }
    }
    CHECK(seen.size() == 100'000);
    for (const int count : ones) {
        CHECK(std::abs(count - 50'000) < 1'000);
    }
    CHECK(std::popcount(bucket_key("a.example.com") ^ bucket_key("b.example.com")) > 10);
}

TEST_CASE("a set's key knows neither order nor repeats, but every name") {
    const auto key = set_key(names({"a.example", "b.example", "*.b.example"}));
    CHECK(set_key(names({"*.b.example", "b.example", "a.example"})) == key);
    CHECK(set_key(names({"b.example", "a.example", "b.example", "*.b.example"})) == key);
    CHECK(set_key(names({"a.example", "b.example"})) != key);
    CHECK(set_key(names({"a.example", "b.example", "c.example"})) != key);
    CHECK(set_key(names({"a.example"})) != bucket_key("a.example"));
    CHECK(set_key(names({"a.example", "b.example"})) != set_key(names({"a.exampleb.example"})));
    CHECK(set_key({}) != 0);
}

TEST_CASE("a table keeps what is not full, as a plain map does") {
    const auto random = make_seeded_random(GENERATE(range(1U, 9U)));
    bucket_table table;
    std::map<std::uint64_t, bucket_time> plain;
    bucket_time now = begin;
    // Keys that crowd a few slots, at both ends too, so that searches run long and round the end.
    const auto draw = [&] {
        const auto row = static_cast<std::uint64_t>(random->between(1, 400));
        const auto home = static_cast<std::uint64_t>(random->between(-3, 5));
        return (row << 32U) + (home & 0xffffffffU);
    };
    for (int step = 0; step < 40'000; ++step) {
        const std::uint64_t key = draw();
        const auto choice = random->between(0, 99);
        if (choice < 55) {
            const bucket_time full_at = now + seconds(random->between(1, 2'000));
            table.put(key, full_at, choice % 2 == 0 ? "example.com" : "", now);
            plain[key] = full_at;
        } else if (choice < 65) {
            table.erase(key);
            plain.erase(key);
        } else if (choice < 67) {
            table.clean_all(now);
            std::erase_if(plain, [&](const auto& one) { return one.second <= now; });
            REQUIRE(table.size() == plain.size());
        } else {
            table.clean(now);
        }
        now += seconds(random->between(0, 3));
        if (step % 1'500 == 0) {
            now += seconds(random->between(0, 3'000)); // now and then nearly all become full
        }
        const std::uint64_t asked = draw();
        const auto known = plain.find(asked);
        if (known != plain.end() && known->second > now) {
            REQUIRE(table.full_at(asked) == known->second);
        } else {
            REQUIRE(table.full_at(asked) <= now);
        }
    }
    for (const auto& [key, full_at] : plain) {
        REQUIRE((full_at <= now || table.full_at(key) == full_at));
    }
    table.clean_all(now + days(1));
    CHECK(table.size() == 0);
    CHECK(table.slots().capacity() == 0);
}

TEST_CASE("the subject is kept from the first time") {
    bucket_table table;
    table.put(7, begin + hours(1), "example.com", begin);
    table.put(7, begin + hours(2), "", begin);
    const auto found = std::find_if(table.slots().begin(), table.slots().end(),
                                    [](const auto& one) { return one.key == 7; });
    REQUIRE(found != table.slots().end());
    CHECK(std::string_view(found->subject.get()) == "example.com");
    CHECK(found->full_at == begin + hours(2));
}

TEST_CASE("full buckets make room for others, and go for good when they are looked at") {
    bucket_table table;
    const auto key = [](const char* kind, int number) {
        return bucket_key(fmt::format("{}{}", kind, number));
    };
    for (int number = 0; number < 100'000; ++number) {
        table.put(key("early", number), begin + hours(1), {}, begin);
    }
    CHECK(table.size() == 100'000);
    CHECK(table.slots().size() * sizeof(bucket_table::bucket) < 100'000 * 70);
    // All of these are full now: the table does not grow for others.
    const std::size_t slots = table.slots().size();
    const bucket_time later = begin + hours(2);
    for (int number = 0; number < 50'000; ++number) {
        table.put(key("late", number), number % 2 == 0 ? later + hours(1) : later, {}, later);
    }
    CHECK(table.slots().size() == slots);
    for (std::size_t call = 0; call < slots; ++call) {
        table.clean(later);
    }
    CHECK(table.size() == 25'000);
    for (std::size_t call = 0; call < slots; ++call) {
        table.clean(later + hours(1));
    }
    CHECK(table.size() == 0);
    CHECK(table.slots().capacity() == 0);
}
