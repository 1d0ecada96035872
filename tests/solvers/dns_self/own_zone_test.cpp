#include "core/dns/packet.hpp"
#include "solvers/dns_self/own_zone.hpp"
#include "tests/solvers/dns_self/packets.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace evercert;
using namespace evercert::solvers;
using namespace evercert::testing;

namespace {

own_zone_settings settings() {
    own_zone_settings how;
    how.nameserver = "ns.acme.example.net";
    how.zone = "acme.example.net";
    how.addresses = {"192.0.2.1", "2001:db8::1"};
    how.serial = 100;
    return how;
}

own_zone zone_knowing(const std::vector<std::string>& names, own_zone_settings how = settings()) {
    auto made = own_zone::make(std::move(how));
    REQUIRE(made.has_value());
    made->know(names);
    return std::move(*made);
}

seen_answer ask(const own_zone& zone, const std::string& name, const std::string& type, asking how = {},
                dns::over path = dns::over::udp) {
    return see(zone.answer(ask_for(name, type, how), path));
}

using list = std::vector<std::string>;

} // namespace

TEST_CASE("Each name and type has its answer") {
    own_zone zone = zone_knowing({"one.test", "deep.sub.two.test", "ns.acme.example.net"});
    REQUIRE(zone.add("_acme-challenge.one.test", "first"));
    REQUIRE(zone.add("_acme-challenge.one.test", "second"));
    REQUIRE(zone.add("_label._acme-challenge.one.test", "account"));
    REQUIRE(zone.add("one.test.acme.example.net", "alias"));
    REQUIRE(zone.add("x.y.acme.example.net", "elsewhere"));
    struct row {
        const char* name;
        const char* type;
        int code;
        list answers;
        const char* soa_of; ///< in authority; "" for none
    };
    constexpr int good = LDNS_RCODE_NOERROR;
    constexpr int refused = LDNS_RCODE_REFUSED;
    const std::vector<row> rows = {
        {"_acme-challenge.one.test",
         "TXT",
         good,
         {"_acme-challenge.one.test. 0 TXT \"first\"", "_acme-challenge.one.test. 0 TXT \"second\""},
         ""},
        {"_ACME-challenge.One.TEST",
         "NS",
         good,
         {"_ACME-challenge.One.TEST. 60 NS ns.acme.example.net."},
         ""},
        {"_acme-challenge.one.test",
         "SOA",
         good,
         {"_acme-challenge.one.test. 60 SOA ns.acme.example.net. hostmaster.ns.acme.example.net. 106 3600 "
          "600 604800 0"},
         ""},
        {"_acme-challenge.one.test", "A", good, {}, "_acme-challenge.one.test."},
        {"_acme-challenge.one.test", "CAA", good, {}, "_acme-challenge.one.test."},
        {"_acme-challenge.one.test", "DS", good, {}, "_acme-challenge.one.test."},
        {"_acme-challenge.one.test",
         "ANY",
         good,
         {"_acme-challenge.one.test. 60 HINFO \"RFC8482\" \"\""},
         ""},
        {"_label._acme-challenge.one.test",
         "TXT",
         good,
         {"_label._acme-challenge.one.test. 0 TXT \"account\""},
         ""},
        {"_other._acme-challenge.one.test", "TXT", good, {}, "_acme-challenge.one.test."},
        {"_other._acme-challenge.one.test",
         "ANY",
         good,
         {"_other._acme-challenge.one.test. 60 HINFO \"RFC8482\" \"\""},
         ""},
        {"a._label._acme-challenge.one.test", "TXT", good, {}, "_acme-challenge.one.test."},
        // At rest, and never to be refused.
        {"_acme-challenge.deep.sub.two.test", "TXT", good, {}, "_acme-challenge.deep.sub.two.test."},
        {"deep.sub.two.test.acme.example.net", "TXT", good, {}, "acme.example.net."},
        {"_acme-challenge.ns.acme.example.net", "TXT", good, {}, "acme.example.net."},
        // Names between.
        {"sub.two.test.acme.example.net", "TXT", good, {}, "acme.example.net."},
        {"test.acme.example.net", "A", good, {}, "acme.example.net."},
        {"y.acme.example.net", "TXT", good, {}, "acme.example.net."},
        {"z.acme.example.net", "TXT", good, {}, "acme.example.net."},
        {"es.test.acme.example.net", "TXT", good, {}, "acme.example.net."},
        // The zone itself.
        {"one.test.acme.example.net", "TXT", good, {"one.test.acme.example.net. 0 TXT \"alias\""}, ""},
        {"x.y.acme.example.net", "TXT", good, {"x.y.acme.example.net. 0 TXT \"elsewhere\""}, ""},
        {"acme.example.net", "NS", good, {"acme.example.net. 60 NS ns.acme.example.net."}, ""},
        {"acme.example.net", "CAA", good, {}, "acme.example.net."},
        {"acme.example.net", "TXT", good, {}, "acme.example.net."},
        {"ns.acme.example.net", "A", good, {"ns.acme.example.net. 3600 A 192.0.2.1"}, ""},
        {"ns.acme.example.net", "AAAA", good, {"ns.acme.example.net. 3600 AAAA 2001:db8::1"}, ""},
        {"ns.acme.example.net", "TXT", good, {}, "acme.example.net."},
        {"ns.acme.example.net", "ANY", good, {"ns.acme.example.net. 60 HINFO \"RFC8482\" \"\""}, ""},
        // Nobody's business here.
        {"_acme-challenge.three.test", "TXT", refused, {}, ""},
        {"_acme-challenge.sub.two.test", "TXT", refused, {}, ""},
        {"one.test", "TXT", refused, {}, ""},
        {"test", "TXT", refused, {}, ""},
        {".", "NS", refused, {}, ""},
        {"example.net", "SOA", refused, {}, ""},
        {"xacme.example.net", "SOA", refused, {}, ""},
        {"_acme-challenge", "TXT", refused, {}, ""},
        {"_acme-challenge\\.one.test", "TXT", refused, {}, ""},
        {"acme.example.net", "AXFR", refused, {}, ""},
        {"acme.example.net", "IXFR", refused, {}, ""},
    };
    for (const row& r : rows) {
        CAPTURE(r.name, r.type);
        const auto got = ask(zone, r.name, r.type);
        CHECK(got.readable);
        CHECK(got.code == r.code);
        CHECK(got.authoritative == (r.code != refused));
        CHECK(got.answers == r.answers);
        CHECK(got.edns);
        CHECK_FALSE(got.truncated);
        if (*r.soa_of == '\0') {
            CHECK(got.authority.empty());
        } else {
            REQUIRE(got.authority.size() == 1);
            CHECK(got.authority.front().starts_with(std::string(r.soa_of) + " 0 SOA "));
        }
        CHECK(got.question.starts_with(r.name));
    }
    const auto glue = ask(zone, "acme.example.net", "NS").additional;
    CHECK(glue ==
          list{"ns.acme.example.net. 3600 A 192.0.2.1", "ns.acme.example.net. 3600 AAAA 2001:db8::1"});
}

