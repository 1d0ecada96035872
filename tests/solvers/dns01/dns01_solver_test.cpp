#include "solvers/dns01/dns01_solver.hpp"
#include "solvers/dns01/record_name.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"
#include "tests/support/scripted_dns.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

using namespace evercert;
using namespace evercert::solvers;

namespace {

struct provider_log {
    std::vector<std::string> calls;
    std::optional<error> add_fails;
    std::optional<error> remove_fails;
    bool wants_target = true;
    std::function<void(const txt_task&)> on_add;
};

class scripted_provider final : public dns_provider {
public:
    explicit scripted_provider(provider_log& log) : log_(log) {}
    awaitable<result<void>> add(txt_task task) override {
        log_.calls.push_back("add " + task.target + " " + task.value);
        if (log_.on_add) {
            log_.on_add(task);
        }
        co_return log_.add_fails ? result<void>(fail(*log_.add_fails)) : result<void>();
    }
    awaitable<result<void>> remove(txt_task task) override {
        log_.calls.push_back("remove " + task.target + " " + task.value);
        co_return log_.remove_fails ? result<void>(fail(*log_.remove_fails)) : result<void>();
    }
    [[nodiscard]] bool wants_target() const noexcept override { return log_.wants_target; }

private:
    provider_log& log_;
};

struct bench {
    asio::io_context loop{1};
    testing::fake_time time{loop};
    testing::recorded_events events;
    testing::scripted_dns dns;
    provider_log log;
    dns01_settings settings;

    bench() {
        dns.add("example.com", dns_type::soa, "ns.example.com");
        dns.add("example.com", dns_type::ns, "ns.example.com");
        dns.add("ns.example.com", dns_type::a, "192.0.2.1");
        log.on_add = [this](const txt_task& task) { dns.add(task.target, dns_type::txt, task.value); };
    }
    std::unique_ptr<solver> make() {
        return make_dns01_solver(std::make_unique<scripted_provider>(log), {dns, time, events}, settings);
    }
    result<void> run(awaitable<result<void>> work) {
        std::optional<result<void>> outcome;
        asio::co_spawn(loop, std::move(work), [&](std::exception_ptr e, result<void> r) {
            if (e) {
                std::rethrow_exception(e);
            }
            outcome = std::move(r);
        });
        REQUIRE(time.run_until([&] { return outcome.has_value(); }));
        return *outcome;
    }
    void clean(solver& from, challenge_task task) {
        bool done = false;
        asio::co_spawn(loop, from.clean_up(std::move(task)), [&](std::exception_ptr e) {
            if (e) {
                std::rethrow_exception(e);
            }
            done = true;
        });
        REQUIRE(time.run_until([&] { return done; }));
    }
};

challenge_task task(std::string key = "t.thumbprint") {
    challenge_task made(identifier{identifier::kind::dns, "example.com"}, "t", std::move(key));
    made.account_url = "https://example.com/acme/acct/ExampleAccount";
    return made;
}

const std::string name = "_acme-challenge.example.com";
const std::string value = record_value("t.thumbprint");

} // namespace

TEST_CASE("a record is made, seen everywhere, and taken away") {
    bench b;
    const auto solver = b.make();
    CHECK(solver->challenge_type() == "dns-01");
    REQUIRE(b.run(solver->present(task())));
    CHECK(b.log.calls.empty());
    REQUIRE(b.run(solver->wait_ready(task())));
    CHECK(b.log.calls == std::vector<std::string>{"add " + name + " " + value});
    b.clean(*solver, task());
    CHECK(b.log.calls.back() == "remove " + name + " " + value);
    CHECK(b.events.all.empty());
}

TEST_CASE("the record goes where aliases lead, if the provider wants that") {
    bench b;
    b.dns.add(name, dns_type::cname, "proofs.example.net");
    b.dns.add("example.net", dns_type::soa, "ns.example.com");
    b.dns.add("example.net", dns_type::ns, "ns.example.com");
    SECTION("it does") {
        const auto solver = b.make();
        REQUIRE(b.run(solver->present(task())));
        REQUIRE(b.run(solver->wait_ready(task())));
        b.clean(*solver, task());
        CHECK(b.log.calls == std::vector<std::string>{"add proofs.example.net " + value,
                                                      "remove proofs.example.net " + value});
    }
    SECTION("it follows them itself") {
        b.log.wants_target = false;
        b.settings.check = propagation_check::off;
        const auto solver = b.make();
        REQUIRE(b.run(solver->present(task())));
        REQUIRE(b.run(solver->wait_ready(task())));
        CHECK(b.log.calls.front() == "add " + name + " " + value);
    }
}

TEST_CASE("an account has a name of its own") {
    bench b;
    b.settings.per_account = true;
    const auto solver = b.make();
    CHECK(solver->challenge_type() == "dns-account-01");
    REQUIRE(b.run(solver->present(task())));
    REQUIRE(b.run(solver->wait_ready(task())));
    CHECK(b.log.calls.front() == "add _ujmmovf2vn55tgye." + name + " " + value);
}

TEST_CASE("servers that do not show the record") {
    bench b;
    b.log.on_add = nullptr;
    b.settings.patience = seconds(30);
    SECTION("enforce: the CA is not asked") {
        const auto solver = b.make();
        REQUIRE(b.run(solver->present(task())));
        const auto refused = b.run(solver->wait_ready(task()));
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::timed_out);
        CHECK(refused.error().text().find("ns.example.com") != std::string::npos);
    }
    SECTION("warn: it is, and that is said") {
        b.settings.check = propagation_check::warn;
        const auto solver = b.make();
        REQUIRE(b.run(solver->present(task())));
        CHECK(b.run(solver->wait_ready(task())));
        CHECK(b.events.count("dns.record_not_seen") == 1);
    }
    SECTION("off: nobody is asked but for aliases") {
        b.settings.check = propagation_check::off;
        const auto solver = b.make();
        REQUIRE(b.run(solver->present(task())));
        CHECK(b.run(solver->wait_ready(task())));
        CHECK(b.events.all.empty());
    }
}

TEST_CASE("what was tried is taken away, what was not is left alone") {
    bench b;
    const auto solver = b.make();
    SECTION("an add that failed") {
        b.log.add_fails = error(errc::refused, "no");
        REQUIRE(b.run(solver->present(task())));
        CHECK(!b.run(solver->wait_ready(task())));
        b.clean(*solver, task());
        CHECK(b.log.calls.back() == "remove " + name + " " + value);
    }
    SECTION("never tried") {
        REQUIRE(b.run(solver->present(task())));
        b.clean(*solver, task());
        b.clean(*solver, task("never.presented"));
        CHECK(b.log.calls.empty());
    }
    SECTION("shared by two orders") {
        REQUIRE(b.run(solver->present(task())));
        REQUIRE(b.run(solver->present(task())));
        REQUIRE(b.run(solver->wait_ready(task())));
        b.clean(*solver, task());
        CHECK(b.log.calls.size() == 1);
        b.clean(*solver, task());
        CHECK(b.log.calls.size() == 2);
    }
    SECTION("a removal that fails is told") {
        b.log.remove_fails = error(errc::timed_out, "silence");
        REQUIRE(b.run(solver->present(task())));
        REQUIRE(b.run(solver->wait_ready(task())));
        b.clean(*solver, task());
        CHECK(b.events.count("dns.record_left") == 1);
    }
}
