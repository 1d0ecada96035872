// evercert-deploy's socket with peers of all kinds. Real sockets; deployments and their time are scripted.
#include "daemon/helper/server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include <deque>
#include <unistd.h>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

using unix_socket = asio::local::stream_protocol::socket;

class scripted_deployer final : public deployer {
public:
    scripted_deployer(time_source& time, event_relay& events) : time_(time), events_(events) {}
    awaitable<result<void>> deploy(deployment_task task) override {
        begun.push_back(task.certificate);
        struct leave {
            int& count;
            ~leave() { ++count; }
        };
        const leave at_exit{left};
        co_await sleep_for(time_, takes);
        event done{.id = "deploy.hook_ran",
                   .level = severity::info,
                   .certificate = task.certificate,
                   .message = "the hook ran",
                   .fields = {{"deployment", "app"}}};
        events_.emit(done);
        finished.push_back(task.certificate);
        co_return outcome;
    }

    milliseconds takes{0};
    result<void> outcome;
    std::vector<std::string> begun;
    std::vector<std::string> finished;
    int left = 0;

private:
    time_source& time_;
    event_relay& events_;
};

struct server_bench {
    explicit server_bench(deploy_limits limits = {}, unsigned uid = ::getuid()) {
        auto make = [this](std::string name) { return task(this, std::move(name)); };
        services = std::make_shared<deploy_services>(time, relay, deploys, make, uid, limits);
        server = std::make_unique<deploy_server>(loop.get_executor(), services);
        REQUIRE(server->listen(net::unix_endpoint{folder / "sock", 0600, ""}));
    }
    ~server_bench() {
        server.reset();
        time.run_ready();
    }
    static awaitable<result<deployment_task>> task(server_bench* self, std::string name) {
        if (self->check_takes.count() > 0) {
            co_await sleep_for(self->time, self->check_takes);
        }
        if (name == "unknown") {
            co_return fail(errc::not_found, "there is no certificate unknown");
        }
        deployment_task out;
        out.certificate = name;
        out.deployments = {"app"};
        co_return out;
    }
    std::shared_ptr<unix_socket> connect() {
        auto peer = std::make_shared<unix_socket>(loop);
        peer->connect(asio::local::stream_protocol::endpoint(folder / "sock"));
        return peer;
    }
    /// What a peer's kernel and the sessions' own deadlines need is real time.
    template <class Predicate>
    bool wait_until(Predicate done) {
        const auto give_up = std::chrono::steady_clock::now() + seconds(20);
        while (!done() && std::chrono::steady_clock::now() < give_up) {
            loop.restart();
            loop.run_one_for(milliseconds(100));
        }
        return done();
    }
    /// Sends `bytes` and reads to the end.
    std::string ask(const std::string& bytes) {
        const auto peer = connect();
        boost::system::error_code ec;
        asio::write(*peer, asio::buffer(bytes), ec);
        return read_all(peer);
    }
    std::string read_all(const std::shared_ptr<unix_socket>& peer) {
        std::string all;
        bool ended = false;
        auto read = [](std::shared_ptr<unix_socket> from, std::string& into, bool& done) -> awaitable<void> {
            std::array<char, 4096> part{};
            boost::system::error_code ec;
            while (!ec) {
                const auto got = co_await from->async_read_some(
                    asio::buffer(part), asio::redirect_error(asio::use_awaitable, ec));
                into.append(part.data(), got);
            }
            done = true;
        };
        asio::co_spawn(loop, read(peer, all, ended), asio::detached);
        time.run_until([&] { return ended; }, seconds(60));
        wait_until([&] { return ended; });
        return all;
    }

    temp_folder folder;
    asio::io_context loop;
    fake_time time{loop};
    recorded_events events;
    event_relay relay{events};
    scripted_deployer deploys{time, relay};
    milliseconds check_takes{0};
    std::shared_ptr<deploy_services> services;
    std::unique_ptr<deploy_server> server;
};

} // namespace

