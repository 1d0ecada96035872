#include "solvers/dns01/rfc2136.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scripted_dns.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <fstream>

using namespace evercert;
using namespace evercert::solvers;

namespace {

struct bench {
    testing::temp_folder folder;
    testing::scripted_dns dns;
    worker_pool workers{0, worker_pool::inline_work::at_once};
    rfc2136_settings settings;

    bench() {
        settings.server = endpoint{"192.0.2.53", 53};
        settings.key = secret_source::file(folder.path() + "/key");
        std::ofstream(folder.path() + "/key") << "hmac-sha512:k:c2VjcmV0\n";
        dns.add("example.com", dns_type::soa, "ns.example.com");
    }
    result<void> run(bool add, txt_task task) {
        const auto provider = make_rfc2136_provider(dns, workers, settings);
        asio::io_context loop(1);
        std::optional<result<void>> outcome;
        auto work = add ? provider->add(std::move(task)) : provider->remove(std::move(task));
        asio::co_spawn(loop, std::move(work), [&](std::exception_ptr e, result<void> r) {
            if (e) {
                std::rethrow_exception(e);
            }
            outcome = std::move(r);
        });
        loop.run();
        return *outcome;
    }
};

txt_task task() {
    txt_task made;
    made.domain = "a.example.com";
    made.record = made.target = "_acme-challenge.a.example.com";
    made.value = "value";
    return made;
}

const dns_update::text record{"_acme-challenge.a.example.com", "value", 0};

} // namespace

TEST_CASE("an update adds one value, and takes away that one") {
    bench b;
    REQUIRE(b.run(true, task()));
    REQUIRE(b.dns.updates.size() == 1);
    CHECK(b.dns.updates[0].zone == "example.com");
    CHECK(b.dns.updates[0].add == std::vector<dns_update::text>{record});
    CHECK(b.dns.updates[0].remove.empty());
    CHECK(b.dns.key_used == tsig_key{"k", tsig_key::algorithm::hmac_sha512, "secret"});
    CHECK(b.dns.asked.front() == "192.0.2.53:53 _acme-challenge.a.example.com");
    REQUIRE(b.run(false, task()));
    CHECK(b.dns.updates[1].add.empty());
    CHECK(b.dns.updates[1].remove == std::vector<dns_update::text>{record});
}

TEST_CASE("a zone that is configured is not looked for, and no key is no key") {
    bench b;
    b.settings.zone = "a.example.com";
    b.settings.key = secret_source();
    REQUIRE(b.run(true, task()));
    CHECK(b.dns.updates[0].zone == "a.example.com");
    CHECK(!b.dns.key_used);
    CHECK(b.dns.asked.size() == 1);
}

TEST_CASE("the zone of an SOA that is not above the name is not taken") {
    bench b;
    dns_record foreign;
    foreign.name = "ample.com";
    foreign.type = dns_type::soa;
    b.dns.at("_acme-challenge.a.example.com", dns_type::soa).authority.push_back(foreign);
    REQUIRE(b.run(true, task()));
    CHECK(b.dns.updates[0].zone == "example.com");
}

TEST_CASE("refusals say what to change") {
    struct row {
        dns_rcode code;
        std::string_view words;
    };
    const std::vector<row> table = {{dns_rcode::refused, "update-policy"},
                                    {dns_rcode::not_authorised, "does not accept the key"},
                                    {dns_rcode::bad_time, "clock"},
                                    {dns_rcode::not_zone, "is not in zone"},
                                    {dns_rcode::server_failure, "SERVFAIL"}};
    for (const row& r : table) {
        bench b;
        dns_answer answer;
        answer.code = r.code;
        b.dns.update_outcome = answer;
        const auto refused = b.run(true, task());
        REQUIRE(!refused);
        CAPTURE(refused.error().message);
        CHECK(refused.error().message.find(r.words) != std::string::npos);
    }
    bench open;
    open.settings.key = secret_source();
    dns_answer answer;
    answer.code = dns_rcode::refused;
    open.dns.update_outcome = answer;
    CHECK(open.run(true, task()).error().message.find("tsig_key_file") != std::string::npos);
}

TEST_CASE("a key that cannot be read, a zone that nobody has, a server that is silent") {
    bench b;
    std::ofstream(b.folder.path() + "/key") << "no key";
    CHECK(b.run(true, task()).error().message.find("/key") != std::string::npos);
    bench nowhere;
    txt_task other = task();
    other.target = "_acme-challenge.other.test";
    CHECK(nowhere.run(true, other).error().message.find("has no zone for _acme-challenge.other.test") !=
          std::string::npos);
    bench silent;
    silent.dns.update_outcome = fail(errc::timed_out, "no answer");
    CHECK(silent.run(true, task()).error().code == errc::timed_out);
    CHECK(silent.run(true, task()).error().message.find("example.com at 192.0.2.53:53") != std::string::npos);
}