TEST_CASE("Another class, another opcode and answers") {
    const own_zone zone = zone_knowing({"one.test"});
    CHECK(ask(zone, "_acme-challenge.one.test", "TXT", {.in = LDNS_RR_CLASS_CH}).code == LDNS_RCODE_REFUSED);
    std::string packet = ask_for("_acme-challenge.one.test", "TXT");
    packet[2] = '\x28';
    CHECK(see(zone.answer(packet, dns::over::udp)).code == LDNS_RCODE_NOTIMPL);
    packet[2] = '\x80';
    CHECK(zone.answer(packet, dns::over::udp).empty());
    CHECK(zone.answer("", dns::over::udp).empty());
    CHECK_FALSE(ask(zone, "_acme-challenge.one.test", "TXT", {.edns = false}).edns);
}

TEST_CASE("A value is there from add to remove, once however often it was added, beside others") {
    own_zone zone = zone_knowing({});
    const std::string name = "_acme-challenge.one.test";
    CHECK(ask(zone, name, "TXT").code == LDNS_RCODE_REFUSED);
    REQUIRE(zone.add(name, "a"));
    REQUIRE(zone.add(name, "a"));
    REQUIRE(zone.add(name, "b"));
    CHECK(zone.size() == 2);
    CHECK(ask(zone, name, "TXT").answers.size() == 2);
    zone.remove(name, "c");
    zone.remove("_acme-challenge.two.test", "a");
    zone.remove(name, "a");
    CHECK(ask(zone, name, "TXT").answers == list{name + ". 0 TXT \"b\""});
    zone.know({"two.test"});
    CHECK(ask(zone, name, "TXT").answers.size() == 1);
    zone.remove(name, "b");
    CHECK(zone.size() == 0);
    CHECK(ask(zone, name, "TXT").code == LDNS_RCODE_REFUSED);
    CHECK(ask(zone, "_acme-challenge.two.test", "TXT").code == LDNS_RCODE_NOERROR);
    CHECK_FALSE(zone.add("one.test", "a").has_value());
    CHECK_FALSE(zone.add("_acme-challenge..test", "a").has_value());
    CHECK_FALSE(zone.add("_acme-challenge", "a").has_value());
}