TEST_CASE("A request is done and answered with what happened") {
    server_bench b;
    CHECK(b.ask("deploy example\n") == "{\"event\":\"deploy.hook_ran\",\"level\":\"info\",\"certificate\":"
                                       "\"example\",\"message\":\"the hook "
                                       "ran\",\"fields\":{\"deployment\":\"app\"}}\n{\"result\":\"ok\"}\n");
    CHECK(b.deploys.finished == std::vector<std::string>{"example"});
    CHECK(b.events.count("deploy.refused") == 0);
    b.deploys.outcome = fail(errc::refused, "the reload failed");
    const std::string failed = b.ask("deploy example\n");
    CHECK(failed.find("\"result\":\"failed\",\"code\":\"refused\",\"message\":\"the reload failed\"") !=
          std::string::npos);
    CHECK(b.events.count("deploy.failed") == 1);
}

TEST_CASE("What is no request is refused and logged with its peer, and does nothing") {
    using namespace std::string_literals;
    server_bench b;
    std::size_t refused = 0;
    for (const std::string& bytes :
         {"\n"s, "deploy ../x\n"s, "deploy /etc/passwd\n"s, "revoke a\n"s, "deploy a\ndeploy b\n"s,
          "deploy unknown\n"s, "\0\0\0\n"s, std::string(300, 'a'), std::string(100000, 'b')}) {
        CAPTURE(bytes.substr(0, 40));
        const std::string said = b.ask(bytes);
        CHECK(said.starts_with("{\"result\":\"failed\""));
        CHECK(said.size() < 600);
        CHECK(b.events.count("deploy.refused") == ++refused);
        CHECK(b.events.last("deploy.refused")->fields.front().second.starts_with("unix uid="));
    }
    CHECK(b.deploys.begun.empty());
    CHECK(b.ask("deploy example\n").ends_with("{\"result\":\"ok\"}\n"));
}

TEST_CASE("A line may come in pieces") {
    server_bench b;
    const auto peer = b.connect();
    for (const char c : std::string("deploy example")) {
        asio::write(*peer, asio::buffer(&c, 1));
        b.time.run_ready();
    }
    CHECK(b.deploys.begun.empty());
    asio::write(*peer, asio::buffer("\n", 1));
    CHECK(b.read_all(peer).ends_with("{\"result\":\"ok\"}\n"));
}

TEST_CASE("A line that is not complete in time is not waited for") {
    deploy_limits limits;
    limits.request = milliseconds(50);
    server_bench b(limits);
    const auto half = b.connect();
    asio::write(*half, asio::buffer("deploy exam", 11));
    const auto silent = b.connect();
    const auto gone = b.connect();
    asio::write(*gone, asio::buffer("deploy e", 8));
    b.time.run_ready();
    gone->close();
    CHECK(b.wait_until([&] { return b.events.count("deploy.refused") == 3 && b.services->open == 0; }));
    CHECK(b.deploys.begun.empty());
}

TEST_CASE("Another user is refused whatever it says") {
    if (::getuid() == 0) {
        return; // root may; the integration suite asks as others
    }
    server_bench b({}, ::getuid() + 1);
    CHECK(b.ask("deploy example\n").find("\"code\":\"refused\"") != std::string::npos);
    CHECK(b.deploys.begun.empty());
}

TEST_CASE("Those who come together are let in together") {
    server_bench b;
    b.check_takes = milliseconds(100);
    std::deque<std::shared_ptr<unix_socket>> peers;
    for (int i = 0; i < 50; ++i) {
        peers.push_back(b.connect());
        asio::write(*peers.back(), asio::buffer("deploy c" + std::to_string(i) + "\n"));
        b.time.advance(milliseconds(1));
        CHECK(b.deploys.begun.empty());
    }
    b.time.advance(milliseconds(300));
    CHECK(b.deploys.begun.size() == 50);
    CHECK(b.deploys.finished.size() == 50);
}

