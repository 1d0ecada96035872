// What a CA would see at each address: redirects, other servers, hostile ones, and the way home.
#include "core/crypto/alpn_certificate.hpp"
#include "core/preflight/verdict.hpp"
#include "solvers/tls_alpn01/tls_alpn01_solver.hpp"
#include "tests/core/preflight/world.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

using namespace evercert;
using namespace evercert::testing;

namespace {

/// One scripted server in the place of everything on the port for http; our own solver only takes notes.
struct scripted_world : world {
    void answer(std::function<reply(const std::string& token)> what) {
        const std::size_t number = scripted.size();
        scripted.push_back(
            std::make_unique<scripted_server>(loop, std::nullopt, [this, what, number](auto, auto) {
                return what(token_in(scripted.at(number)->requests.back()));
            }));
        ports.http = scripted.back()->port();
        answers = {&by};
    }
    [[nodiscard]] std::string proof() const { return by.presented.at(0).key_authorization; }
    ~scripted_world() {
        run_for(loop, milliseconds(60)); // what still drips must find its server
    }

    staged_solver by{"http-01"};
    std::vector<std::unique_ptr<scripted_server>> scripted;
};

std::string moved(const std::string& to) {
    return "HTTP/1.1 302 Found\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n";
}

} // namespace

TEST_CASE_METHOD(scripted_world, "The body counts as it counts for a CA, without the space at its end") {
    struct row {
        std::string title;
        std::function<std::string(const std::string&)> body;
        std::string seen; ///< empty: it is well
    };
    const std::vector<row> rows = {
        {"exactly", [](const std::string& p) { return p; }, ""},
        {"with an end of line", [](const std::string& p) { return p + "\r\n \t\n"; }, ""},
        {"with space before", [](const std::string& p) { return " " + p; }, "something else"},
        {"the token alone", [](const std::string& p) { return p.substr(0, 43); }, "something else"},
        {"another key", [](const std::string& p) { return p.substr(0, 44) + "x"; }, "another account's key"},
        {"nothing", [](const std::string&) { return ""; }, "something else"},
        {"a page", [](const std::string&) { return "<html>\x1b[2J" + std::string(9000, 'x'); },
         "more than 4096"},
    };
    for (const row& each : rows) {
        INFO(each.title);
        by.presented.clear();
        by.cleaned.clear();
        answer([&](const std::string&) { return reply(ok(each.body(proof()), "Server: odd/1\r\n")); });
        const auto found = faults(examine());
        INFO(text_of(found));
        REQUIRE(found.size() == (each.seen.empty() ? 0 : 1));
        if (!each.seen.empty()) {
            CHECK(found[0].check == "reach");
            CHECK(holds(found[0].seen, each.seen));
            CHECK(holds(found[0].seen, "odd/1"));
            CHECK_FALSE(holds(found[0].seen, "\x1b"));
        }
        CHECK(by.cleaned.size() == 1);
    }
}

TEST_CASE_METHOD(scripted_world, "Servers without end, without manners or without haste are bounded") {
    struct row {
        std::string title;
        reply what;
        std::string seen;
    };
    const std::string head = "HTTP/1.1 200 OK\r\n";
    const std::vector<row> rows = {
        {"a body without end", reply(head + "\r\n" + std::string(1000, 'x'), reply::then::endless),
         "more than 4096"},
        {"a body of a terabyte", reply(head + "Content-Length: 1099511627776\r\n\r\nx", reply::then::hang),
         "no whole answer in time"},
        {"drop by drop", reply(head + std::string(4000, 'x'), reply::then::drip), "no whole answer in time"},
        {"headers without end", reply(head + std::string(1000, 'a') + ": b\r\n", reply::then::endless), ""},
        {"interim answers without end", reply("HTTP/1.1 100 Continue\r\n\r\n", reply::then::endless),
         "mean nothing"},
        {"no HTTP", reply("220 mail.test ESMTP\r\n", reply::then::close), "not valid HTTP"},
        {"nothing", reply("", reply::then::close), "closed the connection"},
        {"silence", reply("", reply::then::hang), "no whole answer in time"},
        {"half a body", reply(head + "Content-Length: 90\r\n\r\nhalf", reply::then::close),
         "closed the connection"},
        {"a redirect whose body has no end",
         reply("HTTP/1.1 301 x\r\nLocation: http://192.0.2.1/\r\n\r\n", reply::then::endless),
         "bare address"},
    };
    patience = milliseconds(1500);
    for (const row& each : rows) {
        INFO(each.title);
        answer([&](const std::string&) { return each.what; });
        const auto began = time.steady_now();
        const auto found = faults(examine());
        INFO(text_of(found));
        CHECK(time.steady_now() - began < seconds(3));
        REQUIRE(found.size() == 1);
        CHECK(found[0].check == "reach");
        CHECK(found[0].weight == finding_weight::trouble);
        CHECK(holds(found[0].seen, each.seen));
        CHECK(by.cleaned.size() == by.presented.size());
    }
}

