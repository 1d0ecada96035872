// The whole solver: a real listener, and a DNS that says what a test wants.
#include "solvers/dns01/record_name.hpp"
#include "solvers/dns_self/self_solver.hpp"
#include "tests/solvers/dns_self/packets.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"
#include "tests/support/scripted_dns.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <optional>
#include <sys/socket.h>

using namespace evercert;
using namespace evercert::solvers;
using namespace evercert::testing;
using asio::ip::udp;

namespace {

struct bench {
    asio::io_context loop{1};
    fake_time time{loop};
    recorded_events events;
    scripted_dns dns;
    std::unique_ptr<random_source> random = make_seeded_random(1);
    self_settings settings;
    std::unique_ptr<self_solver> solver;

    bench() {
        settings.listen = {endpoint{"127.0.0.1", 0}};
        settings.zone.nameserver = "ns.acme.example.net";
        settings.zone.zone = "acme.example.net";
        settings.zone.addresses = {"192.0.2.1"};
        settings.proof.patience = seconds(4);
        settings.proof.pace = seconds(2);
        dns.add("one.test", dns_type::soa, "ns.one.test");
        dns.add("one.test", dns_type::ns, "ns.one.test");
        dns.add("ns.one.test", dns_type::a, "192.0.2.5");
        dns.add("ns.acme.example.net", dns_type::a, "192.0.2.1");
    }
    ~bench() {
        solver.reset();
        loop.restart();
        loop.poll();
    }
    bench(const bench&) = delete;
    bench& operator=(const bench&) = delete;

    void make() {
        auto made = make_self_solver(loop.get_executor(), {dns, time, events}, *random, settings);
        REQUIRE(made.has_value());
        solver = std::move(*made);
    }
    /// The DNS has this zone, with us as its server.
    void delegate(const std::string& zone) {
        dns.add(zone, dns_type::soa, "ns.acme.example.net");
        dns.add(zone, dns_type::ns, "ns.acme.example.net");
    }
    /// Everybody sees the value there.
    void show(const std::string& name, const challenge_task& task) {
        dns.add(name, dns_type::txt, record_value(task.key_authorization));
    }

    template <class Task>
    void run(Task task) {
        bool done = false;
        asio::co_spawn(loop, std::move(task), [&](std::exception_ptr e, auto&&...) {
            done = true;
            if (e) {
                std::rethrow_exception(e);
            }
        });
        REQUIRE(time.run_until([&] { return done; }, std::chrono::minutes(10)));
    }
    static awaitable<void> keep(awaitable<result<void>> task, result<void>& into) {
        into = co_await std::move(task);
    }

    result<void> present(const challenge_task& task) {
        result<void> out = fail(errc::internal, "never ran");
        run(keep(solver->present(task), out));
        return out;
    }
    result<void> prove(const challenge_task& task) {
        result<void> out = present(task);
        if (out) {
            run(keep(solver->wait_ready(task), out));
        }
        return out;
    }
    void clean_up(const challenge_task& task) { run(solver->clean_up(task)); }

    seen_answer ask(const std::string& name, const std::string& type = "TXT") {
        const std::string where = solver->addresses().at(0);
        const auto at = parse_endpoint(where.substr(0, where.size() - 4)).value();
        udp::socket socket(loop, udp::v4());
        socket.connect(udp::endpoint(asio::ip::make_address(at.address), at.port));
        socket.send(asio::buffer(ask_for(name, type)));
        std::string answer(4096, '\0');
        ssize_t size = -1;
        for (int i = 0; i < 1000 && size < 0; ++i) {
            loop.restart();
            loop.run_one_for(milliseconds(5));
            size = ::recv(socket.native_handle(), answer.data(), answer.size(), MSG_DONTWAIT);
        }
        REQUIRE(size > 0);
        answer.resize(static_cast<std::size_t>(size));
        return see(answer);
    }
};

challenge_task task(const std::string& name, const std::string& token = "token") {
    challenge_task made(parse_identifier(name).value(), token, token + ".thumbprint");
    made.account_url = "https://ca.test/account/1";
    return made;
}

bool has(const result<void>& outcome, std::string_view words) {
    return !outcome && outcome.error().text().find(words) != std::string::npos;
}

} // namespace

TEST_CASE("A name that is delegated by NS is proven, wildcard and base at once") {
    bench b;
    b.delegate("_acme-challenge.one.test");
    b.make();
    REQUIRE(b.solver->open());
    CHECK(b.solver->challenge_type() == "dns-01");
    CHECK(b.solver->remembered());
    const auto base = task("one.test", "a");
    const auto wild = task("*.one.test", "b");
    b.show("_acme-challenge.one.test", base);
    b.show("_acme-challenge.one.test", wild);
    CHECK(b.prove(base));
    CHECK(b.prove(wild));
    CHECK(b.ask("_acme-challenge.one.test").answers.size() == 2);
    b.clean_up(base);
    CHECK(b.ask("_acme-challenge.one.test").answers ==
          std::vector<std::string>{"_acme-challenge.one.test. 0 TXT \"" +
                                   record_value(wild.key_authorization) + "\""});
    b.clean_up(wild);
    CHECK(b.ask("_acme-challenge.one.test").code == LDNS_RCODE_REFUSED);
    b.solver->know({"one.test"});
    CHECK(b.ask("_acme-challenge.one.test").code == LDNS_RCODE_NOERROR);
    CHECK(b.events.all.empty());
}

