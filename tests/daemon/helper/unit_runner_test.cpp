// What systemd-run is asked, and what is made of how it ends.
#include "daemon/helper/unit_runner.hpp"
#include "tests/daemon/deploy/scripted.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

process_outcome exits(int code, std::string output = {}) {
    process_outcome out;
    out.exit_code = code;
    out.output = std::move(output);
    return out;
}

struct unit_bench {
    result<process_outcome> run(process_request request) {
        std::optional<result<process_outcome>> got;
        asio::co_spawn(loop, runner->run(std::move(request)),
                       [&](const std::exception_ptr& failure, result<process_outcome> outcome) {
                           got = failure ? fail(errc::cancelled, "threw") : std::move(outcome);
                       });
        time.run_until([&] { return got.has_value(); }, std::chrono::hours(1));
        return got.value_or(fail(errc::internal, "never ended"));
    }
    /// systemctl's answer to `show`; what else it is asked goes well.
    void shows(std::string properties) {
        inner.scripts["systemctl"] = [this, properties] {
            return inner.started.back().argv[1] == "show" ? exits(0, properties) : exits(0);
        };
    }
    [[nodiscard]] std::string unit() const {
        for (const std::string& word : inner.started.front().argv) {
            if (word.starts_with("--unit=")) {
                return word.substr(7);
            }
        }
        return "none";
    }

    asio::io_context loop;
    fake_time time{loop};
    scripted_runner inner{time};
    std::unique_ptr<random_source> random = make_seeded_random(1);
    std::unique_ptr<process_runner> runner = make_unit_runner(inner, *random);
};

bool holds(const std::vector<std::string>& argv, std::string_view word) {
    return std::find(argv.begin(), argv.end(), word) != argv.end();
}

} // namespace

TEST_CASE("A program becomes a unit that ends with all it started") {
    process_request request({"/usr/local/bin/hook", "$HOME", "a b", "--", "${X}$"});
    request.environment = {{"EVERCERT_NAMES", "a b $c"}};
    request.deadline = milliseconds(1500);
    const auto argv = unit_argv(request, "evercert-run-1.service");
    CHECK(argv.front() == "systemd-run");
    for (const char* word :
         {"--quiet", "--wait", "--pipe", "--unit=evercert-run-1.service", "--service-type=oneshot",
          "--property=KillMode=control-group", "--property=TimeoutStartSec=17s",
          "--property=TimeoutStopSec=5s", "--setenv=EVERCERT_NAMES=a b $c", "--setenv=LANG=C.UTF-8"}) {
        CAPTURE(word);
        CHECK(holds(argv, word));
    }
    const auto program = std::find(argv.begin(), argv.end(), "--");
    CHECK(std::vector<std::string>(program + 1, argv.end()) ==
          std::vector<std::string>{"/usr/local/bin/hook", "$$HOME", "a b", "--", "$${X}$$"});
}

TEST_CASE("A unit that ends well needs no second question") {
    unit_bench b;
    const auto outcome = b.run(process_request({"nginx", "-t"}));
    REQUIRE(outcome);
    CHECK(outcome->ok());
    REQUIRE(b.inner.started.size() == 1);
    CHECK(b.unit().starts_with("evercert-run-"));
    CHECK(b.inner.started.front().deadline == seconds(30));
    CHECK(b.inner.started.front().environment.empty());
    process_request told({"nginx", "-t"});
    told.input = "a line\n";
    b.run(std::move(told));
    CHECK(b.inner.started.back().input == "a line\n");
    CHECK(b.inner.started.back().argv != b.inner.started.front().argv); // no two units share a name
}

TEST_CASE("systemctl is run as it is") {
    unit_bench b;
    REQUIRE(b.run(process_request({"systemctl", "reload", "--", "nginx.service"})));
    REQUIRE(b.run(process_request({"/usr/bin/systemctl", "reload", "--", "nginx.service"})));
    CHECK(b.inner.lines() == std::vector<std::string>{"systemctl reload -- nginx.service",
                                                      "/usr/bin/systemctl reload -- nginx.service"});
}

