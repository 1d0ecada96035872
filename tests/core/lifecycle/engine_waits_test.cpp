// Orders that the CA still works on, and what CAs say of certificates at rest.
#include "tests/core/lifecycle/engine_fixture.hpp"

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::testing;

namespace {

using acme::step;
using std::chrono::hours;
using std::chrono::minutes;

acme::failure unanswered(step where, errc code, bool finalized, int http_status = 0) {
    acme::failure what(where, error(code, "no certificate yet"));
    what.finalized = finalized;
    what.http_status = http_status;
    return what;
}

acme::failure still_processing() {
    acme::failure what = unanswered(step::order, errc::timed_out, true);
    what.retry_after = seconds(30);
    return what;
}

} // namespace

TEST_CASE("an order that the CA works on is no failure, and is looked at again without waiting there") {
    engine_fixture f;
    f.plan.issuers.at("ca").limits.concurrent_orders = 1;
    f.add("a.example");
    f.add("b.example");
    for (int i = 0; i < 3; ++i) {
        f.ca.failures.push_back(still_processing());
    }
    f.start();
    REQUIRE(f.time.run_until([&] { return f.events.count("cert.order_waits") == 1; }, minutes(1)));
    CHECK(f.events.last("cert.order_waits")->level == severity::info);
    CHECK(f.show("a.example").problem_class == "slow");
    CHECK(f.show("a.example").next_run >= f.time.now() + minutes(1));
    REQUIRE(f.time.run_until([&] { return f.live_version("a.example") == 1; }, hours(3)));
    CHECK(f.live_version("b.example") == 1);
    CHECK(f.events.count("cert.order_failed") == 0);
    CHECK(f.ca.orders_created == 2);
    CHECK(f.show("a.example").failures == 0);
    // A new order is given time, one that was seen waiting just one look.
    REQUIRE(f.ca.patiences.size() == f.ca.orders_created + f.ca.orders_resumed);
    REQUIRE(f.ca.orders_resumed == 3);
    CHECK(f.ca.patiences[0] > milliseconds(0));
    CHECK(f.ca.patiences[1] > milliseconds(0));
    for (std::size_t look = 2; look < f.ca.patiences.size(); ++look) {
        CAPTURE(look);
        CHECK(f.ca.patiences[look] == milliseconds(0));
    }
}

TEST_CASE("an order that was only interrupted is given its time when it is resumed") {
    engine_fixture f;
    f.ca.takes = seconds(60);
    f.add("a.example");
    f.start();
    f.time.advance(seconds(10));
    f.crash_and_restart();
    f.time.advance(minutes(2));
    REQUIRE(f.ca.orders_resumed == 1);
    CHECK(f.ca.patiences.back() > milliseconds(0));
}

TEST_CASE("the wait goes on over a restart, and over a look that gets no answer") {
    engine_fixture f;
    f.add("a.example");
    f.ca.failures.push_back(still_processing());
    f.ca.failures.push_back(unanswered(step::order, errc::network, false));
    f.start();
    REQUIRE(f.time.run_until([&] { return f.events.count("cert.order_waits") == 1; }, minutes(1)));
    f.crash_and_restart();
    REQUIRE(f.time.run_until([&] { return f.events.count("cert.order_waits") == 2; }, minutes(5)));
    CHECK(f.ca.patiences.back() == milliseconds(0));
    CHECK(f.show("a.example").problem_class == "slow");
    REQUIRE(f.time.run_until([&] { return f.live_version("a.example") == 1; }, hours(1)));
    CHECK(f.ca.orders_created == 1);
    CHECK(f.events.count("cert.order_failed") == 0);
}

TEST_CASE("a certificate that may exist is waited for, one that cannot is a failure") {
    struct row {
        step where;
        errc code;
        bool finalized;
        int http_status;
        bool waits;
    };
    const auto [where, code, finalized, http_status, waits] = GENERATE(
        // Asked for, and no answer: it may be there.
        row{step::finalize, errc::network, true, 0, true},
        row{step::finalize, errc::timed_out, true, 0, true}, row{step::order, errc::network, true, 0, true},
        row{step::order, errc::timed_out, true, 0, true},
        row{step::certificate, errc::network, true, 0, true},
        row{step::certificate, errc::timed_out, true, 0, true},
        row{step::certificate, errc::protocol, true, 503, true},
        // The CA is too busy to tell.
        row{step::order, errc::protocol, true, 503, true}, row{step::order, errc::protocol, true, 429, true},
        row{step::certificate, errc::protocol, true, 429, true},
        row{step::order, errc::protocol, false, 429, false},
        // Not asked for yet.
        row{step::order, errc::network, false, 0, false}, row{step::order, errc::timed_out, false, 0, false},
        row{step::challenge, errc::timed_out, false, 0, false},
        // The CA has answered.
        row{step::finalize, errc::protocol, true, 500, false},
        row{step::order, errc::protocol, true, 403, false},
        row{step::certificate, errc::protocol, true, 403, false},
        // Another step's trouble says nothing of the certificate.
        row{step::nonce, errc::network, true, 0, false});
    CAPTURE(acme::to_string(where), to_string(code), finalized, http_status);
    engine_fixture f;
    f.add("a.example");
    f.ca.failures.push_back(unanswered(where, code, finalized, http_status));
    f.start();
    f.time.advance(seconds(30));
    CHECK(f.events.count("cert.order_waits") == (waits ? 1 : 0));
    CHECK(f.events.count("cert.order_failed") == (waits ? 0 : 1));
    CHECK((f.show("a.example").problem_class == "slow") == waits);
    CHECK_FALSE(f.show("a.example").order_url.empty()); // it stands in any case
}

