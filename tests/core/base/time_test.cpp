#include "core/base/time.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace std::chrono;

namespace {
wall_time at(int y, unsigned m, unsigned d, int hh = 0, int mm = 0, int ss = 0) {
    return wall_time(sys_days(year(y) / month(m) / day(d)) + hours(hh) + minutes(mm) +
                     std::chrono::seconds(ss));
}
} // namespace

TEST_CASE("times are printed in RFC 3339 and read back") {
    CHECK(format_time(at(2026, 11, 21, 23, 33, 40)) == "2026-11-21T23:33:40Z");
    CHECK(format_time(at(1970, 1, 1)) == "1970-01-01T00:00:00Z");
    CHECK(*parse_rfc3339("2026-11-21T23:33:40Z") == at(2026, 11, 21, 23, 33, 40));
    CHECK(*parse_rfc3339("2026-11-21t23:33:40.250z") == at(2026, 11, 21, 23, 33, 40) + milliseconds(250));
    CHECK(*parse_rfc3339("2026-11-22T01:33:40+02:00") == at(2026, 11, 21, 23, 33, 40));
    CHECK(*parse_rfc3339("2026-11-21T18:03:40-05:30") == at(2026, 11, 21, 23, 33, 40));
    CHECK(*parse_rfc3339("2024-02-29T00:00:00.123456789Z") == at(2024, 2, 29) + milliseconds(123));
}

TEST_CASE("what is no RFC 3339 time is refused") {
    const auto text = GENERATE(as<std::string>{}, "", "2026", "2026-11-21", "2026-13-01T00:00:00Z",
                               "2025-02-29T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T00:60:00Z",
                               "2026-11-21T00:00:00", "2026-11-21T00:00:00Zx", "2026-11-21T00:00:00.Z",
                               "2026-11-21T00:00:00+25:00", "+026-11-21T00:00:00Z");
    CAPTURE(text);
    CHECK_FALSE(parse_rfc3339(text));
}

TEST_CASE("HTTP dates are read in all three forms of RFC 9110") {
    const wall_time expected = at(1994, 11, 6, 8, 49, 37);
    CHECK(*parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == expected);
    CHECK(*parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == expected);
    CHECK(*parse_http_date("Sun Nov  6 08:49:37 1994") == expected);
    CHECK(*parse_http_date("Mon Nov 16 08:49:37 2026") == at(2026, 11, 16, 8, 49, 37));
    const auto bad =
        GENERATE(as<std::string>{}, "", "soon", "Sun, 06 Nov 1994 08:49:37", "Sun, 6 Nov 1994 08:49:37 GMT",
                 "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", ",", "Sun Nov");
    CAPTURE(bad);
    CHECK_FALSE(parse_http_date(bad));
}

TEST_CASE("durations are shown in the two largest units") {
    CHECK(format_duration(milliseconds(0)) == "0ms");
    CHECK(format_duration(milliseconds(250)) == "250ms");
    CHECK(format_duration(std::chrono::seconds(59)) == "59s");
    CHECK(format_duration(minutes(12) + std::chrono::seconds(5)) == "12m 5s");
    CHECK(format_duration(hours(24 * 3 + 4) + minutes(9)) == "3d 4h");
    CHECK(format_duration(hours(24 * 3) + std::chrono::seconds(12)) == "3d");
    CHECK(format_duration(-minutes(2)) == "-2m");
    CHECK_FALSE(format_duration(milliseconds::min()).empty());
}