TEST_CASE_METHOD(scripted_world, "Redirects are followed as far as a CA follows them") {
    struct row {
        std::string title;
        std::function<std::string(std::size_t turn, const std::string& token)> to;
        std::string seen; ///< empty: it is well
    };
    const auto path = [](const std::string& token) { return "/x/" + token; };
    const std::vector<row> rows = {
        {"to another path", [&](std::size_t, const std::string& t) { return path(t); }, ""},
        {"to another name that leads here",
         [&](std::size_t, const std::string& t) { return "http://alias.test" + path(t); }, ""},
        {"in a circle", [](std::size_t n, const std::string&) { return n % 2 == 0 ? "/a" : "/b"; },
         "in a circle"},
        {"without end", [](std::size_t n, const std::string&) { return "/" + std::to_string(n); },
         "no more than 10"},
        {"to another port", [](std::size_t, const std::string&) { return "http://one.test:8080/"; },
         "80 and 443"},
        {"to an address", [](std::size_t, const std::string&) { return "http://127.0.0.1/"; },
         "bare address"},
        {"to another scheme", [](std::size_t, const std::string&) { return "ftp://one.test/"; }, "http"},
        {"to a name that does not exist",
         [](std::size_t, const std::string&) { return "http://nowhere.test/"; }, "no address"},
        {"to https, where nobody is", [](std::size_t, const std::string&) { return "https://one.test/"; },
         "https://one.test/, where 127.0.0.1 says: connection refused"},
    };
    dns.add("alias.test", dns_type::cname, "one.test");
    for (const row& each : rows) {
        INFO(each.title);
        by.presented.clear();
        std::size_t turn = 0;
        std::string token;
        answer([&](const std::string& seen) {
            token = seen.empty() ? token : seen;
            const bool there = each.seen.empty() && turn > 0;
            const std::string bytes = there ? ok(proof()) : moved(each.to(turn, token));
            ++turn;
            return reply(bytes, reply::then::close);
        });
        const auto found = faults(examine());
        INFO(text_of(found));
        REQUIRE(found.size() == (each.seen.empty() ? 0 : 1));
        if (!each.seen.empty()) {
            CHECK(found[0].check == "reach");
            CHECK(holds(found[0].seen, each.seen));
        }
        CHECK(turn <= 11);
    }
}

TEST_CASE_METHOD(scripted_world, "A redirect to https with whatever certificate is followed") {
    const test_root root;
    scripted_server secure(loop, root.issue({"unlike.test"}, true),
                           [&](auto, auto) { return reply(ok(proof())); });
    ports.https = secure.port();
    answer([](const std::string& token) {
        return reply(moved("https://one.test/.well-known/acme-challenge/" + token));
    });
    const auto found = faults(examine());
    INFO(text_of(found));
    CHECK(found.empty());
    REQUIRE(secure.requests.size() == 1);
    CHECK(holds(secure.requests[0], "Host: one.test\r\n"));
}

TEST_CASE_METHOD(world, "The classic: what IPv4 shows, IPv6 does not, whatever is there") {
    dns.add("one.test", dns_type::aaaa, "::1");
    const auto found = faults(examine());
    INFO(text_of(found));
    REQUIRE(found.size() == 1);
    CHECK(holds(found[0].seen, "stale AAAA: connection refused"));
}

TEST_CASE_METHOD(world, "What IPv6 shows and IPv4 does not is no more than a doubt, as CAs prefer IPv6") {
    solvers::http01_settings settings;
    settings.listen = {endpoint{"::1", ports.http}};
    const auto six = solvers::make_http01_solver(loop.get_executor(), events, settings);
    REQUIRE(six->open().has_value());
    answers = {six.get()};
    dns.add("one.test", dns_type::aaaa, "::1");
    const auto found = faults(examine({"one.test"}));
    INFO(text_of(found));
    REQUIRE(found.size() == 1);
    CHECK(found[0].weight == finding_weight::unsure);
    CHECK(holds(found[0].looked_at, "at 127.0.0.1"));
    CHECK(holds(found[0].seen, "an evercertd"));
    CHECK(faults(examine({"::1"})).empty()); // an address proves itself
}

TEST_CASE_METHOD(world, "A solver that cannot present is named, and is cleaned up after") {
    staged_solver by("http-01");
    by.outcome = fail(errc::busy, "port 80 is taken by nginx (pid 7)");
    answers = {&by};
    const auto found = faults(examine());
    INFO(text_of(found));
    REQUIRE(found.size() == 1);
    CHECK(found[0].check == "solver");
    CHECK(holds(found[0].seen, "nginx (pid 7)"));
    CHECK(by.cleaned.size() == 1);
    by.outcome = {};
    by.ready = fail(errc::io, "the disk is away");
    CHECK(holds(faults(examine()).at(0).seen, "the disk is away"));
    CHECK(by.cleaned.size() == 2);
    answers.clear();
    CHECK(holds(faults(examine()).at(0).seen, "no configured challenge"));
}

