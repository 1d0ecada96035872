#include "config/units.hpp"
#include "tests/support/catch.hpp"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

using namespace evercert;
using namespace evercert::config;

TEST_CASE("durations") {
    const std::vector<std::pair<std::string, std::int64_t>> good = {
        {"500ms", 500},
        {"30s", 30'000},
        {"5m", 300'000},
        {"2h", 7'200'000},
        {"10d", 864'000'000},
        {"0s", 0},
        {"1h30m", 5'400'000},
        {"1d2h3m4s5ms", 93'784'005},
        {"106751991167d", 106751991167LL * 86'400'000}};
    for (const auto& [in, out] : good) {
        CAPTURE(in);
        REQUIRE(parse_duration(in).has_value());
        CHECK(parse_duration(in)->count() == out);
    }
    for (const char* bad :
         {"", "5", "s", "-5s", "+5s", "5 s", " 5s", "5s ", "5x", "5S", "1.5h", "5s5s", "30m1h", "1e3s", "5w",
          "99999999999999999999s", "106751991168d", "9223372036854775807s", "9223372036854775807ms1"}) {
        CAPTURE(bad);
        REQUIRE(!parse_duration(bad).has_value());
        CHECK(parse_duration(bad).error().message.find("is not a duration") != std::string::npos);
    }
    CHECK(parse_duration("5").error().message.find("the unit is missing") != std::string::npos);
}

TEST_CASE("rates") {
    using std::chrono::hours;
    const std::vector<std::pair<std::string, rate>> right = {{"300/3h", {300, hours(3)}},
                                                             {"300 / 3h", {300, hours(3)}},
                                                             {"300/ 3h", {300, hours(3)}},
                                                             {"300 /3h", {300, hours(3)}},
                                                             {"1/1ms", {1, milliseconds(1)}},
                                                             {"007/1h30m", {7, milliseconds(5'400'000)}},
                                                             {"1000000/3650d", {1'000'000, hours(24 * 3650)}},
                                                             {"off", {}}};
    for (const auto& [in, out] : right) {
        CAPTURE(in);
        REQUIRE(parse_rate(in).has_value());
        CHECK(*parse_rate(in) == out);
        CHECK(parse_rate(in)->limited() == (in != "off"));
    }
    const std::vector<std::pair<std::string, std::string>> bad = {
        {"", "there is no \"/\""},
        {"300", "there is no \"/\" between a count and a time"},
        {"300 per 3h", "there is no \"/\""},
        {"OFF", "there is no \"/\""},
        {"/3h", "what stands before the \"/\" is not a whole number"},
        {"3h/300", "what stands before the \"/\" is not a whole number"},
        {"-1/3h", "not a whole number"},
        {"+1/3h", "not a whole number"},
        {"1.5/3h", "not a whole number"},
        {"1e3/3h", "not a whole number"},
        {"3 00/3h", "not a whole number"},
        {"off/3h", "not a whole number"},
        {"0/3h", "a count of 0 would let nothing through"},
        {"00/3h", "a count of 0 would let nothing through"},
        {"1000001/3h", "the count is more than 1000000"},
        {"99999999999999999999/3h", "the count is more than 1000000"},
        {"300/h", "the time needs its number: 300/1h"},
        {"20/ ms", "the time needs its number: 20/1ms"},
        {"300/", "what stands behind the \"/\" is not a duration"},
        {"300/3", "what stands behind the \"/\" is not a duration"},
        {"300/3 h", "is not a duration"},
        {"300//3h", "is not a duration"},
        {"300/3h/2", "is not a duration"},
        {"300/3w", "is not a duration"},
        {"300/0s", "the time goes from 1ms to 3650d"},
        {"300/3651d", "the time goes from 1ms to 3650d"},
        {"300/3650d1ms", "the time goes from 1ms to 3650d"}};
    for (const auto& [in, why] : bad) {
        CAPTURE(in);
        REQUIRE(!parse_rate(in).has_value());
        const std::string text = parse_rate(in).error().message;
        CAPTURE(text);
        CHECK(text.starts_with("\"" + in + "\" is not a rate ("));
        CHECK(text.find(why) != std::string::npos);
        CHECK(text.ends_with("write it like 300/3h or 20 / 1s, or off for no limit"));
    }
}

TEST_CASE("sizes") {
    const std::vector<std::pair<std::string, std::uint64_t>> good = {
        {"0", 0},           {"512", 512},       {"512B", 512},     {"64k", 65536},      {"64K", 65536},
        {"64KiB", 65536},   {"64kB", 64000},    {"10M", 10485760}, {"10MiB", 10485760}, {"10MB", 10000000},
        {"1G", 1073741824}, {"1GB", 1000000000}};
    for (const auto& [in, out] : good) {
        CAPTURE(in);
        REQUIRE(parse_size(in).has_value());
        CHECK(*parse_size(in) == out);
    }
    for (const char* bad :
         {"", "k", "-1", "1.5M", "1 M", "1T", "1mib", "99999999999999999999", "9223372036854775807k"}) {
        CAPTURE(bad);
        CHECK(!parse_size(bad).has_value());
    }
}

TEST_CASE("fractions") {
    const std::vector<std::pair<std::string, double>> good = {
        {"2/3", 2.0 / 3}, {"1/2", 0.5}, {"0.66", 0.66},   {"66%", 0.66}, {"0", 0},
        {"1", 1},         {"100%", 1},  {"12.5%", 0.125}, {"0/5", 0}};
    for (const auto& [in, out] : good) {
        CAPTURE(in);
        REQUIRE(parse_fraction(in).has_value());
        CHECK(std::abs(*parse_fraction(in) - out) < 1e-12);
    }
    for (const char* bad : {"", "2", "3/2", "1/0", "/2", "2/", "101%", "-0.5", "0.", ".5", "1/2/3", "50 %",
                            "0,5", "nan", "1e-3", "50%%", "%"}) {
        CAPTURE(bad);
        CHECK(!parse_fraction(bad).has_value());
    }
}
