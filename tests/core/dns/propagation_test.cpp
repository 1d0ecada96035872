#include "core/dns/propagation.hpp"
#include "tests/core/dns/packets.hpp"
#include "tests/core/dns/scripted_dns.hpp"
#include "tests/support/fake_clock.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>

using namespace evercert;
using namespace evercert::dns;
using namespace evercert::testing;

namespace {

const std::string name = "_acme-challenge.example.com";

struct bench {
    asio::io_context loop;
    fake_time time{loop};
    scripted_dns dns;

    bench() { dns.zone("example.com", {{"ns1.x", "192.0.2.1"}, {"ns2.x", "192.0.2.2"}}); }

    result<look> look_now() {
        return run(loop, look_everywhere(dns, "_ACME-challenge.example.com.", "want"));
    }

    /// Lets the fake clock run until it has ended.
    result<look> wait(milliseconds patience = seconds(30)) {
        std::optional<result<look>> out;
        wait_pace how;
        how.patience = patience;
        auto ended = [&](const std::exception_ptr& e, result<look> got) {
            REQUIRE(e == nullptr);
            out = std::move(got);
        };
        asio::co_spawn(loop, wait_until_everywhere(dns, time, name, "want", how), ended);
        REQUIRE(time.run_until([&] { return out.has_value(); }, std::chrono::hours(1)));
        return *out;
    }
};

scripted_dns::answer has(const std::vector<std::string>& values) {
    return scripted_dns::texts(name, values);
}
scripted_dns::answer silent() {
    return fail(errc::timed_out, "silent");
}

} // namespace

TEST_CASE("Each server's word is told apart") {
    struct row {
        const char* what;
        scripted_dns::answer answer;
        sight expected;
        bool ready; ///< beside a server that shows it
        const char* words;
    };
    auto lame = has({});
    lame->authoritative = false;
    auto forwarded = has({"want"});
    forwarded->authoritative = false;
    auto away = has({});
    away->answers.push_back(scripted_dns::record(name, dns_type::cname, "elsewhere.net"));
    auto gone = scripted_dns::code(dns_rcode::name_error);
    gone.authoritative = true;
    const std::vector<row> rows = {
        {"shows it", has({"old", "want"}), sight::shown, true, "shows the record"},
        {"shows it, as a forwarder", forwarded, sight::shown, true, "shows"},
        {"has another",
         has({"ol\x1b"
              "d"}),
         sight::others, false, "has another TXT record (\"ol\\x1bd\")"},
        {"an alias", away, sight::others, false, "alias to elsewhere.net"},
        {"nothing", has({}), sight::nothing, false, "does not have the record yet"},
        {"NXDOMAIN", gone, sight::nothing, false, "does not have the record yet"},
        {"lame", lame, sight::refuses, true, "lame"},
        {"SERVFAIL", scripted_dns::code(dns_rcode::server_failure), sight::refuses, true, "SERVFAIL"},
        {"REFUSED", scripted_dns::code(dns_rcode::refused), sight::refuses, true, "REFUSED"},
        {"garbage", fail(errc::protocol, "garbled"), sight::refuses, true, "garbled"},
        {"silent", silent(), sight::silent, true, "did not answer in time"},
        {"no way there", fail(errc::network, "no route"), sight::unreachable, true,
         "cannot be reached from here: no route"},
    };
    for (const auto& r : rows) {
        INFO(r.what);
        bench b;
        b.dns.server("192.0.2.1", name, {has({"want"})});
        b.dns.server("192.0.2.2", name, {r.answer});
        const auto got = b.look_now();
        REQUIRE(got.has_value());
        CHECK(got->zone == "example.com");
        REQUIRE(got->sightings.size() == 2);
        CHECK(to_string(got->sightings[0].what) == "shown");
        CHECK(to_string(got->sightings[1].what) == to_string(r.expected));
        CHECK(got->sightings[1].words.find("ns2.x (192.0.2.2:53) ") == 0);
        CHECK(got->sightings[1].words.find(r.words) != std::string::npos);
        CHECK(got->everywhere() == r.ready);
        CHECK(got->words().find(r.words) != std::string::npos);
    }
}

