#include "core/crypto/certificate.hpp"
#include "core/crypto/digest.hpp"
#include "solvers/tls_alpn01/tls_alpn01_solver.hpp"
#include "tests/solvers/listening_setup.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/tls_client.hpp"

#include <fmt/format.h>

#include <sys/socket.h>

using namespace evercert;
using namespace evercert::testing;
using asio::ip::tcp;

namespace {

struct setup : listening_setup<solvers::tls_alpn01_solver> {
    void make(std::vector<net::listen_address> listen) {
        solvers::tls_alpn01_settings settings;
        settings.listen = std::move(listen);
        solver = solvers::make_tls_alpn01_solver(loop.get_executor(), events, time, std::move(settings));
    }

    setup() { make({endpoint{"127.0.0.1", 0}}); }

    tls_outcome ask(const std::string& server_name, std::vector<std::string> protocols = {"acme-tls/1"}) {
        tls_plan plan(server_name);
        plan.protocols = std::move(protocols);
        tls_outcome out;
        auto step = [](tcp::endpoint to, tls_plan p, tls_outcome& o) -> awaitable<void> {
            o = co_await shake_hands(to, std::move(p));
        };
        run(step(place(), plan, out));
        loop.poll(); // what the solver still has to tell
        return out;
    }
    /// Whether the certificate for this task is shown, as the CA looks at it.
    bool proves(const std::string& server_name, const challenge_task& task) {
        const auto seen = ask(server_name);
        if (!seen.done || seen.protocol != "acme-tls/1") {
            return false;
        }
        const auto leaf = crypto::certificate::from_der(seen.certificate).value();
        const std::string proof =
            std::string("\x2b\x06\x01\x05\x05\x07\x01\x1f\x01\x01\xff\x04\x22\x04\x20") +
            crypto::sha256(task.key_authorization);
        return leaf.names() == std::vector{identifier{task.name.type, task.name.base()}} &&
               seen.certificate.find(proof) != std::string::npos && leaf.issued_by(leaf) &&
               leaf.not_before() < time.now() && time.now() < leaf.not_after();
    }

    fake_time time{loop};
};

constexpr int no_application_protocol = 120;
constexpr int unrecognized_name = 112;

} // namespace

TEST_CASE_METHOD(setup, "A name is proved from present to clean_up and not a moment longer") {
    REQUIRE(solver->open().has_value());
    CHECK(solver->challenge_type() == "tls-alpn-01");
    CHECK(ask("a.example").alert == unrecognized_name);
    const auto one = task("a.example", "tok");
    REQUIRE(present(one).has_value());
    CHECK(proves("a.example", one));
    CHECK(proves("A.EXAMPLE", one));
    CHECK(ask("a.example", {"h2", "acme-tls/1"}).alert == no_application_protocol);
    CHECK(ask("a.example", {}).alert == no_application_protocol);
    CHECK(ask("b.example").alert == unrecognized_name);
    clean_up(one);
    CHECK(ask("a.example").alert == unrecognized_name);
    clean_up(one);
}

TEST_CASE_METHOD(setup, "Addresses are asked for by their names in the reverse DNS") {
    REQUIRE(solver->open().has_value());
    const auto four = task("203.0.113.10", "t4");
    const auto six = task("2001:db8::1", "t6");
    const auto wild = task("*.w.example", "tw");
    REQUIRE(present(four).has_value());
    REQUIRE(present(six).has_value());
    REQUIRE(present(wild).has_value());
    CHECK(proves("10.113.0.203.in-addr.arpa", four));
    CHECK(proves("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.IP6.arpa", six));
    CHECK(proves("w.example", wild));
    CHECK(ask("203.0.113.10").alert == unrecognized_name);
    clean_up(four);
    CHECK(ask("10.113.0.203.in-addr.arpa").alert == unrecognized_name);
}

TEST_CASE_METHOD(setup, "Of two orders for one name the newest is answered, and then the other") {
    REQUIRE(solver->open().has_value());
    const auto older = task("a.example", "older");
    const auto newer = task("a.example", "newer");
    REQUIRE(present(older).has_value());
    REQUIRE(present(newer).has_value());
    REQUIRE(present(newer).has_value()); // an authorization that two orders share
    CHECK(proves("a.example", newer));
    clean_up(newer);
    CHECK(proves("a.example", newer));
    clean_up(newer);
    CHECK(proves("a.example", older));
    clean_up(older);
    CHECK(ask("a.example").alert == unrecognized_name);
}

