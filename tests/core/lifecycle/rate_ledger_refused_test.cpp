#include "core/lifecycle/rate_ledger.hpp"
#include "tests/core/lifecycle/rate_ledger_fixture.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::lifecycle;
using namespace std::chrono;

// The CA says 429 although the order seemed to fit: what can it have meant?

namespace {

const wall_time now = some_day;
const order_claim refused = claim_of({"a.example.com"});
const order_claim sibling = claim_of({"b.example.com"});
const order_claim stranger = claim_of({"a.example.org"});
const order_claim renewal_of_stranger = claim_of({"a.example.org"}, order_kind::same_set);

rate_ledger after_refusal(const order_claim& claim, std::optional<wall_time> until) {
    rate_ledger ledger(published_limits());
    ledger.refused(claim, until, now);
    return ledger;
}

} // namespace

TEST_CASE("a refusal for seconds can be the account's: it has one token then") {
    rate_ledger ledger = after_refusal(refused, now + seconds(20));
    CHECK(ledger.earliest(refused, now).when == now + seconds(20));
    CHECK(ledger.earliest(stranger, now).when == now + seconds(20));
    CHECK(ledger.earliest(stranger, now).account_wide);
    CHECK(ledger.earliest(renewal_of_stranger, now).when == now);
    ledger.spend(stranger, now + seconds(20));
    CHECK(ledger.earliest(claim_of({"c.example.net"}), now + seconds(20)).when == now + seconds(56));
}

TEST_CASE("a refusal for hours is the domain's") {
    rate_ledger ledger = after_refusal(refused, now + hours(2));
    CHECK(ledger.earliest(refused, now).when == now + hours(2));
    CHECK(ledger.earliest(sibling, now).when == now + hours(2));
    CHECK(ledger.earliest(sibling, now).why == "50 certificates per 7d for example.com");
    CHECK(ledger.earliest(sibling, now + hours(2)).when == now + hours(2));
    CHECK(ledger.earliest(stranger, now).when == now);
}

TEST_CASE("a refusal for a day is the set's") {
    rate_ledger ledger = after_refusal(refused, now + hours(20));
    CHECK(ledger.earliest(refused, now).when == now + hours(20));
    CHECK(ledger.earliest(sibling, now).when == now);
}

TEST_CASE("a refusal longer than any limit can mean holds the set, for one period") {
    for (const wall_time until : {now + days(5), now + days(400), wall_time::max()}) {
        rate_ledger ledger = after_refusal(refused, until);
        CHECK(ledger.earliest(refused, now).when >= now + days(5));
        CHECK(ledger.earliest(refused, now).when <= now + days(7));
        CHECK(ledger.earliest(sibling, now).when == now);
    }
}

TEST_CASE("a refusal until a moment that has passed leaves one token") {
    for (const wall_time until : {now, now - days(3), wall_time::min()}) {
        rate_ledger ledger = after_refusal(refused, until);
        CHECK(ledger.earliest(refused, now).when == now);
        ledger.spend(refused, now);
        CHECK(ledger.earliest(stranger, now).when == now + seconds(36));
    }
}

TEST_CASE("a refusal without a moment pauses the account and the set for a while") {
    rate_ledger ledger = after_refusal(refused, std::nullopt);
    CHECK(ledger.earliest(stranger, now).when == now + seconds(36));
    CHECK(ledger.earliest(refused, now).when == now + minutes(10));
    CHECK(ledger.earliest(renewal_of_stranger, now).when == now);
}

TEST_CASE("a refused renewal holds its set, and nobody else") {
    for (const order_kind kind : {order_kind::same_set, order_kind::ari}) {
        for (const std::optional<wall_time> until :
             {std::optional(now + minutes(10)), std::optional<wall_time>()}) {
            rate_ledger ledger = after_refusal(claim_of({"a.example.com"}, kind), until);
            const order_claim again = claim_of({"a.example.com"}, order_kind::same_set);
            CHECK(ledger.earliest(again, now).when == now + minutes(10));
            CHECK(ledger.earliest(claim_of({"a.example.com"}, order_kind::ari), now).when == now);
            CHECK(ledger.earliest(sibling, now).when == now);
        }
    }
}

TEST_CASE("what was emptier before stays so") {
    rate_ledger ledger(published_limits());
    at_once(ledger, [](unsigned) { return claim_of({"a.example.com"}, order_kind::same_set); }, now);
    const wall_time before = ledger.earliest(refused, now).when;
    ledger.refused(refused, now, now);
    CHECK(ledger.earliest(refused, now).when == before);
}