TEST_CASE("A server without an address, or only one that cannot be reached, is not one that shows the wrong "
          "thing") {
    bench b;
    b.dns.zone("example.com", {{"ns1.x", "192.0.2.1"}, {"ns4.x", ""}, {"ns3.x", ""}});
    b.dns.set("ns3.x", dns_type::aaaa,
              scripted_dns::says({scripted_dns::record("ns3.x", dns_type::aaaa, "2001:db8::3")}));
    b.dns.server("2001:db8::3", name, {fail(errc::network, "Network is unreachable")});
    b.dns.server("192.0.2.1", name, {has({"want"})});
    const auto got = b.look_now();
    REQUIRE(got.has_value());
    CHECK(got->everywhere());
    CHECK(got->words() == "ns3.x ([2001:db8::3]:53) cannot be reached from here: Network is unreachable; "
                          "ns4.x cannot be asked: it has no address; "
                          "ns1.x (192.0.2.1:53) shows the record");
}

TEST_CASE("If none of the servers can be heard, the resolver is asked") {
    bench b;
    b.dns.set(name, dns_type::txt,
              scripted_dns::says({scripted_dns::record("elsewhere.net", dns_type::txt, "want")}));
    auto got = b.look_now();
    REQUIRE(got.has_value());
    CHECK(got->everywhere());
    CHECK(got->words().find("the resolver shows the record") != std::string::npos);
    b.dns.set(name, dns_type::txt, scripted_dns::says({}));
    got = b.look_now();
    CHECK_FALSE(got->everywhere());
    b.dns.server("192.0.2.1", name, {scripted_dns::code(dns_rcode::refused)});
    got = b.look_now();
    CHECK(got->words().find("resolver") == std::string::npos); // somebody was heard
    CHECK_FALSE(got->everywhere());
}

TEST_CASE("Waiting ends when all have it") {
    bench b;
    b.dns.server("192.0.2.1", name, {has({}), has({"want"})});
    b.dns.server("192.0.2.2", name, {has({"old"}), has({"old"}), has({"old"}), has({"old", "want"})});
    const auto start = b.time.steady_now();
    const auto got = b.wait();
    REQUIRE(got.has_value());
    CHECK(got->everywhere());
    CHECK(b.time.steady_now() - start == seconds(6));
}

TEST_CASE("A server that was heard without the record is waited for though it falls silent") {
    bench b;
    b.dns.server("192.0.2.1", name, {has({"want"}), silent()});
    b.dns.server("192.0.2.2", name, {has({}), silent(), silent(), has({"want"})});
    const auto start = b.time.steady_now();
    CHECK(b.wait().value().everywhere());
    CHECK(b.time.steady_now() - start == seconds(6));
}

TEST_CASE("Patience ends with all that was seen") {
    bench b;
    b.dns.server("192.0.2.1", name, {has({"want"})});
    b.dns.server("192.0.2.2", name, {has({"old"})});
    const auto start = b.time.steady_now();
    const auto got = b.wait();
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().code == errc::timed_out);
    CHECK(got.error().message.find("ns2.x (192.0.2.2:53) has another TXT record (\"old\")") !=
          std::string::npos);
    CHECK(got.error().message.find("after 30s") != std::string::npos);
    CHECK(b.time.steady_now() - start == seconds(30));
}

TEST_CASE("Servers that cannot be found at first are looked for again, and told of if never") {
    bench b;
    const auto good = b.dns.resolver[{"example.com", dns_type::ns}].front();
    b.dns.resolver[{"example.com", dns_type::ns}] = {silent(), scripted_dns::code(dns_rcode::server_failure),
                                                     good};
    b.dns.server("192.0.2.1", name, {has({"want"})});
    b.dns.server("192.0.2.2", name, {has({"want"})});
    CHECK(b.wait().has_value());
    b.dns.resolver[{"example.com", dns_type::ns}] = {scripted_dns::code(dns_rcode::server_failure)};
    const auto got = b.wait();
    CHECK(got.error().code == errc::refused);
    CHECK(got.error().message.find("SERVFAIL") != std::string::npos);
    CHECK(run(b.loop, look_everywhere(b.dns, "a..b", "x")).error().code == errc::invalid_argument);
}

TEST_CASE("Waiting can be cancelled") {
    bench b;
    b.dns.server("192.0.2.1", name, {has({})});
    asio::cancellation_signal stop;
    bool ended = false;
    auto end = [&](const std::exception_ptr& e, const result<look>&) { ended = e != nullptr; };
    asio::co_spawn(b.loop, wait_until_everywhere(b.dns, b.time, name, "want", wait_pace()),
                   asio::bind_cancellation_slot(stop.slot(), end));
    b.time.run_ready();
    CHECK(b.time.waiting() == 1);
    stop.emit(asio::cancellation_type::all);
    b.time.run_ready();
    CHECK(ended);
    CHECK(b.time.waiting() == 0);
}
