#include "daemon/outputs/output_deployer.hpp"
#include "tests/daemon/outputs/sets.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/recorded_events.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <filesystem>
#include <thread>

using namespace evercert;
using namespace evercert::testing;
using namespace evercert::daemon;
namespace fs = std::filesystem;

namespace {

/// Takes tasks, and may fail.
class scripted_deployer : public deployer {
public:
    awaitable<result<void>> deploy(deployment_task task) override {
        tasks.push_back(std::move(task));
        co_return answer;
    }
    std::vector<deployment_task> tasks;
    result<void> answer;
};

struct fixture {
    fixture() {
        task.certificate = "example";
        certificate_output output;
        output.directory = base / "{name}";
        output.formats = {output_format::fullchain, output_format::privkey};
        task.outputs.push_back(std::move(output));
        task.deployments = {"nginx"};
        live.number = 7;
        live.pairs.push_back(make_pair_of(key_type::ecdsa_p256));
    }
    result<void> deploy(unsigned threads = 0) {
        worker_pool workers(threads);
        output_parts parts{.inner = inner,
                           .live = [this](const deployment_task& what) -> live_reader {
                               asked_for = what.certificate;
                               return [this] { return trouble ? fail(*trouble) : read(); };
                           },
                           .workers = workers,
                           .events = events};
        const auto deployer = make_output_deployer(std::move(parts));
        asio::io_context loop;
        std::optional<result<void>> done;
        asio::co_spawn(loop, deployer->deploy(task),
                       [&](const std::exception_ptr& thrown, result<void> outcome) {
                           REQUIRE(!thrown);
                           done = std::move(outcome);
                       });
        loop.run();
        return done.value();
    }
    [[nodiscard]] result<storage::stored_version> read() const { return live; }
    temp_folder base;
    deployment_task task;
    storage::stored_version live;
    std::optional<error> trouble;
    std::string asked_for;
    scripted_deployer inner;
    recorded_events events;
};

} // namespace

TEST_CASE_METHOD(fixture, "outputs are written, then the rest is deployed") {
    REQUIRE(deploy(GENERATE(0U, 2U)));
    CHECK(asked_for == "example");
    CHECK(fs::exists(base / "example/fullchain.pem"));
    CHECK(fs::exists(base / "example/privkey.pem"));
    REQUIRE(inner.tasks.size() == 1);
    CHECK(inner.tasks.front().deployments == task.deployments);
    REQUIRE(events.count("deploy.outputs_written") == 1);
    const event& told = *events.last("deploy.outputs_written");
    CHECK(told.certificate == "example");
    CHECK(told.fields.at(0).second == "7");
    CHECK(told.fields.at(1).second == base / "example/fullchain.pem" + " " + base / "example/privkey.pem");
}

TEST_CASE_METHOD(fixture, "nothing is told when nothing had to be written") {
    REQUIRE(deploy());
    REQUIRE(deploy());
    CHECK(inner.tasks.size() == 2);
    CHECK(events.count("deploy.outputs_written") == 1);
    live.pairs.front() = make_pair_of(key_type::ecdsa_p256);
    REQUIRE(deploy());
    CHECK(events.count("deploy.outputs_written") == 2);
}

TEST_CASE_METHOD(fixture, "a task without outputs is passed on unread") {
    task.outputs.clear();
    REQUIRE(deploy());
    CHECK(asked_for.empty());
    CHECK(inner.tasks.size() == 1);
}

TEST_CASE_METHOD(fixture, "what cannot be read or written is not deployed") {
    SECTION("no live version") {
        trouble = error(errc::corrupted, "it is damaged");
        const auto outcome = deploy();
        CHECK(outcome.error().message == "the outputs cannot be written: it is damaged");
    }
    SECTION("no folder") {
        task.outputs.front().directory = base / "x/y";
        CHECK(deploy().error().code == errc::not_found);
    }
    SECTION("no password") {
        task.outputs.front().formats = {output_format::pkcs12};
        task.outputs.front().password_file = base / "missing";
        CHECK(deploy().error().message.contains(base / "missing"));
    }
    SECTION("no such user any more") {
        task.outputs.front().owner = "no-such-user";
        CHECK(deploy().error().message.contains("no-such-user"));
    }
    CHECK(inner.tasks.empty());
    CHECK(events.all.empty());
}

TEST_CASE_METHOD(fixture, "a deployment that fails is the caller's to undo, outputs follow") {
    REQUIRE(deploy());
    const storage::stored_version before = live;
    live.pairs.front() = make_pair_of(key_type::ecdsa_p256);
    inner.answer = fail(errc::refused, "nginx says no");
    CHECK(deploy().error().message == "nginx says no");
    live = before;
    inner.answer = {};
    REQUIRE(deploy());
    std::ifstream in(base / "example/privkey.pem");
    CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == before.pairs.front().key.to_pem().view());
}

TEST_CASE_METHOD(fixture, "two who come for the same certificate do not write at a time") {
    std::atomic<int> inside = 0;
    std::atomic<bool> together = false;
    const auto read_slowly = [&]() -> result<storage::stored_version> {
        ++inside;
        for (int i = 0; i < 100 && !together; ++i) {
            together = together || inside > 1;
            std::this_thread::sleep_for(milliseconds(1));
        }
        --inside;
        return live;
    };
    worker_pool workers(2);
    output_parts parts{.inner = inner,
                       .live = [&](const deployment_task&) -> live_reader { return read_slowly; },
                       .workers = workers,
                       .events = events};
    const auto deployer = make_output_deployer(std::move(parts));
    asio::io_context loop;
    const auto deploy_together = [&](const std::string& one, const std::string& other) {
        int good = 0;
        for (const std::string& name : {one, other}) {
            task.certificate = name;
            asio::co_spawn(
                loop, deployer->deploy(task),
                [&](const std::exception_ptr&, const result<void>& outcome) { good += outcome ? 1 : 0; });
        }
        loop.run();
        loop.restart();
        return good;
    };
    CHECK(deploy_together("example", "example") == 2);
    CHECK_FALSE(together);
    CHECK(events.count("deploy.outputs_written") == 1); // the second finds it done
    CHECK(deploy_together("example", "another") == 2);
    CHECK(together);
}