TEST_CASE_METHOD(world, "tls-alpn-01 is looked at as a CA does it") {
    solvers::tls_alpn01_settings settings;
    settings.listen = {endpoint{"127.0.0.1", 0}};
    const auto alpn = solvers::make_tls_alpn01_solver(loop.get_executor(), events, time, settings);
    REQUIRE(alpn->open().has_value());
    ports.https = parse_endpoint(alpn->addresses().at(0)).value().port;
    SECTION("it answers, for names and for addresses") {
        answers = {alpn.get()};
        const auto all = examine({"one.test", "127.0.0.1"});
        INFO(text_of(all));
        CHECK(faults(all).empty());
        CHECK(std::count_if(all.begin(), all.end(), [](const finding& f) { return f.check == "reach"; }) ==
              2);
        CHECK(std::none_of(all.begin(), all.end(),
                           [](const finding& f) { return f.check == "caa" && f.name == "127.0.0.1"; }));
    }
    SECTION("both challenges are looked at where both may be used") {
        answers = {http01.get(), alpn.get()};
        const auto all = examine();
        INFO(text_of(all));
        CHECK(faults(all).empty());
        CHECK(std::count_if(all.begin(), all.end(), [](const finding& f) { return f.check == "reach"; }) ==
              2);
    }
    SECTION("another client answers") {
        staged_solver ours("tls-alpn-01");
        answers = {&ours};
        const challenge_task other(parse_identifier("one.test").value(), "other", "other.thumbprint");
        REQUIRE(run(loop, alpn->present(other)).has_value());
        const auto found = faults(examine());
        INFO(text_of(found));
        REQUIRE(found.size() == 1);
        CHECK(holds(found[0].seen, "another account's key"));
    }
    SECTION("an ordinary TLS server") {
        staged_solver ours("tls-alpn-01");
        answers = {&ours};
        const test_root root;
        scripted_server plain(loop, root.issue({"one.test"}), [](auto, auto) { return reply(); });
        ports.https = plain.port();
        const auto found = faults(examine());
        INFO(text_of(found));
        REQUIRE(found.size() == 1);
        CHECK(holds(found[0].seen, "knows no acme-tls/1"));
    }
    SECTION("nobody") {
        staged_solver ours("tls-alpn-01");
        answers = {&ours};
        ports.https = closed_port();
        const auto found = faults(examine());
        REQUIRE(found.size() == 1);
        CHECK(holds(found[0].change, "port 443"));
    }
}

TEST_CASE_METHOD(world, "Who cancels gets no findings, and nothing stays put up") {
    staged_solver by("http-01");
    by.hangs = true;
    answers = {&by};
    const auto looks = make();
    asio::cancellation_signal stop;
    bool ended = false;
    std::exception_ptr how;
    asio::co_spawn(loop, looks->examine(request({"one.test", "two.one.test"})),
                   asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e, std::vector<finding>) {
                       ended = true;
                       how = e;
                   }));
    REQUIRE(run_until(loop, [&] { return by.presented.size() == 1; }));
    stop.emit(asio::cancellation_type::terminal);
    REQUIRE(run_until(loop, [&] { return ended; }));
    CHECK_THROWS_AS(std::rethrow_exception(how), boost::system::system_error);
    CHECK(by.cleaned.size() == 1);
}

TEST_CASE_METHOD(world, "What this machine cannot see is not held against the name") {
    const preflight_parts parts(time, *random, dns, {});
    const auto asked = request({"one.test"});
    survey::inquiry in(asked, parts, dns, time.steady_now() + seconds(10));
    using kind = net::probe_error::kind;
    const auto told = [&](kind what, const std::string& address, milliseconds had) {
        survey::verdict out;
        out.address = address;
        survey::tell_failure(in, net::probe_error(what, "words"), 80, had, out);
        CHECK_FALSE(out.change.empty());
        return out.what;
    };
    CHECK(told(kind::no_way, "2001:db8::1", seconds(5)) == survey::verdict::kind::no_ipv6);
    CHECK(told(kind::no_way, "192.0.2.1", seconds(5)) == survey::verdict::kind::unconnected);
    CHECK(told(kind::silent, "192.0.2.1", seconds(5)) == survey::verdict::kind::unconnected);
    CHECK(told(kind::silent, "192.0.2.1", milliseconds(200)) == survey::verdict::kind::late);
    CHECK(told(kind::refused, "192.0.2.1", milliseconds(200)) == survey::verdict::kind::unconnected);
    CHECK(told(kind::garbage, "192.0.2.1", seconds(5)) == survey::verdict::kind::wrong);
    in.here.addresses = {asio::ip::make_address("2001:db8::9")};
    CHECK(told(kind::no_way, "2001:db8::1", seconds(5)) == survey::verdict::kind::unconnected);
}
