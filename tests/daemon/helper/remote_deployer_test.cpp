// evercertd's side, against a socket that says what it is told to say. Real sockets, so real time.
#include "daemon/helper/remote_deployer.hpp"
#include "tests/daemon/deploy/bench.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <vector>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

using unix_socket = asio::local::stream_protocol::socket;

/// What the daemon does when it looks.
class recording_looks final : public server_deployer {
public:
    awaitable<result<void>> deploy(deployment_task task) override {
        seen.push_back(task.certificate);
        co_return outcome;
    }
    void configure(std::map<std::string, deployment> fresh) override { known = std::move(fresh); }
    awaitable<void> stop() override {
        stopped = true;
        co_return;
    }

    std::vector<std::string> seen;
    std::map<std::string, deployment> known;
    result<void> outcome;
    bool stopped = false;
};

struct remote_bench {
    remote_bench() {
        std::map<std::string, deployment> known{{"nginx", nginx()}, {"app", hook()}};
        auto looking = std::make_unique<recording_looks>();
        looks = looking.get();
        remote = make_remote_deployer(loop.get_executor(), events, folder / "sock", std::move(known),
                                      std::move(looking));
    }
    /// Answers each connection with `answer`; with `hold` it stays open.
    void listen(std::string answer, bool hold = false) {
        acceptor.emplace(loop, asio::local::stream_protocol::endpoint(folder / "sock"));
        asio::co_spawn(loop, accept(std::move(answer), hold), asio::detached);
    }
    awaitable<void> accept(std::string answer, bool hold) {
        for (;;) {
            unix_socket peer = co_await acceptor->async_accept(asio::use_awaitable);
            asio::co_spawn(loop, serve(std::move(peer), answer, hold), asio::detached);
        }
    }
    awaitable<void> serve(unix_socket peer, std::string answer, bool hold) {
        std::string line;
        co_await asio::async_read_until(peer, asio::dynamic_buffer(line, 300), '\n', asio::use_awaitable);
        asked.push_back(line);
        most_at_once = std::max(most_at_once, asked.size() - answered);
        co_await asio::async_write(peer, asio::buffer(answer), asio::use_awaitable);
        ++answered;
        if (hold) {
            held.push_back(std::move(peer));
        }
    }
    result<void> run(deployment_task task) {
        std::optional<result<void>> got;
        asio::co_spawn(loop, remote->deploy(std::move(task)),
                       [&](const std::exception_ptr& failure, result<void> outcome) {
                           got = failure ? fail(errc::internal, "threw") : std::move(outcome);
                       });
        loop.restart();
        while (!got && loop.run_one_for(seconds(20)) > 0) {
        }
        return got.value_or(fail(errc::internal, "never ended"));
    }

    temp_folder folder;
    asio::io_context loop;
    recorded_events events;
    recording_looks* looks = nullptr;
    std::unique_ptr<server_deployer> remote;
    std::optional<asio::local::stream_protocol::acceptor> acceptor;
    std::vector<std::string> asked;
    std::vector<unix_socket> held;
    std::size_t answered = 0;
    std::size_t most_at_once = 0;
};

deployment_task one() {
    return task_for("example", {"example.com"}, {"nginx"});
}

bool has(const result<void>& outcome, std::string_view part) {
    return !outcome && outcome.error().text().find(part) != std::string::npos;
}

} // namespace

TEST_CASE("A good answer is passed on and then seen for oneself") {
    remote_bench b;
    b.listen("{\"event\":\"deploy.reloaded\",\"level\":\"info\",\"message\":\"the server was reloaded\","
             "\"fields\":{\"deployment\":\"nginx\"}}\n"
             "{\"event\":\"deploy.outputs_written\",\"level\":\"info\",\"certificate\":\"forged\","
             "\"message\":\"m\"}\n{\"result\":\"ok\"}\n");
    CHECK(b.run(one()));
    CHECK(b.asked == std::vector<std::string>{"deploy example\n"});
    CHECK(b.looks->seen == std::vector<std::string>{"example"});
    REQUIRE(b.events.all.size() == 2);
    CHECK(b.events.all[0].id == "deploy.reloaded");
    CHECK(b.events.all[0].certificate.empty());
    CHECK(b.events.all[0].fields.front().second == "nginx");
    CHECK(b.events.all[1].certificate == "example"); // whatever it says
}

TEST_CASE("What the looking finds is the outcome") {
    remote_bench b;
    b.listen("{\"result\":\"ok\"}\n");
    b.looks->outcome = fail(errc::timed_out, "still the old one");
    CHECK(has(b.run(one()), "still the old one"));
}

TEST_CASE("A failure is told in the helper's words and nothing is looked at") {
    remote_bench b;
    b.listen(
        "{\"result\":\"failed\",\"code\":\"refused\",\"message\":\"the live set of example: expired\"}\n");
    const auto outcome = b.run(one());
    CHECK(has(outcome, "the live set of example: expired"));
    CHECK(outcome.error().code == errc::refused);
    CHECK(b.looks->seen.empty());
}

TEST_CASE("Nobody there names the socket and the mend") {
    remote_bench b;
    const auto none = b.run(one());
    CHECK(has(none, b.folder / "sock"));
    CHECK(has(none, "systemctl start evercert-deploy.socket"));
    CHECK(none.error().code == errc::network);
    {
        asio::local::stream_protocol::acceptor left(
            b.loop, asio::local::stream_protocol::endpoint(b.folder / "sock"));
    }
    CHECK(has(b.run(one()), "systemctl start evercert-deploy.socket"));
    CHECK(b.looks->seen.empty());
}

