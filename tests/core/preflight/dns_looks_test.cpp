// Names, zones, servers and records: what the DNS says, and what it fails to say.
#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "tests/core/preflight/world.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

struct dns_world : world {
    dns_world() {
        by.on_ready = [this](const challenge_task& task) {
            dns.add(at.empty() ? "_acme-challenge." + task.name.base() : at, dns_type::txt,
                    crypto::base64url(crypto::sha256(task.key_authorization)));
        };
        answers = {&by};
        with_records = true;
    }
    std::vector<finding> wrong(const std::vector<std::string>& names = {"one.test"}) {
        all = examine(names);
        return faults(all);
    }
    [[nodiscard]] bool has(const std::string& check, finding_weight weight, const std::string& words) const {
        return std::any_of(all.begin(), all.end(), [&](const finding& f) {
            return f.check == check && f.weight == weight &&
                   holds(f.looked_at + "|" + f.seen + "|" + f.change, words);
        });
    }

    staged_solver by{"dns-01"};
    std::string at; ///< where the record goes instead
    std::vector<finding> all;
};

constexpr auto good = finding_weight::good;
constexpr auto unsure = finding_weight::unsure;
constexpr auto trouble = finding_weight::trouble;

} // namespace

TEST_CASE_METHOD(dns_world, "A record that is everywhere is good, and is looked for only when asked") {
    CHECK(wrong({"one.test", "*.one.test"}).empty());
    INFO(text_of(all));
    CHECK(has("record", good, "ns1.one.test (192.0.2.11:53)"));
    CHECK(has("record", good, "ns2.one.test (192.0.2.12:53)"));
    CHECK(by.cleaned.size() == 2);
    // Both names have the same zone, whose servers are asked for it once.
    CHECK(std::count(dns.asked.begin(), dns.asked.end(), "192.0.2.11 SOA one.test") <= 2);
    with_records = false;
    CHECK(wrong().empty());
    CHECK(by.presented.size() == 2);
    CHECK(has("delegation", good, "2 of 2"));
}

TEST_CASE_METHOD(dns_world, "Aliases are followed to the zone where the record goes") {
    dns.zone("acme.test", {{"ns.acme.test", "192.0.2.30"}});
    dns.add("_acme-challenge.one.test", dns_type::cname, "one.acme.test");
    at = "one.acme.test";
    CHECK(wrong().empty());
    INFO(text_of(all));
    CHECK(has("delegation", good, "a CNAME to one.acme.test in the zone acme.test"));
    CHECK(has("record", good, "TXT one.acme.test at ns.acme.test"));
    SECTION("one that leads nowhere is named") {
        dns.remove_zone("acme.test");
        const auto found = wrong();
        REQUIRE(found.size() == 1);
        CHECK(has("delegation", trouble, "no zone acme.test: it leads nowhere"));
    }
    SECTION("a circle too") {
        dns.add("one.acme.test", dns_type::cname, "_acme-challenge.one.test");
        CHECK(wrong().size() == 1);
        CHECK(has("delegation", trouble, "circle"));
    }
}

TEST_CASE_METHOD(dns_world, "Servers that do not have their zone") {
    struct row {
        std::string title;
        std::function<void()> stage;
        finding_weight weight;
        std::string words;
    };
    const std::vector<row> rows = {
        {"one is lame", [&] { dns.lame = {"192.0.2.12"}; }, unsure, "ns2.one.test (192.0.2.12:53)"},
        {"all are lame", [&] { dns.lame = {"192.0.2.11", "192.0.2.12"}; }, trouble, "REFUSED"},
        {"one is silent", [&] { dns.dead = {"192.0.2.12"}; }, unsure, "it does not answer"},
        {"one has no address", [&] { dns.remove("ns2.one.test", dns_type::a); }, trouble,
         "give ns2.one.test an address"},
        {"there are none", [&] { dns.remove("one.test", dns_type::ns); }, trouble, "NS records"},
    };
    with_records = false;
    for (const row& each : rows) {
        dns.lame.clear();
        dns.dead.clear();
        each.stage();
        INFO(each.title);
        const auto found = wrong();
        INFO(text_of(all));
        CHECK_FALSE(found.empty());
        CHECK(has("delegation", each.weight, each.words));
        CHECK(std::all_of(found.begin(), found.end(),
                          [](const finding& f) { return f.check == "delegation"; }));
    }
}

TEST_CASE_METHOD(dns_world, "A network's own zone of one label is a zone like others") {
    dns.zone("lan", {{"ns.lan", "192.0.2.40"}});
    dns.add("host.lan", dns_type::a, "127.0.0.1");
    CHECK(wrong({"host.lan"}).empty());
}