TEST_CASE("A name with a CNAME into the zone is proven") {
    bench b;
    b.delegate("acme.example.net");
    b.dns.add("_acme-challenge.one.test", dns_type::cname, "one.test.acme.example.net");
    dns_record above;
    above.name = "acme.example.net";
    above.type = dns_type::soa;
    b.dns.at("one.test.acme.example.net", dns_type::soa).authority.push_back(above);
    b.make();
    REQUIRE(b.solver->open());
    const auto base = task("one.test");
    b.show("one.test.acme.example.net", base);
    CHECK(b.prove(base));
    CHECK(b.ask("one.test.acme.example.net").answers.size() == 1);
    b.clean_up(base);
    CHECK(b.ask("one.test.acme.example.net").answers.empty());
}

TEST_CASE("dns-account-01 has its name below the delegated one") {
    bench b;
    b.settings.proof.per_account = true;
    b.delegate("_acme-challenge.one.test");
    b.make();
    REQUIRE(b.solver->open());
    CHECK(b.solver->challenge_type() == "dns-account-01");
    const auto base = task("one.test");
    const std::string record = account_record(base.name, base.account_url);
    b.show(record, base);
    CHECK(b.prove(base));
    CHECK(b.ask(record).answers.size() == 1);
}

TEST_CASE("A delegation that is missing is told with the records to add, before anybody waits") {
    bench b;
    b.make();
    REQUIRE(b.solver->open());
    const auto missing = b.prove(task("*.one.test"));
    CHECK(has(missing,
              "_acme-challenge.one.test is not delegated to evercert: the zone one.test answers for it"));
    CHECK(has(missing, "\"_acme-challenge.one.test. NS ns.acme.example.net.\""));
    CHECK(has(missing, "\"_acme-challenge.one.test. CNAME one.test.acme.example.net.\""));
    CHECK(has(missing,
              "\"acme.example.net. NS ns.acme.example.net.\" and \"ns.acme.example.net. A 192.0.2.1\""));
    CHECK(has(missing, "UDP and TCP port 53 of ns.acme.example.net"));
    b.clean_up(task("*.one.test"));

    b.dns.add("_acme-challenge.one.test", dns_type::cname, "proof.other.test");
    const auto away = b.prove(task("one.test"));
    CHECK(has(away, "_acme-challenge.one.test is an alias of proof.other.test, which is in no zone"));

    bench account;
    account.settings.proof.per_account = true;
    account.settings.zone.zone.clear();
    account.settings.zone.addresses.clear();
    account.make();
    REQUIRE(account.solver->open());
    const auto no_zone = account.prove(task("one.test"));
    CHECK(has(no_zone, "\"_acme-challenge.one.test. NS ns.acme.example.net.\""));
    CHECK_FALSE(has(no_zone, "CNAME"));
}

TEST_CASE("A name server that nobody reaches is told as such") {
    bench b;
    b.dns.at("_acme-challenge.one.test", dns_type::cname).code = dns_rcode::server_failure;
    b.make();
    REQUIRE(b.solver->open());
    const auto broken = b.prove(task("one.test"));
    CHECK(has(broken, "SERVFAIL"));
    CHECK(has(broken, "have to lead to this daemon"));

    bench unseen; // the delegation is there, and the value is not seen
    unseen.delegate("_acme-challenge.one.test");
    unseen.make();
    REQUIRE(unseen.solver->open());
    const auto late = unseen.prove(task("one.test"));
    CHECK(has(late, "ns.acme.example.net (192.0.2.1:53) does not have the record yet"));
}

TEST_CASE("Without the check the CA is asked, whatever the DNS says") {
    bench b;
    b.settings.proof.check = propagation_check::off;
    b.make();
    REQUIRE(b.solver->open());
    CHECK(b.prove(task("one.test")));
    CHECK(b.ask("_acme-challenge.one.test").answers.size() == 1);
}

TEST_CASE("A port that is taken is an error of every proof, until it is free") {
    asio::io_context other;
    udp::socket taken(other, udp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    bench b;
    b.settings.proof.check = propagation_check::off;
    b.settings.listen = {endpoint{"127.0.0.1", taken.local_endpoint().port()}};
    b.make();
    CHECK(has(b.solver->open(), "dns-01: cannot listen on 127.0.0.1:"));
    CHECK(has(b.prove(task("one.test")), "UDP port"));
    b.clean_up(task("one.test"));
    taken.close();
    CHECK(b.prove(task("one.test")));
    CHECK(b.solver->addresses().size() == 2);
    b.run(b.solver->close());
    CHECK(b.solver->addresses().empty());
    CHECK_FALSE(b.present(task("two.test")).has_value());
}

TEST_CASE("From systemd both kinds of sockets are wanted") {
    asio::io_context other;
    udp::socket datagrams(other, udp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    bench b;
    b.settings.listen = {net::passed_socket{datagrams.release()}};
    b.make();
    CHECK(has(b.solver->open(), "got no TCP socket from systemd"));
}

TEST_CASE("Settings that cannot be served make no solver") {
    bench b;
    b.settings.zone.nameserver = "ns..net";
    CHECK_FALSE(make_self_solver(b.loop.get_executor(), {b.dns, b.time, b.events}, *b.random, b.settings)
                    .has_value());
}
