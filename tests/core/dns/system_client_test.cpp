#include "core/dns/resolv_conf.hpp"
#include "core/dns/system_client.hpp"
#include "tests/core/dns/packets.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>

#include <filesystem>

using namespace evercert;
using namespace evercert::dns;
using namespace evercert::testing;

namespace {

struct bench {
    asio::io_context loop;
    std::unique_ptr<random_source> random = make_seeded_random(3);
    fake_time time{loop};

    std::unique_ptr<dns_client> client(std::vector<endpoint> resolvers) {
        client_settings settings;
        settings.resolvers = std::move(resolvers);
        settings.patience = milliseconds(200);
        settings.resolv_conf = "/nonexistent";
        return make_dns_client(loop.get_executor(), time, *random, settings);
    }
    result<dns_answer> resolve(dns_client& c, const std::string& name = "www.example.com") {
        return run(loop, c.resolve(dns_question(name, dns_type::txt)));
    }
};

udp_server::script answering(const std::string& value) {
    return [value](const std::string& q, const udp_server::send& send) {
        send(answer_to(q, {txt_record("www.example.com", 1, value).value()}));
    };
}
udp_server::script saying(dns_rcode code) {
    return [code](const std::string& q, const udp_server::send& send) { send(answer_to(q, {}, code)); };
}
void silence(const std::string&, const udp_server::send&) {}

} // namespace

TEST_CASE("resolv.conf as the C library reads it") {
    struct row {
        std::string text;
        std::vector<std::string> servers;
    };
    const std::vector<row> rows = {
        {"", {"127.0.0.1:53"}},
        {"nameserver 192.0.2.1\n", {"192.0.2.1:53"}},
        {"# x\n;nameserver 192.0.2.9\nsearch a b\nnameserver\t2001:db8::1 # y\r\n nameserver 192.0.2.2",
         {"[2001:db8::1]:53", "192.0.2.2:53"}},
        {"nameserver\nnameserver x\nnameservers 192.0.2.1\nnameserver192.0.2.1\nnameserver 192.0.2\n",
         {"127.0.0.1:53"}},
        {"nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n",
         {"192.0.2.1:53", "192.0.2.2:53", "192.0.2.3:53"}},
        {"nameserver fe80::1%1\n", {"[fe80::1%1]:53"}},
        {std::string("nameserver 192.0.2.1\0x\nnameserver 192.0.2.2", 43), {"192.0.2.1:53", "192.0.2.2:53"}},
    };
    for (const auto& r : rows) {
        INFO(r.text);
        std::vector<std::string> got;
        for (const auto& where : parse_resolv_conf(r.text)) {
            got.push_back(to_string(where));
        }
        CHECK(got == r.servers);
    }
}

TEST_CASE("resolv.conf is read anew when it changes, and may come and go") {
    const temp_folder folder;
    resolv_conf conf(folder / "resolv.conf");
    CHECK(conf.servers().at(0).address == "127.0.0.1");
    folder.write("resolv.conf", "nameserver 192.0.2.1\n");
    CHECK(conf.servers().at(0).address == "192.0.2.1");
    CHECK(conf.servers().at(0).address == "192.0.2.1");
    folder.write("other", "nameserver 192.0.2.2\n"); // of the same length, as rename puts it there
    std::filesystem::rename(folder / "other", folder / "resolv.conf");
    CHECK(conf.servers().at(0).address == "192.0.2.2");
    std::filesystem::remove(folder / "resolv.conf");
    CHECK(conf.servers().at(0).address == "127.0.0.1");
}

TEST_CASE("The next resolver is asked when one does not help") {
    bench b;
    udp_server silent(b.loop, silence);
    udp_server broken(b.loop, saying(dns_rcode::server_failure));
    udp_server refusing(b.loop, saying(dns_rcode::refused));
    udp_server good(b.loop, answering("yes"));
    udp_server never(b.loop, answering("no"));
    const auto c = b.client({silent.where(), broken.where(), refusing.where(), endpoint{"127.0.0.1", 1},
                             good.where(), never.where()});
    const auto got = b.resolve(*c);
    REQUIRE(got.has_value());
    CHECK(got->answers.at(0).value == "yes");
    CHECK_FALSE(silent.requests.empty());
    CHECK(refusing.requests.size() == 1);
    CHECK(never.requests.empty());
    const auto walked = walk_packet(good.requests.at(0)).value();
    CHECK(walked.flags == (flag::recursion_desired | flag::authentic_data));

    udp_server nothing(b.loop, saying(dns_rcode::name_error));
    const auto d = b.client({nothing.where(), good.where()});
    CHECK(b.resolve(*d).value().code == dns_rcode::name_error); // an answer like any
}

