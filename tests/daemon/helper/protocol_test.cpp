// Bytes of both directions: halves, floods, junk.
#include "core/json/value.hpp"
#include "daemon/helper/protocol.hpp"
#include "tests/support/catch.hpp"

#include <string>
#include <vector>

using namespace evercert;
using namespace evercert::daemon;

TEST_CASE("A request is one line with one name") {
    const auto good = parse_request("deploy example.com\n");
    REQUIRE(good);
    CHECK(*good == "example.com");
    CHECK(parse_request(deploy_request("a-b_c.9")).value() == "a-b_c.9");
}

TEST_CASE("A line that is not complete asks for more") {
    for (const std::string half : {"", "d", "deploy", "deploy ", "deploy example.com", "\r", "deploy a\0"}) {
        CAPTURE(half);
        const auto more = parse_request(half);
        REQUIRE(more);
        CHECK(!*more);
    }
    CHECK(!parse_request(std::string(longest_request - 1, 'x')).value());
}

TEST_CASE("What is no request is refused") {
    using namespace std::string_literals;
    struct row {
        std::string bytes;
        errc code;
    };
    const std::vector<row> rows = {
        {"\n", errc::protocol},
        {"deploy\n", errc::protocol},
        {"DEPLOY a\n", errc::protocol},
        {" deploy a\n", errc::protocol},
        {"revoke a\n", errc::protocol},
        {"GET / HTTP/1.1\n", errc::protocol},
        {"\0\n"s, errc::protocol},
        {"deploy a\nd", errc::protocol},
        {"deploy a\ndeploy b\n", errc::protocol},
        {"deploy a\n\n", errc::protocol},
        {"\x16\x03\x01\n", errc::protocol},
        {"deploy \n", errc::invalid_argument},
        {"deploy  a\n", errc::invalid_argument},
        {"deploy a \n", errc::invalid_argument},
        {"deploy a b\n", errc::invalid_argument},
        {"deploy a\r\n", errc::invalid_argument},
        {"deploy a\0\n"s, errc::invalid_argument},
        {"deploy ../x\n", errc::invalid_argument},
        {"deploy ..\n", errc::invalid_argument},
        {"deploy /etc/shadow\n", errc::invalid_argument},
        {"deploy a/b\n", errc::invalid_argument},
        {"deploy .hidden\n", errc::invalid_argument},
        {"deploy \xc3\xa4\n", errc::invalid_argument},
        {"deploy a;reboot\n", errc::invalid_argument},
        {"deploy " + std::string(201, 'a') + "\n", errc::invalid_argument},
        {std::string(longest_request, 'a'), errc::too_large},
        {std::string(longest_request, 'a') + "\n", errc::too_large},
        {std::string(100000, 'a'), errc::too_large},
    };
    for (const row& each : rows) {
        CAPTURE(each.bytes);
        const auto refused = parse_request(each.bytes);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == each.code);
        CHECK_FALSE(refused.error().text().empty());
    }
}

TEST_CASE("An event comes out as it went in") {
    event told;
    told.id = "deploy.reloaded";
    told.level = severity::warning;
    told.certificate = "example";
    told.message = "the server \"x\" was\nreloaded";
    told.fields = {{"deployment", "nginx"}, {"certificates", "20"}};
    const std::string line = event_line(told);
    REQUIRE(line.ends_with("}\n"));
    CHECK(line.find('\n') == line.size() - 1);
    const auto back = parse_answer(std::string_view(line).substr(0, line.size() - 1));
    REQUIRE(back);
    const auto* same = std::get_if<event>(&*back);
    REQUIRE(same != nullptr);
    CHECK(same->id == told.id);
    CHECK(same->level == told.level);
    CHECK(same->certificate == told.certificate);
    CHECK(same->message == told.message);
    CHECK(same->fields == told.fields);
}

TEST_CASE("An id outlives its line, and unknown ones are told as one") {
    const auto* const known = "{\"event\":\"deploy.hook_ran\",\"level\":\"info\",\"message\":\"m\"}";
    auto line = std::make_unique<std::string>(known);
    const auto told = parse_answer(*line);
    line.reset();
    REQUIRE(told);
    CHECK(std::get<event>(*told).id == "deploy.hook_ran");
    const auto other =
        parse_answer(R"({"event":"cert.issued","level":"loud","message":"m","fields":{"a":1}})");
    REQUIRE(other);
    CHECK(std::get<event>(*other).id == "deploy.helper");
    CHECK(std::get<event>(*other).level == severity::error);
    CHECK(std::get<event>(*other).fields.empty());
}

TEST_CASE("A line is bounded whatever is told") {
    event told;
    told.id = "deploy.tested";
    told.message = std::string(1000000, '\x01');
    for (int i = 0; i < 100; ++i) {
        told.fields.emplace_back(std::string(10000, '\x02'), std::string(100000, '\x03'));
    }
    CHECK(event_line(told).size() < longest_answer_line);
    CHECK(result_line(fail(errc::io, std::string(1000000, '\xff'))).size() < longest_answer_line);
}

TEST_CASE("A result comes out as it went in") {
    const auto ok = parse_answer(R"({"result":"ok"})");
    REQUIRE(ok);
    CHECK(std::get<verdict>(*ok).outcome);
    std::string line = result_line(fail(errc::timed_out, "the reload took too long", "foreign\x1b[0m"));
    line.pop_back();
    const auto failed = parse_answer(line);
    REQUIRE(failed);
    const auto& outcome = std::get<verdict>(*failed).outcome;
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == errc::timed_out);
    CHECK(outcome.error().message.find("the reload took too long") == 0);
    CHECK(outcome.error().message.find('\x1b') == std::string::npos);
    const auto odd = parse_answer(R"({"result":"failed","code":"made_up","message":"m"})");
    CHECK(std::get<verdict>(odd.value()).outcome.error().code == errc::internal);
}

TEST_CASE("An answer that is none is an error") {
    for (const std::string_view line :
         {"", "{}", "ok", "[]", "null", R"({"result":"maybe"})", R"({"result":1})", R"({"result":"failed"})",
          R"({"result":"failed","code":"io"})", R"({"event":1})", R"({"event":"deploy.tested"})",
          R"({"event":"deploy.tested","level":"info"})",
          R"({"event":"deploy.tested","level":"info","message":"m","fields":[]})", "{\"result\":\"ok\""}) {
        CAPTURE(line);
        CHECK_FALSE(parse_answer(line));
    }
}