TEST_CASE("The serial number grows with every change") {
    own_zone zone = zone_knowing({"one.test"});
    const auto serial = [&] {
        const std::string soa = ask(zone, "acme.example.net", "SOA").answers.at(0);
        const std::string before = "hostmaster.ns.acme.example.net. ";
        return std::stoul(soa.substr(soa.find(before) + before.size()));
    };
    const auto first = serial();
    REQUIRE(zone.add("_acme-challenge.one.test", "a"));
    const auto second = serial();
    zone.remove("_acme-challenge.one.test", "a");
    CHECK(first > 100);
    CHECK(second > first);
    CHECK(serial() > second);
}

TEST_CASE("What does not fit into a datagram is had over TCP") {
    own_zone zone = zone_knowing({});
    for (int i = 0; i < 100; ++i) {
        REQUIRE(zone.add("_acme-challenge.one.test", fmt::format("{:043}", i)));
    }
    const std::string asked = ask_for("_acme-challenge.one.test", "TXT");
    const std::string small =
        zone.answer(ask_for("_acme-challenge.one.test", "TXT", {.edns = false}), dns::over::udp);
    CHECK(small.size() <= 512);
    CHECK(see(small).truncated);
    const std::string larger = zone.answer(asked, dns::over::udp);
    CHECK(larger.size() <= dns::udp_payload);
    CHECK(larger.size() > 512);
    CHECK(see(larger).truncated);
    const auto whole = see(zone.answer(asked, dns::over::tcp));
    CHECK_FALSE(whole.truncated);
    CHECK(whole.answers.size() == 100);
}

TEST_CASE("Without a zone there are only delegated names, and no addresses to be told") {
    own_zone_settings how;
    how.nameserver = "ns.example.net";
    how.ttl = 7;
    own_zone zone = zone_knowing({"one.test"}, how);
    REQUIRE(zone.add("_acme-challenge.one.test", "a"));
    CHECK(ask(zone, "_acme-challenge.one.test", "TXT").answers ==
          list{"_acme-challenge.one.test. 7 TXT \"a\""});
    CHECK(ask(zone, "ns.example.net", "A").code == LDNS_RCODE_REFUSED);
    CHECK(ask(zone, "one.test.acme.example.net", "TXT").code == LDNS_RCODE_REFUSED);
    CHECK(zone.apex_of("_x._acme-challenge.one.test") == "_acme-challenge.one.test");
    CHECK_FALSE(zone.apex_of("one.test.acme.example.net").has_value());
}

TEST_CASE("Settings that cannot be served are refused, the longest that can are not") {
    for (const auto& [nameserver, zone, address] :
         std::vector<std::array<std::string, 3>>{{"", "acme.example.net", ""},
                                                 {"ns..net", "", ""},
                                                 {"ns.example.net", "a..b", ""},
                                                 {"ns.example.net", "example.net", "nowhere"}}) {
        own_zone_settings how;
        how.nameserver = nameserver;
        how.zone = zone;
        if (!address.empty()) {
            how.addresses = {address};
        }
        CAPTURE(nameserver, zone, address);
        CHECK_FALSE(own_zone::make(how).has_value());
    }
    const std::string label(61, 'n');
    own_zone_settings how;
    how.nameserver = label + "." + label + "." + label + "." + label + ".test";
    own_zone zone = zone_knowing({"one.test", label + "." + how.nameserver}, how);
    CHECK(ask(zone, "_acme-challenge.one.test", "SOA").answers.size() == 1);
}

TEST_CASE("A hundred thousand names are known, and one is found at once") {
    std::vector<std::string> names;
    for (int i = 0; i < 100000; ++i) {
        names.push_back(fmt::format("host{}.example.org", i));
    }
    own_zone zone = zone_knowing(names);
    for (int i = 0; i < 100000; i += 97) {
        const auto got = ask(zone, fmt::format("_acme-challenge.host{}.example.org", i), "TXT");
        REQUIRE(got.code == LDNS_RCODE_NOERROR);
    }
    CHECK(ask(zone, "_acme-challenge.host100000.example.org", "TXT").code == LDNS_RCODE_REFUSED);
}

// The seeds of fuzz_dns_responder, for who has no libFuzzer.
TEST_CASE("The corpus of questions to our own zone") {
    own_zone zone = zone_knowing({"one.test"});
    REQUIRE(zone.add("_acme-challenge.one.test", "a"));
    int answered = 0;
    int seeds = 0;
    for (const auto& entry : std::filesystem::directory_iterator(EVERCERT_FUZZ_CORPUS "/dns_responder")) {
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string seed((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
        ++seeds;
        answered += see(zone.answer(seed, dns::over::udp)).answers.empty() ? 0 : 1;
        for (std::size_t i = 0; i < seed.size(); ++i) {
            auto changed = seed;
            changed[i] = static_cast<char>(changed[i] ^ 0xFF);
            CHECK(zone.answer(changed, dns::over::udp).size() <= dns::udp_payload);
        }
    }
    CHECK(seeds >= 8);
    CHECK(answered >= 4);
    CHECK(answered < seeds);
}