TEST_CASE("If no resolver helps, the first that answered is told of, else the first error") {
    bench b;
    udp_server silent(b.loop, silence);
    udp_server broken(b.loop, saying(dns_rcode::server_failure));
    udp_server refusing(b.loop, saying(dns_rcode::refused));
    const auto c = b.client({silent.where(), broken.where(), refusing.where()});
    CHECK(b.resolve(*c).value().code == dns_rcode::server_failure);
    const auto d = b.client({silent.where(), endpoint{"127.0.0.1", 1}});
    CHECK(b.resolve(*d).error().code == errc::timed_out);
    CHECK(b.resolve(*d, "a..b").error().code == errc::invalid_argument);
}

TEST_CASE("AD is what the resolver says") {
    bench b;
    udp_server server(b.loop, [](const std::string& q, const auto& send) {
        send(with_flags(answer_to(q, {}), flag::authentic_data, flag::authoritative));
    });
    const auto c = b.client({server.where()});
    CHECK(b.resolve(*c).value().authenticated);
    CHECK_FALSE(b.resolve(*c).value().authoritative);
}

TEST_CASE("Equal questions at the same time are asked once; who goes does not take it from the others") {
    bench b;
    std::vector<std::pair<std::string, udp_server::send>> open;
    udp_server server(
        b.loop, [&](const std::string& q, const udp_server::send& send) { open.emplace_back(q, send); });
    client_settings settings;
    settings.resolvers = {server.where()};
    settings.patience = seconds(5);
    const auto c = make_dns_client(b.loop.get_executor(), b.time, *b.random, settings);
    int answered = 0;
    int stopped = 0;
    asio::cancellation_signal stop;
    auto ended = [&](const std::exception_ptr& e, const result<dns_answer>& got) {
        stopped += e != nullptr ? 1 : 0;
        answered += e == nullptr && got.has_value() ? 1 : 0;
    };
    asio::co_spawn(b.loop, c->resolve(dns_question("www.example.com", dns_type::txt)),
                   asio::bind_cancellation_slot(stop.slot(), ended));
    asio::co_spawn(b.loop, c->resolve(dns_question("WWW.example.com.", dns_type::txt)), ended);
    asio::co_spawn(b.loop, c->resolve(dns_question("www.example.com", dns_type::a)), ended);
    const auto until = [&](auto done) {
        b.loop.restart();
        for (int i = 0; i < 100 && !done(); ++i) {
            b.loop.run_one_for(milliseconds(50));
        }
        return done();
    };
    REQUIRE(until([&] { return open.size() == 2; }));
    stop.emit(asio::cancellation_type::all);
    REQUIRE(until([&] { return stopped == 1; }));
    for (const auto& [q, send] : open) {
        send(answer_to(q, {}));
    }
    REQUIRE(until([&] { return answered == 2; }));
    CHECK(server.requests.size() == 2);
    // Afterwards it is asked anew.
    asio::co_spawn(b.loop, c->resolve(dns_question("www.example.com", dns_type::txt)), ended);
    REQUIRE(until([&] { return open.size() == 3; }));
    open[2].second(answer_to(open[2].first, {}));
    REQUIRE(until([&] { return answered == 3; }));
}

TEST_CASE("A question that nobody waits for any more is given up, and can be asked again") {
    bench b;
    udp_server server(b.loop, silence);
    client_settings settings;
    settings.resolvers = {server.where()};
    settings.patience = seconds(60);
    const auto c = make_dns_client(b.loop.get_executor(), b.time, *b.random, settings);
    for (int round = 0; round < 2; ++round) {
        asio::cancellation_signal stop;
        bool ended = false;
        auto end = [&](const std::exception_ptr& e, const result<dns_answer>&) { ended = e != nullptr; };
        const auto before = server.requests.size();
        asio::co_spawn(b.loop, c->resolve(dns_question("a", dns_type::a)),
                       asio::bind_cancellation_slot(stop.slot(), end));
        b.loop.restart();
        for (int i = 0; i < 100 && server.requests.size() == before; ++i) {
            b.loop.run_one_for(milliseconds(50));
        }
        CHECK(server.requests.size() > before);
        stop.emit(asio::cancellation_type::all);
        for (int i = 0; i < 100 && !ended; ++i) {
            b.loop.run_one_for(milliseconds(50));
        }
        CHECK(ended);
    }
}

TEST_CASE("ask goes to that server and does not ask for recursion") {
    bench b;
    udp_server server(b.loop, answering("here"));
    const auto c = b.client({});
    const auto got = run(b.loop, c->ask(server.where(), dns_question("www.example.com", dns_type::txt)));
    CHECK(got.value().answers.at(0).value == "here");
    CHECK(walk_packet(server.requests.at(0)).value().flags == 0);
    dns_update update("example.com");
    CHECK(run(b.loop, c->update(endpoint{"127.0.0.1", 1}, update, nullptr)).error().code == errc::network);
}
