// Whether a certificate may exist after a failure, and how long a CA that works on an order is waited for.
#include "tests/core/acme/acme_fixture.hpp"

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;
using std::chrono::minutes;

namespace {

using answer = result<http_response>;

/// The CA acts on what is asked at such a path, and its answer is lost.
void lose_answers(acme_fixture& f, std::string path) {
    f.ca.after = [path = std::move(path)](const ca_request& request, http_response normal) -> answer {
        return request.path.starts_with(path) ? answer(fail(errc::network, "connection reset"))
                                              : answer(std::move(normal));
    };
}

/// The CA answers so at such a path, and does nothing.
void refuse(acme_fixture& f, std::string path, unsigned status, std::string type) {
    f.ca.before = [path = std::move(path), status,
                   type = std::move(type)](const ca_request& request) -> std::optional<answer> {
        return request.path.starts_with(path) ? std::optional<answer>(scripted_ca::problem(status, type))
                                              : std::nullopt;
    };
}

failure issue_fails(acme_fixture& f) {
    const auto got = f.all(names({"a.example.com"}));
    REQUIRE_FALSE(got);
    return got.error();
}

outcome<issued> look_again(acme_fixture& f, milliseconds patience) {
    auto request = f.request_for(names({"a.example.com"}));
    request.order_url = f.stored_orders.at(0);
    request.processing_patience = patience;
    return f.run(f.acme->issue(std::move(request)));
}

} // namespace

TEST_CASE("once the certificate was asked for, it may exist") {
    acme_fixture f;
    SECTION("no answer to finalize") {
        lose_answers(f, "/finalize/");
        const failure why = issue_fails(f);
        CHECK(why.finalized);
        CHECK_FALSE(order_lost(why));
    }
    SECTION("the CA works on it for longer than we wait") {
        f.ca.never_signs = true;
        const failure why = issue_fails(f);
        CHECK(why.finalized);
        CHECK(why.where == step::order);
        CHECK(why.cause.code == errc::timed_out);
        CHECK(why.http_status == 0);
        CHECK_FALSE(order_lost(why));
    }
    SECTION("no answer while it works on it") {
        lose_answers(f, "/order/");
        const failure why = issue_fails(f);
        CHECK(why.finalized);
        CHECK(why.where == step::order);
        CHECK(why.http_status == 0);
    }
    SECTION("the download gets no answer") {
        lose_answers(f, "/cert/");
        const failure why = issue_fails(f);
        CHECK(why.finalized);
        CHECK(why.where == step::certificate);
        CHECK(why.http_status == 0);
    }
    SECTION("the download is refused for now") {
        refuse(f, "/cert/", 503, "serverInternal");
        const failure why = issue_fails(f);
        CHECK(why.finalized);
        CHECK(why.where == step::certificate);
        CHECK(why.http_status == 503);
    }
    // Nothing of it is lost: the next look has the certificate.
    f.ca.after = nullptr;
    f.ca.before = nullptr;
    f.ca.never_signs = false;
    CHECK(look_again(f, minutes(1)));
    CHECK(f.ca.orders.size() == 1);
}

TEST_CASE("before it was asked for, it cannot exist") {
    acme_fixture f;
    SECTION("no answer to newOrder") {
        lose_answers(f, "/new-order");
        CHECK(issue_fails(f).where == step::new_order);
    }
    SECTION("newOrder is refused") {
        refuse(f, "/new-order", 429, "rateLimited");
        CHECK(issue_fails(f).where == step::new_order);
    }
    SECTION("no answer about an authorization") {
        lose_answers(f, "/authz/");
        issue_fails(f);
    }
    SECTION("an authorization is never decided") {
        f.ca.never_validates = true;
        CHECK(issue_fails(f).where == step::authorization);
    }
    SECTION("a challenge fails") {
        f.ca.unreachable = {"a.example.com"};
        f.ca.fetches = 0;
        CHECK(issue_fails(f).where == step::challenge);
    }
    CHECK(f.ca.count("POST /finalize/0") == 0);
    // The same failure once more, for what it says.
    f.renew_client();
    CHECK_FALSE(issue_fails(f).finalized);
}

TEST_CASE("an order from before says itself whether it was finalized") {
    acme_fixture f;
    f.ca.never_signs = true;
    issue_fails(f);
    SECTION("it is being worked on") {
        const auto got = look_again(f, milliseconds(0));
        REQUIRE_FALSE(got);
        CHECK(got.error().finalized);
    }
    SECTION("it was, but now it cannot be seen") {
        refuse(f, "/order/", 500, "serverInternal");
        const auto got = look_again(f, milliseconds(0));
        REQUIRE_FALSE(got);
        CHECK_FALSE(got.error().finalized); // not known in this conversation
        CHECK_FALSE(order_lost(got.error()));
    }
    SECTION("its certificate is there, and cannot be had") {
        f.ca.never_signs = false;
        lose_answers(f, "/cert/");
        const auto got = look_again(f, minutes(1));
        REQUIRE_FALSE(got);
        CHECK(got.error().finalized);
    }
}

TEST_CASE("a CA that works on an order is waited for as long as was asked, not for all patience") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.ca.never_signs = true;
    f.ca.order_retry_after = "10";
    const auto begun = f.time.steady_now();
    SECTION("a minute by itself, of five") {
        const auto got = f.issue(names({"a.example.com"}));
        REQUIRE_FALSE(got);
        CHECK(got.error().cause.code == errc::timed_out);
        CHECK(got.error().retry_after);
        CHECK(f.time.steady_now() - begun > seconds(45));
        CHECK(f.time.steady_now() - begun <= seconds(62));
    }
    SECTION("all patience, and not longer") {
        auto request = f.request_for(names({"a.example.com"}));
        request.processing_patience = minutes(60);
        REQUIRE_FALSE(f.run(f.acme->issue(std::move(request))));
        CHECK(f.time.steady_now() - begun > minutes(4));
        CHECK(f.time.steady_now() - begun <= minutes(5));
    }
    SECTION("not at all: one look at an order from before") {
        REQUIRE_FALSE(f.issue(names({"a.example.com"})));
        const auto before = f.time.steady_now();
        const auto looks = f.ca.count("POST /order/0");
        const auto got = look_again(f, milliseconds(0));
        REQUIRE_FALSE(got);
        CHECK(got.error().cause.code == errc::timed_out);
        CHECK(got.error().where == step::order);
        CHECK(got.error().retry_after >= seconds(10)); // when to look again
        CHECK(f.ca.count("POST /order/0") == looks + 1);
        CHECK(f.time.steady_now() == before);
        f.ca.never_signs = false;
        CHECK(look_again(f, milliseconds(0))); // one look is enough when it is done
    }
}

TEST_CASE("names that take their time to be proven do not use up the patience with the processing") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.ca.fetches = 0;
    f.ca.polls_until_valid = 4;
    f.ca.authorization_retry_after = "30"; // two minutes until all names are proven
    f.ca.processing_polls = 4;
    f.ca.order_retry_after = "10";
    const auto begun = f.time.steady_now();
    CHECK(f.issue(names({"a.example.com"})));
    CHECK(f.time.steady_now() - begun > minutes(2));
}