TEST_CASE_METHOD(setup, "Certificates are dated by the time that the solver is given") {
    REQUIRE(solver->open().has_value());
    time.jump_wall(std::chrono::days(-4000));
    const auto one = task("a.example", "tok");
    REQUIRE(present(one).has_value());
    CHECK(proves("a.example", one));
}

TEST_CASE_METHOD(setup, "Who waits is told of each complete handshake, and never after clean_up") {
    REQUIRE(solver->open().has_value());
    int told = 0;
    int told_too = 0;
    const auto one = task("a.example", "t", [&] { ++told; });
    REQUIRE(present(one).has_value());
    CHECK(proves("a.example", one));
    CHECK(told == 1);
    ask("a.example");
    CHECK(told == 2);
    ask("a.example", {"h2"});
    ask("b.example");
    CHECK(told == 2);
    REQUIRE(present(task("a.example", "u", [&] { ++told_too; })).has_value());
    ask("a.example");
    CHECK(told == 2);
    CHECK(told_too == 1);
    clean_up(task("a.example", "u"));
    ask("a.example");
    CHECK(told == 3);
    CHECK(told_too == 1);

    // Half way through the handshake: then the order ends.
    const auto at = parse_endpoint(solver->addresses().at(0)).value();
    tcp::socket peer(loop);
    peer.connect(tcp::endpoint(asio::ip::make_address(at.address), at.port));
    tls_client client{tls_plan("a.example")};
    peer.send(asio::buffer(client.step({})));
    std::string space(16384, '\0');
    peer.non_blocking(true);
    boost::system::error_code ec = asio::error::would_block;
    std::size_t n = 0;
    for (int i = 0; i < 1000 && ec == asio::error::would_block; ++i) {
        loop.restart();
        loop.run_for(milliseconds(5));
        n = peer.read_some(asio::buffer(space), ec);
    }
    REQUIRE_FALSE(ec);
    const auto answer = client.step(std::string_view(space).substr(0, n));
    CHECK(client.outcome.done);
    clean_up(one);
    peer.send(asio::buffer(answer));
    CHECK(ask("a.example").alert == unrecognized_name);
    CHECK(told == 3);
}

TEST_CASE_METHOD(
    setup,
    "While no TLS listener is open present fails with the reason, and works again when the port is free") {
    CHECK(present(task("a.example", "t")).error().message.find("no tls-alpn-01 listener") !=
          std::string::npos);
    clean_up(task("a.example", "t"));
    tcp::acceptor holder(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto port = holder.local_endpoint().port();
    make({endpoint{"127.0.0.1", port}});
    const auto taken = solver->open();
    REQUIRE_FALSE(taken.has_value());
    CHECK(taken.error().code == errc::busy);
    CHECK(taken.error().message.starts_with("tls-alpn-01: "));
    CHECK(taken.error().message.find(fmt::format("port {} is taken by", port)) != std::string::npos);
    const auto refused = present(task("a.example", "t"));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error() == taken.error());
    clean_up(task("a.example", "t"));
    holder.close();
    const auto again = task("a.example", "u");
    REQUIRE(present(again).has_value());
    CHECK(proves("a.example", again));
    CHECK(solver->open().has_value());
}

TEST_CASE_METHOD(setup, "close frees the TLS port and open takes it again; no address at all is an error") {
    REQUIRE(solver->open().has_value());
    run(solver->close());
    CHECK(solver->addresses().empty());
    CHECK_FALSE(present(task("a.example", "t")).has_value());
    clean_up(task("a.example", "t"));
    REQUIRE(solver->open().has_value());
    CHECK(ask("a.example").alert == unrecognized_name);
    make({});
    const auto none = solver->open();
    CHECK(none.error().code == errc::invalid_argument);
    CHECK(none.error().message.find("give it `listen`") != std::string::npos);
}

TEST_CASE_METHOD(setup, "A listening socket that was passed in is used") {
    const int passed = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
    REQUIRE(::bind(passed, any.data(), static_cast<socklen_t>(any.size())) == 0);
    REQUIRE(::listen(passed, 10) == 0);
    make({net::passed_socket{passed}});
    REQUIRE(solver->open().has_value());
    const auto one = task("a.example", "tok");
    REQUIRE(present(one).has_value());
    CHECK(proves("a.example", one));
}
