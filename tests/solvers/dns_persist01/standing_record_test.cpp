#include "solvers/dns_persist01/standing_record.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::solvers;

namespace {

standing_claim claim() {
    standing_claim made("example.com", false, issuer_facts());
    made.account_url = "https://ca.example/acct/123";
    made.thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    made.issuer_domains = {"CA.example", "authority.example"};
    return made;
}

const wall_time now{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22)};

} // namespace

TEST_CASE("what is to be published") {
    CHECK(standing_record_name("example.com") == "_validation-persist.example.com");
    CHECK(to_text(wanted_record(claim()).value()) == "ca.example; accounturi=https://ca.example/acct/123");
    standing_claim wild = claim();
    wild.wildcard = true;
    CHECK(to_text(wanted_record(wild).value()) ==
          "ca.example; accounturi=https://ca.example/acct/123; policy=wildcard");
    standing_record limited = wanted_record(wild).value();
    limited.until = now;
    CHECK(to_text(limited).ends_with("; persistUntil=1795305600"));
    CHECK(parse_standing_record(to_text(limited)).value() == limited);
}

TEST_CASE("from draft 02 on the account is a hash") {
    standing_claim hashed = claim();
    hashed.account_hash_prefix = "https://ca.example/h/";
    CHECK(account_uri_of(hashed, false) ==
          "https://ca.example/h/sha-256/5SQm7n6tPh2-PlLbCKGnViTXX5z19SCN4cPGQHSk-kw");
    CHECK(account_uri_of(hashed, true) ==
          "https://ca.example/h/sha-256/NpDnSwUthQK8zCgFdefYxAdAVPnygMLbs9US6oO-5ug");
    standing_record found = wanted_record(hashed).value();
    CHECK(shortfall(found, hashed, now).empty());
    found.account_uri = account_uri_of(hashed, true);
    CHECK(shortfall(found, hashed, now).empty());
    found.account_uri = hashed.account_url;
    CHECK(shortfall(found, hashed, now).find("wants a hash") != std::string::npos);
    found.account_uri = "https://ca.example/h/sha-256/x";
    CHECK(shortfall(found, hashed, now).find("a key that it had before") != std::string::npos);
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
    const standing_claim plain = claim();
    standing_record found = wanted_record(plain).value();
    CHECK(shortfall(found, plain, now).empty());
    standing_claim wild = claim();
    wild.wildcard = true;
    CHECK(shortfall(found, wild, now).find("policy=wildcard") != std::string::npos);
    found.until = now;
    CHECK(shortfall(found, plain, now).find("ended at 2026-11-22") != std::string::npos);
    found.until = now + seconds(1);
    CHECK(shortfall(found, plain, now).empty());
    found.issuer = "other.example";
    CHECK(shortfall(found, plain, now) == "is for another CA");
}

TEST_CASE("a claim is what a challenge or an issuer says") {
    challenge_task task(identifier{identifier::kind::dns, "example.com"}, "", "");
    task.wildcard = true;
    task.account_url = "https://ca.example/acct/123";
    task.issuer_domains = {"ca.example"};
    CHECK(to_text(wanted_record(standing_claim(task)).value()).ends_with("; policy=wildcard"));
    issuer_facts facts;
    facts.account_url = task.account_url;
    facts.issuer_domains = task.issuer_domains;
    const standing_claim same("example.com", true, facts);
    CHECK(wanted_record(same).value() == wanted_record(standing_claim(task)).value());
    facts.issuer_domains.assign(100'000, "ca.example");
    CHECK(standing_claim("example.com", true, facts).issuer_domains.size() == 10);
}

TEST_CASE("a line is one line of a zone file, whatever the CA says") {
    standing_claim said = claim();
    CHECK(zone_line(said, wanted_record(said).value()) ==
          "_validation-persist.example.com. 3600 IN TXT \"ca.example; "
          "accounturi=https://ca.example/acct/123\"");
    said.account_url = "https://ca.example/" + std::string(300, 'a');
    const std::string split = zone_line(said, wanted_record(said).value());
    CHECK(split.find("aaa\" \"aaa") != std::string::npos);
    said.account_url = "https://ca.example/\"\\x";
    CHECK(zone_line(said, wanted_record(said).value()).ends_with("https://ca.example/\\\"\\\\x\""));

    struct row {
        std::string_view what;
        std::string account_url;
        std::vector<std::string> domains;
        errc code;
    };
    const std::string good = "https://ca.example/1";
    const std::vector<row> table = {
        {"no account", "", {"ca.example"}, errc::not_found},
        {"a line break", "https://ca.example/1\nevil. IN A 192.0.2.1", {"ca.example"}, errc::protocol},
        {"a parameter", "https://ca.example/1;policy=wildcard", {"ca.example"}, errc::protocol},
        {"too long", "https://ca.example/" + std::string(2000, 'a'), {"ca.example"}, errc::protocol},
        {"no name", good, {}, errc::protocol},
        {"no host", good, {"ca example"}, errc::protocol},
        {"an address", good, {"192.0.2.1"}, errc::protocol},
        {"a line break in the name", good, {"ca.example\n"}, errc::not_found},
    };
    for (const row& r : table) {
        CAPTURE(r.what);
        said.account_url = r.account_url;
        said.issuer_domains = r.domains;
        const auto wanted = wanted_record(said);
        if (wanted) {
            CHECK(zone_line(said, *wanted).find('\n') ==
                  std::string::npos); // white space around is no part of it
            continue;
        }
        CHECK(wanted.error().code == r.code);
    }
    said = claim();
    said.issuer_domains = {"not a host", "Second.Example."};
    CHECK(wanted_record(said).value().issuer == "second.example");
}
