// When to renew, by the CA's word (RFC 9773).
#include "core/acme/renewal_id.hpp"
#include "core/acme/renewal_info.hpp"
#include "core/crypto/base64url.hpp"
#include "core/crypto/certificate.hpp"
#include "tests/core/acme/acme_fixture.hpp"
#include "tests/core/acme/json_mutation.hpp"
#include "tests/core/acme/plain_answer.hpp"

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

namespace {

const std::string some_id = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";

struct renewal_fixture : acme_fixture {
    renewal_fixture() {
        ca.renewal_info_path = "/renewal-info";
        say(scripted_ca::renewal_window("2026-11-25T00:00:00Z", "2026-11-27T12:30:00Z"));
    }
    void say(http_response answer) { ca.renewal_infos.insert_or_assign(some_id, std::move(answer)); }
    void say_window(const std::string& raw) {
        auto answer = scripted_ca::renewal_window("2026-11-25T00:00:00Z", "2026-11-27T00:00:00Z");
        answer.body = with_member(answer.body, "suggestedWindow", raw);
        say(answer);
    }
    outcome<renewal_info> fetch() { return run(acme->fetch_renewal_info(some_id)); }
};

} // namespace

TEST_CASE("the identifier of a certificate, as in RFC 9773 section 4.1") {
    CHECK(renewal_id("69885b6b87464041e1b37b847ba0ae2cde01c8d4", "0087654321") ==
          "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
    CHECK(renewal_id("69885B6B87464041E1B37B847BA0AE2CDE01C8D4", "0087654321") ==
          "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
    SECTION("a leading 00 is part of the serial number") {
        CHECK(renewal_id("69", "87654321") == "aQ.h2VDIQ");
        CHECK(renewal_id("69", "00") == "aQ.AA");
    }
    SECTION("what is not hexadecimal octets gives none") {
        for (const auto& [authority, serial] :
             std::vector<std::pair<std::string, std::string>>{{"", "01"},
                                                              {"01", ""},
                                                              {"", ""},
                                                              {"0", "01"},
                                                              {"01", "123"},
                                                              {"0g", "01"},
                                                              {"01", "0x"},
                                                              {"01", " 1"},
                                                              {"69:88", "01"},
                                                              {"01", std::string("0\0", 2)},
                                                              {"\xc3\xa4", "01"}}) {
            CAPTURE(authority, serial);
            CHECK(renewal_id(authority, serial).empty());
        }
    }
    SECTION("of a certificate of the test CA") {
        acme_fixture f;
        const auto got = f.all(names({"a.example.com"}));
        REQUIRE(got);
        const auto leaf = crypto::parse_pem_chain(got->chain_pem).value().front();
        const std::string id = renewal_id(leaf.authority_key_id(), leaf.serial());
        CHECK(is_renewal_id(id));
        CHECK(crypto::base64url_decode(id.substr(id.find('.') + 1)).value().size() * 2 ==
              leaf.serial().size());
    }
}

TEST_CASE("what may stand in a renewalInfo URL") {
    CHECK(is_renewal_id(some_id));
    for (const std::string_view text : {"", ".", "a", "a.", ".b", "a.b.c", "a.b/../c", "a.b c", "a.b\r\n",
                                        "a.b?x", "a.b=", "../directory.x", "a.%2e"}) {
        CAPTURE(text);
        CHECK_FALSE(is_renewal_id(text));
    }
    CHECK_FALSE(is_renewal_id(std::string(5000, 'a') + ".b"));
    CHECK(renewal_info_url("https://ca.example/ari", "a.b") == "https://ca.example/ari/a.b");
    CHECK(renewal_info_url("https://ca.example/ari/", "a.b") == "https://ca.example/ari/a.b");
}

TEST_CASE("the CA's window, why, and when to ask again, by one plain GET without an account") {
    renewal_fixture f;
    SECTION("at a URL without a slash at its end") {}
    SECTION("at a URL with one") {
        f.ca.renewal_info_path = "/draft-ietf-acme-ari-03/renewalInfo/";
    }
    const auto got = f.fetch();
    REQUIRE(got);
    CHECK(format_time(got->start) == "2026-11-25T00:00:00Z");
    CHECK(format_time(got->end) == "2026-11-27T12:30:00Z");
    CHECK(got->explanation_url == "https://ca.example/why");
    CHECK(got->retry_after == std::chrono::hours(6));
    const std::string folder = f.ca.renewal_info_path + (f.ca.renewal_info_path.ends_with('/') ? "" : "/");
    CHECK(f.ca.log == std::vector<std::string>{"GET /directory", "GET " + folder + some_id});
}

TEST_CASE(
    "a CA without renewalInfo is not asked, and neither is one about something that is no certificate") {
    renewal_fixture f;
    SECTION("no renewalInfo") {
        f.ca.renewal_info_path.clear();
        const auto got = f.fetch();
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::renewal_info);
        CHECK(got.error().cause.code == errc::unsupported);
        CHECK(f.ca.log == std::vector<std::string>{"GET /directory"});
    }
    SECTION("no identifier") {
        for (const std::string id : {"", "a", "a.b/../../new-order", "a.b?x=y", "a.b c"}) {
            const auto got = f.run(f.acme->fetch_renewal_info(id));
            REQUIRE_FALSE(got);
            CHECK(got.error().cause.code == errc::invalid_argument);
        }
        CHECK(f.ca.log.empty());
    }
}

TEST_CASE("when to ask again is bounded, whatever the CA says") {
    using namespace std::chrono_literals;
    const std::vector<std::pair<std::string, milliseconds>> table = {
        {"", 6h},
        {"soon", 6h},
        {"-5", 6h},
        {"1.5", 6h},
        {"0", 1min},
        {"59", 1min},
        {"60", 1min},
        {"61", 61s},
        {"21600", 6h},
        {"86400", 24h},
        {"86401", 24h},
        {"1000000000000000000000", 24h},
        {"Sat, 21 Nov 2026 02:00:00 GMT", 2h},
        {"Sat, 21 Nov 2026 00:00:01 GMT", 1min},
        {"Fri, 20 Nov 2026 00:00:00 GMT", 1min},
        {"Wed, 01 Jan 2098 00:00:00 GMT", 24h},
        {std::string(100'000, '9'), 6h},
    };
    for (const auto& [said, expected] : table) {
        CAPTURE(said.substr(0, 40));
        renewal_fixture f;
        f.say(scripted_ca::renewal_window("2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z", said));
        const auto got = f.fetch();
        REQUIRE(got);
        CHECK(got->retry_after == expected);
    }
}

TEST_CASE("windows in every form that RFC 3339 has, past and future") {
    struct row {
        const char* start;
        const char* end;
        const char* start_as;
    };
    for (const row& one :
         {row{"2026-11-25T00:00:00.5Z", "2026-11-25T00:00:01Z", "2026-11-25T00:00:00Z"},
          row{"2026-11-25T02:00:00+02:00", "2026-11-25T00:00:00.001Z", "2026-11-25T00:00:00Z"},
          row{"2026-11-24t20:00:00-04:00", "2026-11-25T00:00:01z", "2026-11-25T00:00:00Z"},
          row{"1999-01-01T00:00:00Z", "1999-01-02T00:00:00Z", "1999-01-01T00:00:00Z"},
          row{"2026-11-25T00:00:00.123456789Z", "2026-11-26T00:00:00Z", "2026-11-25T00:00:00Z"},
          row{"9998-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9998-01-01T00:00:00Z"}}) {
        CAPTURE(one.start, one.end);
        renewal_fixture f;
        f.say(scripted_ca::renewal_window(one.start, one.end));
        const auto got = f.fetch();
        REQUIRE(got);
        CHECK(format_time(got->start) == one.start_as);
        CHECK(got->end > got->start);
    }
}

TEST_CASE("windows that make no sense are the CA's lasting mistake") {
    const std::vector<std::string> windows = {
        "",
        "null",
        "[]",
        "\"2026-11-25T00:00:00Z\"",
        "{}",
        R"({"start":"2026-11-25T00:00:00Z"})",
        R"({"end":"2026-11-25T00:00:00Z"})",
        R"({"start":"2026-11-25T00:00:00Z","end":"2026-11-25T00:00:00Z"})",
        R"({"start":"2026-11-26T00:00:00Z","end":"2026-11-25T00:00:00Z"})",
        R"({"start":"2026-11-25T01:00:00+02:00","end":"2026-11-24T23:00:00Z"})",
        R"({"start":null,"end":"2026-11-25T00:00:00Z"})",
        R"({"start":1764028800,"end":1764115200})",
        R"({"start":"2026-11-25","end":"2026-11-26"})",
        R"({"start":"2026-11-25T00:00:00","end":"2026-11-26T00:00:00"})",
        R"({"start":"2026-02-30T00:00:00Z","end":"2026-03-01T00:00:00Z"})",
        R"({"start":"2026-11-25T25:00:00Z","end":"2026-11-26T00:00:00Z"})",
        R"({"start":"2026-11-25T00:00:00Zx","end":"2026-11-26T00:00:00Z"})",
        R"({"start":"-2026-11-25T00:00:00Z","end":"2026-11-26T00:00:00Z"})",
        R"({"start":"Wed, 25 Nov 2026 00:00:00 GMT","end":"2026-11-26T00:00:00Z"})",
        R"({"start":"","end":""})"};
    for (const auto& raw : windows) {
        CAPTURE(raw);
        renewal_fixture f;
        f.say_window(raw);
        const auto got = f.fetch();
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::renewal_info);
        CHECK(got.error().cause.code == errc::protocol);
        CHECK(got.error().http_status == 200);
        CHECK(got.error().cause.message.starts_with("the CA's renewal information: "));
        CHECK(f.ca.log.size() == 2); // and asked once
    }
}

TEST_CASE("an explanation is a link that a person may open, or nothing") {
    const std::string longest = "https://ca.example/" + std::string(2048 - 19, 'a');
    const std::vector<std::pair<std::string, std::string>> table = {
        {"\"https://ca.example/incident?id=7#x\"", "https://ca.example/incident?id=7#x"},
        {"\"http://ca.example/why\"", "http://ca.example/why"},
        {"\"" + longest + "\"", longest},
        {"\"" + longest + "a\"", ""},
        {"\"" + longest + std::string(10'000, 'a') + "\"", ""},
        {"\"javascript:alert(1)\"", ""},
        {"\"file:///etc/passwd\"", ""},
        {"\"https://ca.example/a b\"", ""},
        {"\"https://ca.example/\\r\\nX: y\"", ""},
        {"\"https://ca.example/\\u001b[31m\"", ""},
        {"\"https://ca.example/\\u00e4\"", ""},
        {"\"\"", ""},
        {"null", ""},
        {"7", ""},
        {"[\"https://ca.example/\"]", ""},
        {"", ""}};
    for (const auto& [raw, expected] : table) {
        CAPTURE(raw.substr(0, 60));
        renewal_fixture f;
        auto answer = scripted_ca::renewal_window("2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z");
        answer.body = with_member(answer.body, "explanationURL", raw);
        f.say(answer);
        const auto got = f.fetch();
        REQUIRE(got);
        CHECK(got->explanation_url == expected);
    }
}

TEST_CASE("why there is no renewal information") {
    renewal_fixture f;
    SECTION("a certificate that the CA does not know") {
        f.ca.renewal_infos.clear();
        const auto got = f.fetch();
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::renewal_info);
        CHECK(got.error().http_status == 404);
        CHECK(got.error().cause.code == errc::refused);
        CHECK(f.ca.log.size() == 2);
        f.say(scripted_ca::renewal_window("2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"));
        CHECK(f.fetch());
        CHECK(f.ca.count("GET /directory") == 1);
    }
    SECTION("too many requests") {
        auto busy = scripted_ca::problem(429, "rateLimited");
        busy.headers.emplace_back("Retry-After", "7200");
        f.say(busy);
        const auto got = f.fetch();
        REQUIRE_FALSE(got);
        CHECK(got.error().http_status == 429);
        CHECK(got.error().retry_after == std::chrono::hours(2));
        CHECK(f.ca.log.size() == 2);
    }
    SECTION("a front end that is busy until a date") {
        auto busy = plain(503, "text/html", "<html>later</html>");
        busy.headers.emplace_back("Retry-After", "Sat, 21 Nov 2026 00:10:00 GMT");
        f.say(busy);
        const auto got = f.fetch();
        REQUIRE_FALSE(got);
        CHECK(got.error().http_status == 503);
        CHECK(got.error().retry_after == std::chrono::minutes(10));
        CHECK_FALSE(got.error().said);
        CHECK(f.ca.log.size() == 2);
    }
    SECTION("a hiccup is tried three times") {
        f.say(plain(500, "text/plain", ""));
        const auto got = f.fetch();
        REQUIRE_FALSE(got);
        CHECK(got.error().http_status == 500);
        CHECK_FALSE(got.error().retry_after);
        CHECK(f.ca.log.size() == 4);
    }
    SECTION("a redirect is not followed") {
        auto moved = plain(302, "text/html", "");
        moved.headers.emplace_back("Location", "https://ca.example/directory");
        f.say(moved);
        const auto got = f.fetch();
        REQUIRE_FALSE(got);
        CHECK(got.error().http_status == 302);
        CHECK(f.ca.log.size() == 2);
    }
    SECTION("a page of a portal") {
        f.say(plain(200, "text/html", "<html>log in</html>"));
        const auto got = f.fetch();
        REQUIRE_FALSE(got);
        CHECK(got.error().cause.code == errc::protocol);
    }
    SECTION("more than 64 KiB") {
        auto huge = scripted_ca::renewal_window("2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z");
        huge.body += std::string(64 * 1024, ' ');
        f.say(huge);
        const auto got = f.fetch();
        REQUIRE_FALSE(got);
        CHECK(got.error().cause.code == errc::too_large);
        CHECK(got.error().where == step::renewal_info);
    }
    SECTION("a connection that breaks once is tried again") {
        bool broken = false;
        f.ca.after = [&](const ca_request& r, http_response normal) -> result<http_response> {
            if (r.path != "/directory" && !std::exchange(broken, true)) {
                return fail(errc::network, "connection reset");
            }
            return normal;
        };
        CHECK(f.fetch());
        CHECK(f.ca.log.size() == 3);
    }
    SECTION("a host that is gone") {
        f.ca.after = [](const ca_request& r, http_response normal) -> result<http_response> {
            return r.path == "/directory" ? result<http_response>(std::move(normal))
                                          : fail(errc::network, "no route to host");
        };
        const auto got = f.fetch();
        REQUIRE_FALSE(got);
        CHECK(got.error().http_status == 0);
        CHECK(got.error().cause.code == errc::network);
        CHECK(got.error().where == step::renewal_info);
        CHECK(f.ca.log.size() == 4);
    }
}

TEST_CASE("each member of renewal information in turn is missing, null, of another type or huge") {
    const std::vector<std::string> replacements = {"",
                                                   "null",
                                                   "\"\"",
                                                   "\"x\"",
                                                   "7",
                                                   "-1e400",
                                                   "99999999999999999999999",
                                                   "[]",
                                                   "[7]",
                                                   "{}",
                                                   "true",
                                                   "\"9999-99-99T99:99:99Z\"",
                                                   "\"0000-00-00T00:00:00Z\"",
                                                   "\"0001-01-01T00:00:00Z\"",
                                                   "\"9999-12-31T23:59:59-23:59\"",
                                                   "\"../../../../etc/passwd\"",
                                                   "\"a\\u0000b\"",
                                                   "\"" + std::string(30'000, 'A') + "\"",
                                                   "\"" + std::string(70'000, 'A') + "\""};
    const auto honest = scripted_ca::renewal_window("2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z");
    const auto paths = member_paths(honest.body);
    REQUIRE(paths.size() == 4);
    for (const auto& path : paths) {
        for (const auto& raw : replacements) {
            CAPTURE(path, raw.substr(0, 40));
            renewal_fixture f;
            auto damaged = honest;
            damaged.body = with_member(honest.body, path, raw);
            f.say(damaged);
            const auto got = f.fetch();
            if (got) {
                CHECK(got->end > got->start);
                CHECK(got->explanation_url.size() <= 2048);
                CHECK(got->retry_after == std::chrono::hours(6));
            } else {
                const auto code = got.error().cause.code;
                CHECK((code == errc::protocol || code == errc::too_large));
                CHECK(got.error().cause.text().find('\n') == std::string::npos);
                CHECK(got.error().cause.message.find("passwd") == std::string::npos);
            }
            const bool still_good = (path == "explanationURL" && raw.size() < 60'000 && raw != "-1e400") ||
                                    (path == "suggestedWindow.start" && raw == "\"0001-01-01T00:00:00Z\"") ||
                                    (path == "suggestedWindow.end" && raw == "\"9999-12-31T23:59:59-23:59\"");
            CHECK(got.has_value() == still_good);
        }
    }
}
