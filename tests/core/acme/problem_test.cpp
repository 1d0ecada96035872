#include "core/acme/problem.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::acme;

namespace {

const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);

http_response answer(unsigned status, std::string type, std::string body) {
    http_response made;
    made.status = status;
    made.headers.emplace_back("Content-Type", std::move(type));
    made.body = std::move(body);
    return made;
}

} // namespace

TEST_CASE("problem documents") {
    SECTION("complete") {
        const auto p = parse_problem(
            R"({"type":"urn:ietf:params:acme:error:compound","title":"T","detail":"D","status":403,
            "instance":"https://ca.example/why","algorithms":["ES256"],
            "subproblems":[{"type":"urn:ietf:params:acme:error:caa","detail":"no","identifier":{"type":"dns","value":"a.example.com"}},
                           {"type":"urn:ietf:params:acme:error:dns"}, 7, {}]})",
            400);
        REQUIRE(p);
        CHECK(p->is("compound"));
        CHECK(p->status == 403);
        CHECK(p->instance == "https://ca.example/why");
        CHECK(p->algorithms == std::vector<std::string>{"ES256"});
        REQUIRE(p->subproblems.size() == 2);
        CHECK(p->subproblems[0].type == "caa");
        CHECK(p->subproblems[0].name->value == "a.example.com");
        CHECK_FALSE(p->subproblems[1].name);
        CHECK(foreign_text(*p) == "compound: D; a.example.com: caa (no); dns");
    }
    SECTION("without status and type") {
        const auto p = parse_problem(R"({"detail":"go away"})", 429);
        REQUIRE(p);
        CHECK(p->status == 429);
        CHECK(p->type.empty());
    }
    SECTION("another URI is kept whole, about:blank is none") {
        CHECK(parse_problem(R"({"type":"https://x.example/e"})", 400)->type == "https://x.example/e");
        CHECK(parse_problem(R"({"type":"about:blank","detail":"x"})", 400)->type.empty());
    }
    SECTION("wrong types count as missing") {
        const auto p = parse_problem(
            R"({"type":7,"detail":"d","status":"400","subproblems":{},"algorithms":"ES256","instance":[]})",
            500);
        REQUIRE(p);
        CHECK(p->status == 500);
        CHECK(p->detail == "d");
        CHECK(p->subproblems.empty());
    }
    SECTION("a link that is none is dropped") {
        CHECK(parse_problem(R"x({"detail":"d","instance":"javascript:alert(1)"})x", 400)->instance.empty());
        CHECK(parse_problem(R"({"detail":"d","instance":"https://x.example/\u001b[31m"})", 400)
                  ->instance.empty());
    }
    SECTION("long texts are cut") {
        const auto p = parse_problem(R"({"detail":")" + std::string(100'000, 'x') + "\"}", 400);
        REQUIRE(p);
        CHECK(p->detail.size() == 4096);
    }
    SECTION("no problem document at all") {
        for (const std::string body : {"", "<html>", "[]", "null", "{}", "7", "{\"status\":400}"}) {
            CAPTURE(body);
            CHECK_FALSE(parse_problem(body, 400));
        }
    }
}

TEST_CASE("a refusal tells status, type and wait, and keeps the CA's words apart") {
    auto given = answer(429, "application/problem+json",
                        R"({"type":"urn:ietf:params:acme:error:rateLimited","detail":"slow\ndown"})");
    given.headers.emplace_back("Retry-After", "3600");
    const auto what = refusal(step::new_order, given, now);
    CHECK(what.cause.message == "the CA answered 429 rateLimited (new_order step)");
    CHECK(what.cause.foreign == "rateLimited: slow\ndown");
    CHECK(what.http_status == 429);
    CHECK(what.retry_after == std::chrono::hours(1));
    CHECK_FALSE(refusal(step::new_order, answer(503, "text/html", "<html>"), now).said);
    // A wait of nothing is no wait that anybody may rely on.
    given.headers.back().second = "0";
    CHECK_FALSE(refusal(step::new_order, given, now).retry_after);
    // A type that is no plain word does not get into our sentence.
    CHECK(refusal(step::order, answer(400, "application/problem+json", R"({"type":"x\ny"})"), now)
              .cause.message == "the CA answered 400 an unnamed problem (order step)");
}

TEST_CASE("objects are read from JSON media types only") {
    CHECK(read_object(step::order, answer(200, "application/json", "{}")));
    CHECK(read_object(step::order, answer(200, "Application/JSON; charset=utf-8", "{}")));
    CHECK(read_object(step::order, answer(200, "application/acme+json", "{}")));
    CHECK(read_object(step::order, answer(200, "", "{}")));
    for (const auto& wrong :
         {answer(200, "text/html", "{}"), answer(200, "application/pem-certificate-chain", "{}"),
          answer(200, "application/json", "[]"), answer(200, "application/json", ""),
          answer(200, "application/json", "{\"a\":"),
          answer(200, "application/json", std::string(300'000, ' ') + "{}")}) {
        const auto object = read_object(step::order, wrong);
        REQUIRE_FALSE(object);
        CHECK(object.error().cause.code == errc::protocol);
        CHECK(object.error().http_status == 200);
    }
}
