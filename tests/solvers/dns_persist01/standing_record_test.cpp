#include "solvers/dns_persist01/standing_record.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::solvers;

namespace {

challenge_task task(std::string name = "example.com") {
    challenge_task made(identifier{identifier::kind::dns, std::move(name)}, "", "");
    made.account_url = "https://ca.example/acct/123";
    made.thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    made.issuer_domains = {"CA.example", "authority.example"};
    return made;
}

const wall_time now{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22)};

} // namespace

TEST_CASE("what is to be published") {
    CHECK(standing_record_name({identifier::kind::dns, "*.example.com"}) ==
          "_validation-persist.example.com");
    CHECK(to_text(wanted_record(task())) == "ca.example; accounturi=https://ca.example/acct/123");
    challenge_task wild = task();
    wild.wildcard = true;
    CHECK(to_text(wanted_record(wild)) ==
          "ca.example; accounturi=https://ca.example/acct/123; policy=wildcard");
    standing_record limited = wanted_record(wild);
    limited.until = now;
    CHECK(to_text(limited).ends_with("; persistUntil=1795305600"));
    CHECK(parse_standing_record(to_text(limited)).value() == limited);
}

TEST_CASE("from draft 02 on the account is a hash") {
    challenge_task hashed = task();
    hashed.account_hash_prefix = "https://ca.example/h/";
    CHECK(account_uri_of(hashed, false) ==
          "https://ca.example/h/sha-256/5SQm7n6tPh2-PlLbCKGnViTXX5z19SCN4cPGQHSk-kw");
    CHECK(account_uri_of(hashed, true) ==
          "https://ca.example/h/sha-256/NpDnSwUthQK8zCgFdefYxAdAVPnygMLbs9US6oO-5ug");
    standing_record found = wanted_record(hashed);
    CHECK(shortfall(found, hashed, now).empty());
    found.account_uri = account_uri_of(hashed, true);
    CHECK(shortfall(found, hashed, now).empty());
    found.account_uri = hashed.account_url;
    CHECK(shortfall(found, hashed, now) == "it is for another account");
}

TEST_CASE("what a record may look like") {
    const auto read =
        parse_standing_record(" Authority.Example. ;\tACCOUNTURI = https://ca.example/acct/123;unknown=1 ; "
                              "Policy=Wildcard; persistUntil=1795305601");
    REQUIRE(read);
    CHECK(read->issuer == "authority.example");
    CHECK(read->account_uri == "https://ca.example/acct/123");
    CHECK(read->wildcard);
    CHECK(read->until == now + seconds(1));

    struct row {
        std::string_view text;
        std::string_view trouble;
    };
    const std::vector<row> table = {
        {"", "no CA is named"},
        {"; accounturi=x", "no CA is named"},
        {"ca.example", "accounturi is missing"},
        {"ca.example;", "at the end"},
        {"ca.example; accounturi=x;", "at the end"},
        {"ca.example; accounturi=x;; policy=wildcard", "an empty parameter"},
        {"ca.example; accounturi", "without \"=\""},
        {"ca.example; accounturi=x; accounturi=y", "comes twice"},
        {"ca.example; accounturi=x; a=1; A=2", "comes twice"},
        {"ca.example; accounturi=a b", "white space"},
        {"ca.example; accounturi=x; persistUntil=tomorrow", "seconds since 1970"},
        {"ca.example; accounturi=x; persistUntil=-1", "seconds since 1970"},
        {"ca.example; accounturi=x; persistUntil=99999999999999999999", "seconds since 1970"},
        {"ca.example; account uri=x", "letters, digits"},
        {"ca.example; -a=x", "letters, digits"},
    };
    for (const row& r : table) {
        CAPTURE(r.text);
        const auto refused = parse_standing_record(r.text);
        REQUIRE(!refused);
        CHECK(refused.error().message.find(r.trouble) != std::string::npos);
    }
    CHECK(!parse_standing_record("ca.example; accounturi=" + std::string(5000, 'x')));
}

TEST_CASE("whether a record proves a challenge") {
    const challenge_task plain = task();
    standing_record found = wanted_record(plain);
    CHECK(shortfall(found, plain, now).empty());
    challenge_task wild = task();
    wild.wildcard = true;
    CHECK(shortfall(found, wild, now).find("policy=wildcard") != std::string::npos);
    found.until = now;
    CHECK(shortfall(found, plain, now).find("it ended at 2026-11-22") != std::string::npos);
    found.until = now + seconds(1);
    CHECK(shortfall(found, plain, now).empty());
    found.issuer = "other.example";
    CHECK(shortfall(found, plain, now) == "it is for another CA");
}
