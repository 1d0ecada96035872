#include "core/dns/authority.hpp"
#include "tests/core/dns/packets.hpp"
#include "tests/core/dns/scripted_dns.hpp"

using namespace evercert;
using namespace evercert::dns;
using namespace evercert::testing;

namespace {

dns_record alias(const std::string& from, const std::string& to) {
    return scripted_dns::record(from, dns_type::cname, to);
}
dns_record soa(const std::string& zone) {
    return scripted_dns::record(zone, dns_type::soa, "ns");
}

struct bench {
    asio::io_context loop;
    scripted_dns dns;

    result<std::string> follow(const std::string& name) { return run(loop, follow_aliases(dns, name)); }
    result<std::string> zone(const std::string& name) { return run(loop, find_zone(dns, name)); }
};

} // namespace

TEST_CASE("Aliases are followed to the name that has none, whether it exists or not") {
    bench b;
    CHECK(b.follow("_Acme-Challenge.a.Example.") == "_acme-challenge.a.example");
    b.dns.set("a", dns_type::cname, scripted_dns::says({alias("a", "b.x")}));
    b.dns.set("b.x", dns_type::cname, scripted_dns::says({alias("b.x", "c.y"), alias("c.y", "ignored")}));
    b.dns.set("c.y", dns_type::cname, scripted_dns::code(dns_rcode::name_error));
    CHECK(b.follow("a") == "c.y");
    b.dns.set("d", dns_type::cname, scripted_dns::says({alias("other", "e")}));
    CHECK(b.follow("d") == "d"); // of another name, so of no concern
}

TEST_CASE("Aliases that lead nowhere are errors") {
    bench b;
    b.dns.set("a", dns_type::cname, scripted_dns::says({alias("a", "b")}));
    b.dns.set("b", dns_type::cname, scripted_dns::says({alias("b", "a")}));
    auto e = b.follow("a").error();
    CHECK(e.code == errc::protocol);
    CHECK(e.foreign == "a");
    b.dns.set("self", dns_type::cname, scripted_dns::says({alias("self", "self")}));
    CHECK(b.follow("self").error().code == errc::protocol);
    for (int i = 0; i < 40; ++i) {
        const auto from = "n" + std::to_string(i);
        b.dns.set(from, dns_type::cname, scripted_dns::says({alias(from, "n" + std::to_string(i + 1))}));
    }
    b.dns.asked.clear();
    CHECK(b.follow("n0").error().code == errc::protocol);
    CHECK(b.dns.asked.size() <= 18);
    CHECK(b.follow("n24") == "n40"); // sixteen
    b.dns.set("s", dns_type::cname, scripted_dns::code(dns_rcode::server_failure));
    e = b.follow("s").error();
    CHECK(e.code == errc::refused);
    CHECK(e.message.find("DNSSEC") != std::string::npos);
    b.dns.set("t", dns_type::cname, fail(errc::timed_out, "silent"));
    CHECK(b.follow("t").error().code == errc::timed_out);
    CHECK(b.follow("a..b").error().code == errc::invalid_argument);
}