TEST_CASE("An answer that is none fails the deployment") {
    struct row {
        std::string answer;
        errc code;
    };
    for (const row& each : {row{"", errc::network}, row{"{\"result\":\"ok\"}", errc::network},
                            row{"nonsense\n", errc::protocol}, row{"\n", errc::protocol},
                            row{"{\"result\":\"perhaps\"}\n", errc::protocol},
                            row{std::string(70 * 1024, 'x'), errc::too_large},
                            row{std::string(70 * 1024, 'x') + "\n", errc::protocol},
                            row{std::string("\0\0\0\n", 4), errc::protocol}}) {
        CAPTURE(each.answer.substr(0, 50));
        remote_bench b;
        b.listen(each.answer);
        const auto outcome = b.run(one());
        REQUIRE_FALSE(outcome);
        CHECK((outcome.error().code == each.code ||
               (each.code == errc::protocol && outcome.error().code == errc::too_large)));
        CHECK(b.looks->seen.empty());
    }
    remote_bench endless;
    std::string events;
    while (events.size() < 1100 * 1024) {
        events += "{\"event\":\"deploy.tested\",\"level\":\"info\",\"message\":\"" + std::string(4000, 'm') +
                  "\"}\n";
    }
    endless.listen(events);
    CHECK(endless.run(one()).error().code == errc::too_large);
}

TEST_CASE("A helper that was just leaving is asked again, and not for ever") {
    remote_bench b;
    b.listen("");
    const auto outcome = b.run(one());
    CHECK(has(outcome, "hangs up without a word"));
    CHECK(b.asked.size() == 3);
}

TEST_CASE("Half an answer is waited for, but not past a stop") {
    remote_bench b;
    b.listen("{\"result\":", true);
    std::optional<result<void>> got;
    asio::co_spawn(b.loop, b.remote->deploy(one()),
                   [&](const std::exception_ptr&, result<void> outcome) { got = std::move(outcome); });
    b.loop.run_for(milliseconds(100));
    CHECK_FALSE(got);
    asio::co_spawn(b.loop, b.remote->stop(), asio::detached);
    b.loop.run_for(milliseconds(100));
    REQUIRE(got);
    CHECK(got->error().code == errc::cancelled);
    CHECK(b.looks->stopped);
    CHECK(b.run(one()).error().code == errc::cancelled);
}

TEST_CASE("Without deployments and outputs nobody is asked") {
    remote_bench b;
    CHECK(b.run(task_for("example", {"example.com"}, {})));
    CHECK(b.asked.empty());
}

TEST_CASE("A path that cannot be a socket is said") {
    recorded_events events;
    remote_bench b;
    b.remote = make_remote_deployer(b.loop.get_executor(), events, "/" + std::string(200, 'x'), {},
                                    std::make_unique<recording_looks>());
    CHECK(b.run(one()).error().code == errc::invalid_argument);
}

TEST_CASE("The deadline follows from the deployments' own") {
    const std::map<std::string, deployment> known{{"nginx", nginx()}, {"app", hook()}};
    CHECK(longest_exchange(task_for("a", {}, {"unknown"}), known, 9) == seconds(60));
    CHECK(longest_exchange(task_for("a", {}, {"nginx"}), known, 9) == seconds(60 + 4 * 50));
    CHECK(longest_exchange(task_for("a", {}, {"app"}), known, 0) == seconds(60 + 80));
    CHECK(longest_exchange(task_for("a", {}, {"nginx", "app"}), known, 9) == seconds(60 + 200 + 10 * 80));
}

TEST_CASE("A looking deployer runs no program, and one of programs looks at nothing") {
    for (const auto steps : {deploy_steps::programs, deploy_steps::looks}) {
        deploy_bench b;
        std::map<std::string, deployment> known{{"nginx", nginx()}, {"app", hook()}};
        auto probe = [&b](verify_target where, identifier name, milliseconds) {
            return scripted_server::handshake(&b.server, to_string(where) + " " + name.value);
        };
        b.deployer = make_deployer(b.loop.get_executor(), b.runner, b.time, b.events, std::move(known), probe,
                                   {}, steps);
        std::vector<std::shared_ptr<handed_in>> slips;
        for (int i = 0; i < 200; ++i) {
            slips.push_back(b.hand_in(task_for("c" + std::to_string(i), {"example"}, {"nginx"})));
        }
        const auto hooked = b.hand_in(task_for("h", {"example"}, {"app"}));
        REQUIRE(b.time.run_until(
            [&] {
                return hooked->outcome &&
                       std::ranges::all_of(slips, [](auto& s) { return s->outcome.has_value(); });
            },
            std::chrono::minutes(1)));
        CHECK(*hooked->outcome);
        if (steps == deploy_steps::programs) {
            CHECK(b.server.asked.empty());
            CHECK(b.runner.lines().size() == 3); // one test, one reload, one hook
            CHECK(b.events.count("deploy.verified") == 0);
        } else {
            CHECK(b.runner.lines().empty());
            CHECK(b.server.asked.size() == 200);
        }
    }
}
