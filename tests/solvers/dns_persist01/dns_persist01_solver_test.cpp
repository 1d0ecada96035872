#include "solvers/dns_persist01/dns_persist01_solver.hpp"
#include "tests/solvers/dns_persist01/persist_fixture.hpp"

using namespace evercert;
using namespace evercert::solvers;
using namespace evercert::testing;

namespace {

struct bench : persist_fixture {
    dns_persist01_settings settings;
    challenge_task task;

    bench() : task(identifier{identifier::kind::dns, "example.com"}, "", "") {
        const issuer_facts facts = facts_of_ca();
        task.account_url = facts.account_url;
        task.thumbprint = facts.thumbprint;
        task.issuer_domains = facts.issuer_domains;
    }
    result<void> ready() {
        const auto solver = make_dns_persist01_solver({dns, time, events}, settings);
        CHECK(solver->challenge_type() == "dns-persist-01");
        return run(solver->wait_ready(task));
    }
};

} // namespace

TEST_CASE("a standing record at all servers is all that is needed") {
    bench b;
    b.publish({"other.example; accounturi=https://other.example/1", good_text});
    const auto solver = make_dns_persist01_solver({b.dns, b.time, b.events}, b.settings);
    CHECK(b.run(solver->present(b.task)));
    CHECK(b.dns.asked.empty()); // present is quick
    const auto start = b.time.steady_now();
    CHECK(b.run(solver->wait_ready(b.task)));
    CHECK(b.time.steady_now() == start);
    CHECK(b.events.all.empty());
}

TEST_CASE("what is wrong with a standing record is said at once, with the line to publish") {
    struct row {
        std::string_view what;
        std::vector<std::string> texts;
        std::string_view words;
    };
    const std::vector<row> table = {
        {"none", {}, "is missing: ns1.x (192.0.2.1:53) does not have the record yet; ns2.x"},
        {"another account",
         {"ca.example; accounturi=https://ca.example/acct/124"},
         "has \"ca.example; accounturi=https://ca.example/acct/124\", which is for another account"},
        {"another CA", {"other.example; accounturi=x"}, "records for other CAs only (\"other.example; "},
        {"ended", {good_text + "; persistUntil=1"}, "which ended at 1970-01-01T00:00:01Z"},
        {"malformed", {good_text + ";"}, "which no CA can read: an empty parameter"},
        {"a terminal's", {"ca.example; accounturi=\x1b[31m"}, "\\x1b[31m"},
        {"several", {"ca.example", good_text + "; persistUntil=1"}, "accounturi is missing and \""},
    };
    for (const row& r : table) {
        CAPTURE(r.what);
        bench b;
        b.publish(r.texts);
        const auto start = b.time.steady_now();
        const auto failed = b.ready();
        REQUIRE(!failed);
        CHECK(b.time.steady_now() == start);
        CHECK(failed.error().code == errc::not_found);
        const std::string text = failed.error().text();
        CAPTURE(text);
        CHECK(text.find(r.words) != std::string::npos);
        CHECK(text.find('\x1b') == std::string::npos);
        CHECK(text.find("publish this line in its zone: " + record_name + ". 3600 IN TXT \"" + good_text +
                        "\"") != std::string::npos);
    }
}

TEST_CASE("a wildcard needs its policy") {
    bench b;
    b.task.wildcard = true;
    b.publish({good_text});
    const auto failed = b.ready();
    REQUIRE(!failed);
    CHECK(failed.error().text().find("*.example.com") != std::string::npos);
    CHECK(failed.error().text().find("add policy=wildcard") != std::string::npos);
    b.publish({good_text + "; policy=wildcard"});
    CHECK(b.ready());
}

TEST_CASE("servers that lag behind others are waited for, within patience") {
    bench b;
    b.publish({good_text});
    const auto nothing = bench::texts_at(record_name, {});
    b.answers("192.0.2.2", {nothing, nothing, bench::texts_at(record_name, {good_text})});
    const auto start = b.time.steady_now();
    CHECK(b.ready());
    CHECK(b.time.steady_now() - start == seconds(10));

    b.publish_at("192.0.2.2", {});
    const auto again = b.time.steady_now();
    const auto failed = b.ready();
    REQUIRE(!failed);
    CHECK(failed.error().code == errc::refused);
    CHECK(failed.error().text().find("at some of its servers: ns2.x (192.0.2.2:53) does not have") !=
          std::string::npos);
    CHECK(b.time.steady_now() - again == std::chrono::minutes(2));
}

TEST_CASE("whether it has to be seen can be chosen") {
    bench b;
    b.settings.check = propagation_check::warn;
    CHECK(b.ready());
    CHECK(b.events.count("dns.record_not_seen") == 1);
    b.settings.check = propagation_check::off;
    const auto asked = b.dns.asked.size();
    CHECK(b.ready());
    CHECK(b.dns.asked.size() == asked);
}

TEST_CASE("a CA that does not say enough for a record is told before anything is looked at") {
    bench b;
    b.task.account_url.clear();
    const auto solver = make_dns_persist01_solver({b.dns, b.time, b.events}, b.settings);
    CHECK(b.run(solver->present(b.task)).error().text().find("no account at this CA yet") !=
          std::string::npos);
    CHECK(!b.run(solver->wait_ready(b.task)));
    CHECK(b.dns.asked.empty());
}

TEST_CASE("an alias is followed, and servers that nobody finds are told") {
    bench b;
    const std::string target = "proof.example.net";
    b.dns.add("example.net", dns_type::soa, "ns3.x");
    b.dns.add("example.net", dns_type::ns, "ns3.x");
    b.dns.add("ns3.x", dns_type::a, "192.0.2.3");
    b.dns.add(record_name, dns_type::cname, target);
    b.dns.add(target, dns_type::txt, good_text);
    CHECK(b.ready());
    dns_answer broken;
    broken.code = dns_rcode::server_failure;
    b.dns.script("resolver", record_name, dns_type::cname, {broken});
    b.settings.patience = seconds(0);
    const auto failed = b.ready();
    REQUIRE(!failed);
    CHECK(failed.error().text().find("cannot be looked at") != std::string::npos);
    CHECK(failed.error().text().find("SERVFAIL") != std::string::npos);
}