TEST_CASE("of a CA without renewal information and CRLs nothing is asked, until a reload turns it on") {
    engine_fixture f;
    unsigned lists_asked = 0;
    f.check_crl = [&](watched_leaf, std::shared_ptr<const crypto::certificate>) -> awaitable<crl_answer> {
        ++lists_asked;
        co_return crl_answer{};
    };
    f.plan.issuers.at("ca").renewal_info = false;
    f.add("a.example");
    f.add("b.example");
    f.start();
    REQUIRE(f.until(state::waiting, "a.example"));
    REQUIRE(f.until(state::waiting, "b.example"));
    // The schedule's own rhythm, once a minute, begins anew after work: a check of the first certificate
    // would fall between.
    f.time.advance(seconds(17));
    REQUIRE(f.engine->renew("b.example", true));
    f.time.advance(minutes(2));
    REQUIRE(f.live_version("b.example") == 2);
    std::vector<steady_time> wakings;
    const auto look = [&] {
        if (wakings.empty() || wakings.back() != f.time.steady_now()) {
            wakings.push_back(f.time.steady_now());
        }
        return false;
    };
    f.time.run_until(look, hours(24 * 3));
    REQUIRE(wakings.size() > 4000);
    for (std::size_t i = 2; i < wakings.size(); ++i) { // the first is the moment at which we began to look
        REQUIRE(wakings[i] - wakings[i - 1] == minutes(1));
    }
    CHECK(f.ca.windows_asked == 0);

    f.plan.issuers.at("ca").renewal_info = true;
    f.engine->assign(f.plan);
    f.time.advance(minutes(2));
    CHECK(f.ca.windows_asked >= 1); // for one: that the directory has none is then known for the other
    CHECK(lists_asked == 0);
    CHECK(f.ca.orders_created == 3);
}

TEST_CASE("a list that is at hand is asked without waking the certificate, and what it says is acted on") {
    engine_fixture f;
    crl_answer says;
    says.verdict = crl_verdict::good;
    says.young = true;
    unsigned fetched = 0;
    unsigned looked_at = 0;
    const auto answer = [&] {
        says.ask_again = f.time.now() + hours(12);
        return says;
    };
    f.check_crl = [&](watched_leaf, std::shared_ptr<const crypto::certificate>) -> awaitable<crl_answer> {
        ++fetched;
        co_return answer();
    };
    f.peek_crl = [&](const watched_leaf& leaf, const crypto::certificate&) -> std::optional<crl_answer> {
        REQUIRE(leaf.url == "http://ca.example/crl");
        ++looked_at;
        return answer();
    };
    f.plan.issuers.at("ca").renewal_info = false;
    f.ca.what = mischief::with_crl;
    f.add("a.example");
    f.start();
    REQUIRE(f.until(state::waiting, "a.example"));
    f.time.advance(minutes(1));
    REQUIRE(fetched == 1); // whose issuer signs the list was read then
    f.time.advance(hours(10 * 24));
    CHECK(fetched == 1);
    CHECK(looked_at >= 19);
    CHECK(looked_at <= 21);

    says.young = false; // due to be fetched
    f.time.advance(hours(25));
    CHECK(fetched == 3);
    says.young = true;
    says.verdict = crl_verdict::unknown; // of no use: what is to be done then is said elsewhere
    f.time.advance(hours(25));
    CHECK(fetched == 5);
    says.verdict = crl_verdict::revoked;
    f.time.run_until([&] { return f.events.count("cert.found_revoked") > 0; }, hours(13));
    says.verdict = crl_verdict::good; // of its successor
    f.time.advance(minutes(1));
    CHECK(f.events.count("cert.found_revoked") == 1);
    CHECK(f.live_version("a.example") == 2);
}