TEST_CASE("How a unit ended is asked of the manager") {
    struct row {
        std::string properties;
        int code;
        int signal;
        bool timed_out;
    };
    for (const row& each : {row{"Result=exit-code\nExecMainCode=1\nExecMainStatus=3\n", 3, 0, false},
                            row{"ExecMainStatus=255\nExecMainCode=1\nResult=exit-code", 255, 0, false},
                            row{"Result=signal\nExecMainCode=2\nExecMainStatus=9\n", -1, 9, false},
                            row{"Result=core-dump\nExecMainCode=3\nExecMainStatus=11\n", -1, 11, false},
                            row{"Result=timeout\nExecMainCode=2\nExecMainStatus=15\n", -1, 15, true},
                            row{"Result=timeout\nExecMainCode=1\nExecMainStatus=0\n", -1, 0, true},
                            row{"Result=resources\nExecMainCode=1\nExecMainStatus=0\n", -1, 0, false}}) {
        CAPTURE(each.properties);
        unit_bench b;
        b.inner.scripts["systemd-run"] = [] { return exits(1, "what it said"); };
        b.shows(each.properties);
        const auto outcome = b.run(process_request({"hook"}));
        REQUIRE(outcome);
        CHECK(outcome->exit_code == each.code);
        CHECK(outcome->signal == each.signal);
        CHECK(outcome->timed_out == each.timed_out);
        CHECK_FALSE(outcome->ok());
        CHECK(outcome->output == "what it said");
        // A failed unit stays in the manager's memory until it is forgotten.
        CHECK(b.inner.lines().back() == "systemctl reset-failed -- " + b.unit());
    }
}

TEST_CASE("A unit that never came to be is systemd's failure") {
    for (const std::string properties :
         {"Result=success\nExecMainCode=0\nExecMainStatus=0\n", "", "nonsense"}) {
        unit_bench b;
        b.inner.scripts["systemd-run"] = [] { return exits(1, "Failed to connect to bus"); };
        b.shows(properties);
        const auto outcome = b.run(process_request({"hook"}));
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().text().find("Failed to connect to bus") != std::string::npos);
        CHECK(outcome.error().text().find("D-Bus") != std::string::npos);
    }
}

TEST_CASE("Without the manager's word systemd-run's own code counts") {
    unit_bench b;
    b.inner.scripts["systemd-run"] = [] { return exits(7); };
    b.inner.scripts["systemctl"] = []() -> result<process_outcome> { return fail(errc::not_found, "none"); };
    CHECK(b.run(process_request({"hook"})).value().exit_code == 7);
    b.inner.scripts["systemd-run"] = []() -> result<process_outcome> {
        return fail(errc::not_found, "there is no program systemd-run");
    };
    CHECK(b.run(process_request({"hook"})).error().code == errc::not_found);
}

TEST_CASE("At its deadline a unit is stopped by the manager") {
    unit_bench b;
    b.inner.scripts["systemd-run"] = [] {
        process_outcome late = exits(-1, "so far");
        late.signal = 15;
        late.timed_out = true;
        return late;
    };
    const auto outcome = b.run(process_request({"hook"}));
    REQUIRE(outcome);
    CHECK(outcome->timed_out);
    CHECK(outcome->output == "so far");
    CHECK(b.inner.lines()[1] == "systemctl stop -- " + b.unit());
    CHECK(b.inner.lines().back() == "systemctl reset-failed -- " + b.unit());
}

TEST_CASE("A cancelled program is stopped before the cancellation goes on") {
    unit_bench b;
    b.inner.takes = std::chrono::minutes(1);
    asio::cancellation_signal stop;
    bool threw = false;
    asio::co_spawn(b.loop, b.runner->run(process_request({"hook"})),
                   asio::bind_cancellation_slot(
                       stop.slot(), [&](const std::exception_ptr& failure, result<process_outcome>) {
                           threw = failure != nullptr;
                       }));
    b.time.advance(seconds(1));
    stop.emit(asio::cancellation_type::all);
    b.time.run_ready();
    CHECK_FALSE(threw);
    REQUIRE(b.inner.started.size() == 2);
    CHECK(b.inner.lines().back() == "systemctl stop -- " + b.unit());
    b.time.advance(std::chrono::minutes(3));
    CHECK(threw);
    CHECK(b.inner.lines().back() == "systemctl reset-failed -- " + b.unit());
}

TEST_CASE("A file that cannot be executed is told as such") {
    unit_bench b;
    b.inner.scripts["systemd-run"] = [] { return exits(1); };
    b.shows("Result=exit-code\nExecMainCode=1\nExecMainStatus=203\n");
    const auto outcome = b.run(process_request({"hook"}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == errc::not_found);
    CHECK(outcome.error().text().find("interpreter") != std::string::npos);
}

TEST_CASE("What a manager would not take as it is, is not tried") {
    unit_bench b;
    CHECK(b.run(process_request({"/opt/$x/hook"})).error().code == errc::invalid_argument);
    CHECK(b.inner.started.empty());
}