TEST_CASE("A flood is turned away, told by its number, and those before it are served") {
    deploy_limits limits;
    limits.connections = 20;
    server_bench b(limits);
    b.deploys.takes = milliseconds(300);
    std::deque<std::shared_ptr<unix_socket>> peers;
    for (int i = 0; i < 100; ++i) {
        peers.push_back(b.connect());
        boost::system::error_code ec;
        asio::write(*peers.back(), asio::buffer("deploy c" + std::to_string(i) + "\n"), ec);
        b.time.advance(milliseconds(1));
    }
    std::size_t served = 0;
    std::size_t busy = 0;
    for (const auto& peer : peers) {
        const std::string said = b.read_all(peer);
        served += said.ends_with("{\"result\":\"ok\"}\n") ? 1 : 0;
        busy += said.find("\"code\":\"busy\"") != std::string::npos ? 1 : 0;
    }
    CHECK(served == 20);
    CHECK(busy == 80);
    CHECK(b.events.count("deploy.refused") == 0);
    b.services->refusals.tell(true);
    REQUIRE(b.events.count("deploy.flood") == 1);
    CHECK(b.events.last("deploy.flood")->fields.front().second == "80");
}

TEST_CASE("Who goes before its turn is not deployed for") {
    server_bench b;
    b.deploys.takes = seconds(30);
    auto gone = b.connect();
    asio::write(*gone, asio::buffer("deploy a\n", 9));
    auto talker = b.connect();
    asio::write(*talker, asio::buffer("deploy b\n", 9));
    b.time.advance(milliseconds(100));
    CHECK(b.deploys.begun.size() == 2);
    CHECK(b.deploys.left == 0);
    gone->close();
    asio::write(*talker, asio::buffer("deploy c\n", 9));
    b.time.advance(milliseconds(200));
    CHECK(b.deploys.left == 2);
    CHECK(b.deploys.finished.empty());
    CHECK(b.services->open == 0);
    CHECK(b.events.count("deploy.refused") == 1); // the one that went on talking
}

TEST_CASE("It is idle after the last connection, and a short one counts") {
    server_bench b;
    bool idle = false;
    auto wait = [](server_bench& bench, bool& done) -> awaitable<void> {
        co_await bench.server->wait_idle(milliseconds(300));
        done = true;
    };
    asio::co_spawn(b.loop, wait(b, idle), asio::detached);
    b.time.advance(milliseconds(200));
    CHECK(b.ask("deploy example\n").ends_with("{\"result\":\"ok\"}\n"));
    b.time.advance(milliseconds(200));
    CHECK_FALSE(idle);
    b.time.advance(milliseconds(300));
    CHECK(idle);
}

TEST_CASE("Draining waits for what was asked for, and for nobody else") {
    server_bench b;
    b.deploys.takes = milliseconds(200);
    const auto asked = b.connect();
    asio::write(*asked, asio::buffer("deploy a\n", 9));
    const auto silent = b.connect();
    b.time.advance(milliseconds(50));
    bool drained = false;
    auto drain = [](server_bench& bench, bool& done) -> awaitable<void> {
        co_await bench.server->drain();
        done = true;
    };
    asio::co_spawn(b.loop, drain(b, drained), asio::detached);
    CHECK(b.read_all(asked).ends_with("{\"result\":\"ok\"}\n"));
    b.time.advance(milliseconds(50));
    CHECK(drained);
}

TEST_CASE("A group's event is told once, to one of those who wait for it") {
    recorded_events log;
    event_relay relay(log);
    std::vector<std::string> heard;
    auto hear = [&](const std::string& who) {
        return [&heard, who](const event& what) { heard.push_back(who + " " + std::string(what.id)); };
    };
    const event_relay::subscription a(relay, "a", {"nginx"}, hear("a"));
    const event_relay::subscription b(relay, "b", {"nginx", "app"}, hear("b"));
    event group{
        .id = "deploy.reloaded", .level = severity::info, .certificate = {}, .message = "m", .fields = {}};
    group.fields = {{"deployment", "nginx"}};
    relay.emit(group);
    group.fields = {{"deployment", "app"}};
    relay.emit(group);
    group.fields = {{"deployment", "other"}};
    relay.emit(group);
    event single{
        .id = "deploy.hook_ran", .level = severity::info, .certificate = "b", .message = "m", .fields = {}};
    relay.emit(single);
    single.id = "internal.error";
    relay.emit(single);
    CHECK(heard == std::vector<std::string>{"a deploy.reloaded", "b deploy.reloaded", "b deploy.hook_ran"});
    CHECK(log.all.size() == 5);
}