TEST_CASE_METHOD(dns_world, "A record that cannot be made, or comes too late") {
    by.on_ready = {};
    SECTION("the provider says no") {
        by.ready = fail(errc::refused, "the token may not write");
        CHECK(wrong().size() == 1);
        CHECK(has("record", trouble, "the token may not write"));
    }
    SECTION("it says that all is well, and nothing is there") {
        CHECK(wrong().size() == 2);
        CHECK(has("record", trouble, "no name server shows it"));
    }
    SECTION("it takes for ever") {
        by.hangs = true;
        patience = milliseconds(1000);
        CHECK(wrong().size() == 2);
        CHECK(has("record", unsure, "not there yet on ns1.one.test"));
        CHECK(by.cleaned.size() == 1);
    }
    SECTION("an account's own label is known to its solver only") {
        staged_solver own("dns-account-01");
        answers = {&own};
        CHECK(wrong().empty());
        CHECK(has("record", good, "was seen"));
        CHECK(own.cleaned.size() == 1);
    }
    SECTION("a standing record is there or is not") {
        staged_solver standing("dns-persist-01");
        answers = {&standing};
        CHECK(wrong().empty());
        CHECK(standing.presented.at(0).token.empty());
        CHECK(standing.presented.at(0).issuer_domains == std::vector<std::string>{"ca.test"});
        standing.outcome = fail(errc::not_found, "put this record there");
        CHECK(wrong().size() == 1);
        CHECK(has("record", trouble, "put this record there"));
        facts.account_url.clear();
        CHECK(wrong().size() == 1);
        CHECK(has("record", unsure, "there is none yet"));
    }
}

TEST_CASE_METHOD(world, "What stands behind a SERVFAIL is found out at the zone's own servers") {
    struct row {
        std::string title;
        std::function<void()> stage;
        std::string check;
        finding_weight weight;
        std::string words;
    };
    const std::vector<row> rows = {
        {"its signatures", [&] {}, "dnssec", finding_weight::trouble, "DNSSEC signatures of one.test"},
        {"its servers are dead", [&] { dns.dead = {"192.0.2.11", "192.0.2.12"}; }, "delegation",
         finding_weight::trouble, "no name server of one.test answers: ns1.one.test"},
        {"nobody can be asked", [&] { dns.dead = {"192.0.2.1", "192.0.2.11", "192.0.2.12"}; }, "dnssec",
         finding_weight::trouble, "a broken DNSSEC signature or dead name servers"},
    };
    dns.bogus = {"one.test"};
    for (const row& each : rows) {
        each.stage();
        INFO(each.title);
        const auto found = faults(examine());
        INFO(text_of(found));
        REQUIRE(found.size() == 2);
        CHECK(found[0].check == each.check);
        CHECK(found[0].weight == each.weight);
        CHECK(holds(found[0].seen, each.words));
        CHECK(found[1].check == "caa");
    }
    dns.bogus.clear();
    dns.dead.clear();
    dns.odd[{"one.test", dns_type::aaaa}] = dns_rcode::server_failure;
    auto found = faults(examine());
    REQUIRE(found.size() == 1);
    CHECK(found[0].weight == finding_weight::unsure);
    dns.odd.clear();
    dns.add("www.test", dns_type::cname, "one.test");
    dns.odd[{"www.test", dns_type::a}] = dns_rcode::server_failure;
    dns.odd[{"www.test", dns_type::aaaa}] = dns_rcode::server_failure;
    found = faults(examine({"www.test"}));
    INFO(text_of(found));
    REQUIRE(found.size() == 1);
    CHECK(holds(found[0].seen, "signatures of one.test"));
}

TEST_CASE_METHOD(world,
                 "A name that does not exist is told from one without addresses; an alias is followed") {
    CHECK(holds(faults(examine({"none.one.test"})).at(0).seen, "NXDOMAIN"));
    dns.add("www.one.test", dns_type::cname, "one.test");
    const auto all = examine({"www.one.test"});
    INFO(text_of(all));
    CHECK(faults(all).empty());
    CHECK(std::any_of(all.begin(), all.end(),
                      [](const finding& f) { return holds(f.seen, "127.0.0.1 (an alias of one.test)"); }));
}

TEST_CASE_METHOD(world, "CAA is climbed to, through aliases, and not beyond the nearest") {
    dns.caa("test", "issue", "other.test");
    CHECK(holds(faults(examine()).at(0).looked_at, "CAA test"));
    dns.caa("one.test", "issue", "ca.test");
    CHECK(faults(examine()).empty());
    dns.add("www.test", dns_type::cname, "one.test");
    CHECK(faults(examine({"www.test"})).empty());
    staged_solver by("dns-01");
    answers = {&by};
    CHECK(faults(examine({"*.one.test"})).empty());
    dns.caa("one.test", "issuewild", ";");
    const auto found = faults(examine({"*.one.test", "one.test"}));
    INFO(text_of(found));
    REQUIRE(found.size() == 1);
    CHECK(found[0].name == "*.one.test");
    CHECK(holds(found[0].change, "issuewild"));
}
