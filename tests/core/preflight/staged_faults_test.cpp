// Twelve faults that operators meet, each named by just the finding that is about it.
#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "tests/core/preflight/world.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

struct expected {
    std::string check;
    finding_weight weight = finding_weight::trouble;
    std::vector<std::string> words; ///< somewhere in what was looked at, seen and to be changed
};

struct fault {
    std::string title;
    std::function<void(world&)> stage;
    std::vector<expected> found;
    std::vector<std::string> names{"one.test"};
};

net::server_response not_found(const net::server_request&) {
    return net::server_response(404, "nothing here");
}

/// A dns-01 solver whose records come to be in the staged zone.
void prove_by_dns(world& w, staged_solver& by) {
    by.on_ready = [&w](const challenge_task& task) {
        const std::string record = "_acme-challenge." + task.name.base();
        w.dns.add(record, dns_type::txt, "another");
        w.dns.add(record, dns_type::txt, crypto::base64url(crypto::sha256(task.key_authorization)));
    };
    w.answers = {&by};
    w.with_records = true;
}

constexpr auto trouble = finding_weight::trouble;

} // namespace

TEST_CASE("A set-up without fault gives only good findings") {
    world w;
    w.dns.caa("one.test", "issue", "ca.test; accounturi=https://ca.test/acct/7; validationmethods=http-01");
    w.dns.caa("one.test", "iodef", "mailto:ops@one.test");
    const auto all = w.examine();
    INFO(text_of(all));
    CHECK(faults(all).empty());
    for (const std::string check : {"clock", "issuer", "address", "reach", "caa"}) {
        CHECK(std::any_of(all.begin(), all.end(), [&](const finding& f) {
            return f.check == check && f.weight == finding_weight::good && f.change.empty();
        }));
    }
    // What the tests live with: no CA on the internet gets to a loopback address.
    CHECK(std::count_if(all.begin(), all.end(),
                        [](const finding& f) { return f.weight == finding_weight::unsure; }) == 1);
    // A CA with a root of its own does.
    w.where.trust = "/etc/evercert/root.pem";
    const auto inside = w.examine();
    CHECK(std::all_of(inside.begin(), inside.end(),
                      [](const finding& f) { return f.weight == finding_weight::good; }));
}

TEST_CASE("Each of twelve staged faults is named by the finding that is about it, and by no other") {
    staged_solver dns01("dns-01");
    const std::vector<fault> faults_staged = {
        {"no A",
         [](world& w) { w.dns.remove("one.test", dns_type::a); },
         {{"address", trouble, {"neither an A nor an AAAA", "one.test", "address of this machine"}}}},
        {"stale AAAA",
         [](world& w) {
             w.dns.add("one.test", dns_type::aaaa, "::1");
             w.serve("::1", not_found);
         },
         {{"reach",
           trouble,
           {"at ::1", "stale AAAA", "CAs prefer IPv6", "change or remove the AAAA record ::1"}}}},
        {"port closed",
         [](world& w) {
             w.dns.remove("one.test", dns_type::a);
             w.dns.add("one.test", dns_type::a, "127.0.0.3");
         },
         {{"reach",
           trouble,
           {"http://one.test/.well-known/acme-challenge/", "at 127.0.0.3", "connection refused",
            "port 80"}}}},
        {"another server answers 404",
         [](world& w) {
             w.dns.remove("one.test", dns_type::a);
             w.dns.add("one.test", dns_type::a, "127.0.0.2");
             w.serve("127.0.0.2", not_found);
         },
         {{"reach", trouble, {"at 127.0.0.2", "status 404 from", "acme-challenge"}}}},
        {"redirect to another host",
         [](world& w) {
             w.dns.remove("one.test", dns_type::a);
             w.dns.add("one.test", dns_type::a, "127.0.0.2");
             w.dns.zone("other.test", {{"ns.other.test", "192.0.2.20"}});
             w.dns.add("other.test", dns_type::a, "127.0.0.3");
             w.serve("127.0.0.2", [](const net::server_request& r) {
                 net::server_response out(301);
                 out.headers.emplace_back("Location", "http://other.test" + r.path);
                 return out;
             });
         },
         {{"reach", trouble, {"redirect from one.test to http://other.test/", "connection refused"}}}},
        {"CAA names another CA",
         [](world& w) { w.dns.caa("one.test", "issue", "other-ca.test"); },
         {{"caa", trouble, {"other-ca.test", "only other CAs", "one.test. CAA 0 issue \"ca.test\""}}}},
        {"CAA names another account",
         [](world& w) { w.dns.caa("one.test", "issue", "ca.test; accounturi=https://ca.test/acct/8"); },
         {{"caa", trouble, {"another account", "accounturi=https://ca.test/acct/7"}}}},
        {"SERVFAIL",
         [](world& w) { w.dns.bogus.insert("one.test"); },
         {{"dnssec", trouble, {"SERVFAIL", "DNSSEC signatures of one.test", "ns1.one.test", "DS record"}},
          {"caa", trouble, {"SERVFAIL"}}}},
        {"delegation missing",
         [&](world& w) { prove_by_dns(w, dns01); },
         {{"delegation",
           trouble,
           {"_acme-challenge.www.gone.test", "gone.test is not delegated", "register gone.test"}}},
         {"www.gone.test"}},
        {"TXT missing on one of two servers",
         [&](world& w) {
             prove_by_dns(w, dns01);
             w.dns.lags.insert({"192.0.2.12", "_acme-challenge.one.test"});
         },
         {{"record", trouble, {"missing on ns2.one.test (192.0.2.12:53)", "lags behind"}}}},
        {"another account's token",
         [](world& w) {
             w.dns.remove("one.test", dns_type::a);
             w.dns.add("one.test", dns_type::a, "127.0.0.2");
             w.serve("127.0.0.2", [](const net::server_request& r) {
                 return net::server_response(200, token_in(r.path) + ".someone-elses-thumbprint\n");
             });
         },
         {{"reach", trouble, {"right token and another account's key", "another ACME client"}}}},
        {"clock wrong",
         [](world& w) { w.time.shift = -std::chrono::minutes(30); },
         {{"clock", trouble, {"behind the CA's", "timedatectl"}}}},
    };
    REQUIRE(faults_staged.size() == 12);
    for (const fault& each : faults_staged) {
        world w;
        each.stage(w);
        const auto all = w.examine(each.names);
        const auto found = faults(all);
        INFO(each.title << "\n" << text_of(all));
        REQUIRE(found.size() == each.found.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
            // Troubles of one name come in the order of the looks.
            CHECK(found[i].check == each.found[i].check);
            CHECK(found[i].weight == each.found[i].weight);
            CHECK(found[i].name == (found[i].check == "clock" ? "" : each.names.front()));
            CHECK_FALSE(found[i].change.empty());
            for (const std::string& part : each.found[i].words) {
                INFO(part);
                CHECK(holds(found[i].looked_at + "|" + found[i].seen + "|" + found[i].change, part));
            }
        }
    }
}