TEST_CASE("The zone of a name, by all the ways a resolver says it") {
    bench b;
    SECTION("the apex itself") {
        b.dns.set("example.com", dns_type::soa, scripted_dns::says({soa("example.com")}));
        CHECK(b.zone("Example.com.") == "example.com");
    }
    SECTION("nothing there: NODATA and NXDOMAIN carry the zone's SOA") {
        for (const auto code : {dns_rcode::no_error, dns_rcode::name_error}) {
            b.dns.set("_acme-challenge.www.example.com", dns_type::soa,
                      scripted_dns::code(code, {soa("example.com")}));
            CHECK(b.zone("_acme-challenge.www.example.com") == "example.com");
        }
    }
    SECTION("an answer without SOA: one label up") {
        b.dns.set("example.com", dns_type::soa, scripted_dns::says({soa("example.com")}));
        CHECK(b.zone("a.b.example.com") == "example.com");
        CHECK(b.dns.asked.size() == 3);
    }
    SECTION("an alias on the way: its target's zone is another") {
        b.dns.set(
            "www.example.com", dns_type::soa,
            scripted_dns::says({alias("www.example.com", "x.cdn.net"), soa("cdn.net")}, {soa("cdn.net")}));
        b.dns.set("example.com", dns_type::soa, scripted_dns::says({soa("example.com")}));
        CHECK(b.zone("www.example.com") == "example.com");
    }
    SECTION("an SOA of somewhere else is no answer") {
        b.dns.set("www.example.com", dns_type::soa,
                  scripted_dns::says({}, {soa("evil.net"), soa("le.com"), soa("x.www.example.com")}));
        b.dns.set("example.com", dns_type::soa, scripted_dns::says({soa("example.com")}));
        CHECK(b.zone("www.example.com") == "example.com");
    }
    SECTION("a delegated zone below") {
        b.dns.set("_acme-challenge.example.com", dns_type::soa,
                  scripted_dns::says({soa("_acme-challenge.example.com")}));
        CHECK(b.zone("_acme-challenge.example.com") == "_acme-challenge.example.com");
    }
    SECTION("a dot within a label is no dot") {
        b.dns.set("com", dns_type::soa, scripted_dns::says({soa("com")}));
        CHECK(b.zone("a\\.example.com") == "com");
        CHECK(b.dns.asked == std::vector<std::string>{"SOA a\\046example.com", "SOA com"});
    }
    SECTION("only the root") {
        b.dns.set("nothing", dns_type::soa, scripted_dns::code(dns_rcode::name_error, {soa("")}));
        CHECK(b.zone("nothing").error().code == errc::not_found);
        CHECK(b.zone("").error().code == errc::not_found);
    }
    SECTION("a resolver that does not know") {
        b.dns.set("www.example.com", dns_type::soa, scripted_dns::code(dns_rcode::server_failure));
        CHECK(b.zone("www.example.com").error().code == errc::refused);
        b.dns.set("www.example.com", dns_type::soa, fail(errc::network, "no way"));
        CHECK(b.zone("www.example.com").error().code == errc::network);
    }
}

TEST_CASE("The servers of a zone with their addresses, and what is wrong with them") {
    bench b;
    const auto ns = [](const std::string& to) {
        return scripted_dns::record("example.com", dns_type::ns, to);
    };
    b.dns.set("example.com", dns_type::ns,
              scripted_dns::says({ns("ns1.x"), ns("ns2.x"), ns("ns1.x"), ns("ns3.x"), ns("ns4.x"),
                                  scripted_dns::record("other.com", dns_type::ns, "ns.other")}));
    b.dns.set("ns1.x", dns_type::a,
              scripted_dns::says({scripted_dns::record("ns1.x", dns_type::a, "192.0.2.1")}));
    b.dns.set("ns1.x", dns_type::aaaa,
              scripted_dns::says({scripted_dns::record("ns1.x", dns_type::aaaa, "2001:db8::1")}));
    b.dns.set("ns2.x", dns_type::a, scripted_dns::code(dns_rcode::server_failure));
    b.dns.set("ns2.x", dns_type::aaaa, fail(errc::timed_out, "silent"));
    std::vector<dns_record> many;
    for (int i = 1; i < 100; ++i) {
        many.push_back(scripted_dns::record("ns4.x", dns_type::a, "192.0.2." + std::to_string(i)));
    }
    b.dns.set("ns4.x", dns_type::a, scripted_dns::says(many));
    const auto got = run(b.loop, authoritative_servers(b.dns, "Example.com.", 5353));
    REQUIRE(got.has_value());
    REQUIRE(got->size() == 4);
    CHECK((*got)[0].name == "ns1.x");
    REQUIRE((*got)[0].addresses.size() == 2);
    CHECK(to_string((*got)[0].addresses[0]) == "192.0.2.1:5353");
    CHECK(to_string((*got)[0].addresses[1]) == "[2001:db8::1]:5353");
    CHECK((*got)[0].trouble.empty());
    CHECK((*got)[1].addresses.empty());
    CHECK((*got)[1].trouble.find("SERVFAIL") != std::string::npos);
    CHECK((*got)[1].trouble.find("silent") != std::string::npos);
    CHECK((*got)[2].trouble == "it has no address");
    CHECK((*got)[3].addresses.size() == 2);

    CHECK(run(b.loop, authoritative_servers(b.dns, "nothing.com")).error().code == errc::not_found);
    b.dns.set("broken.com", dns_type::ns, scripted_dns::code(dns_rcode::refused));
    CHECK(run(b.loop, authoritative_servers(b.dns, "broken.com")).error().code == errc::refused);
    std::vector<dns_record> crowd;
    for (int i = 0; i < 100; ++i) {
        crowd.push_back(ns("n" + std::to_string(i)));
    }
    b.dns.set("example.com", dns_type::ns, scripted_dns::says(crowd));
    CHECK(run(b.loop, authoritative_servers(b.dns, "example.com")).value().size() == 20);
}
