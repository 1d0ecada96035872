#include "core/dns/exchange.hpp"
#include "tests/core/dns/packets.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/steady_timer.hpp>

#include <set>

using namespace evercert;
using namespace evercert::dns;
using namespace evercert::testing;

namespace {

constexpr milliseconds patience{400};

struct bench {
    asio::io_context loop;
    std::unique_ptr<random_source> random = make_seeded_random(7);

    result<dns_answer> ask(const endpoint& server, dns_type type = dns_type::txt,
                           question_options how = question_options(false)) {
        return run(loop, exchange(server, dns_question("www.example.com", type), how, *random, patience));
    }
};

std::vector<reply_record> one_text(const std::string& value = "hello") {
    return {txt_record("www.example.com", 1, value).value()};
}

std::string upper_question(std::string packet) {
    for (std::size_t i = 12; i < 12 + 17; ++i) {
        packet[i] = packet[i] >= 'a' && packet[i] <= 'z' ? static_cast<char>(packet[i] - 32) : packet[i];
    }
    return packet;
}

} // namespace

TEST_CASE("A question and its answer, over IPv4 and IPv6, each from a port of its own") {
    bench b;
    for (const auto* address : {"127.0.0.1", "::1"}) {
        std::optional<udp_server> server;
        try {
            server.emplace(
                b.loop, [](const std::string& q, const auto& send) { send(answer_to(q, one_text())); },
                address);
        } catch (const boost::system::system_error&) {
            WARN("this machine has no address " << address);
            continue;
        }
        std::set<std::string> ids;
        for (int i = 0; i < 8; ++i) {
            const auto got = b.ask(server->where());
            REQUIRE(got.has_value());
            CHECK(got->answers.at(0).value == "hello");
            CHECK(got->authoritative);
            ids.insert(server->requests.back().substr(0, 2));
        }
        CHECK(std::set(server->from_ports.begin(), server->from_ports.end()).size() > 1);
        CHECK(ids.size() > 6);
        CHECK((walk_packet(server->requests.at(0))->flags & flag::recursion_desired) == 0);
        (void)b.ask(server->where(), dns_type::txt, question_options(true));
        CHECK((walk_packet(server->requests.back())->flags & flag::recursion_desired) != 0);
    }
}

TEST_CASE("What does not belong to the question is passed over") {
    bench b;
    udp_server server(b.loop, [](const std::string& q, const auto& send) {
        const auto forged = answer_to(q, one_text("forged"));
        auto other_id = forged;
        other_id[0] = static_cast<char>(other_id[0] ^ 1);
        send(other_id);
        auto other_name = forged;
        other_name[13] = 'x';
        send(other_name);
        send(q);
        send("");
        send("garbage");
        send(std::string(5000, 'x'));
        send(with_flags(forged, 0, flag::response));
        send(answer_to(q, one_text("true")));
        send(forged);
    });
    const auto got = b.ask(server.where());
    REQUIRE(got.has_value());
    CHECK(got->answers.at(0).value == "true");
}

TEST_CASE("A lost packet is sent again, the same; a late answer to the first still counts") {
    bench b;
    std::optional<std::string> first;
    udp_server server(b.loop, [&](const std::string& q, const auto& send) {
        if (!first) {
            first = q;
            return;
        }
        send(answer_to(*first, one_text()));
    });
    CHECK(b.ask(server.where()).has_value());
    REQUIRE(server.requests.size() == 2);
    CHECK(server.requests[0] == server.requests[1]);
    CHECK(server.from_ports[0] == server.from_ports[1]);
}

TEST_CASE("Silence, and answers that are never right, end with the deadline") {
    bench b;
    udp_server silent(b.loop, [](const std::string&, const auto&) {});
    udp_server wrong(b.loop, [](const std::string& q, const auto& send) {
        auto other = answer_to(q, one_text());
        other[1] = static_cast<char>(other[1] ^ 1);
        for (int i = 0; i < 20; ++i) {
            send(other);
        }
    });
    for (auto* server : {&silent, &wrong}) {
        const auto start = std::chrono::steady_clock::now();
        const auto got = b.ask(server->where());
        REQUIRE_FALSE(got.has_value());
        CHECK(got.error().code == errc::timed_out);
        CHECK(got.error().message.find(to_string(server->where())) != std::string::npos);
        CHECK(std::chrono::steady_clock::now() - start >= patience);
        CHECK(std::chrono::steady_clock::now() - start < patience * 4);
        CHECK(server->requests.size() == 3);
    }
}

TEST_CASE("Nobody there is not the same as silence") {
    bench b;
    endpoint gone;
    {
        udp_server server(b.loop, [](const std::string&, const auto&) {});
        gone = server.where();
    }
    CHECK(b.ask(gone).error().code == errc::network);
    CHECK(b.ask(endpoint{"ns.example", 53}).error().code == errc::invalid_argument);
    CHECK(b.ask(endpoint{"127.0.0.1", 0}).error().code == errc::invalid_argument);
    // An address that nobody may send to.
    const auto nowhere = b.ask(endpoint{"255.255.255.255", 53});
    CHECK(nowhere.error().code == errc::network);
}

TEST_CASE("A cut answer is fetched over TCP, with an id of its own") {
    bench b;
    const auto whole = std::string(3000, 'y');
    udp_server udp(b.loop, [](const std::string& q, const auto& send) {
        send(with_flags(answer_to(q, {}), flag::truncated));
    });
    const auto port = udp.where().port;
    tcp_server tcp(b.loop, [&](const std::string& q) { return framed(answer_to(q, one_text(whole))); }, port);
    const auto got = b.ask(udp.where());
    REQUIRE(got.has_value());
    CHECK(got->answers.at(0).value == whole);
    REQUIRE(tcp.requests.size() == 1);
    CHECK(tcp.requests[0].substr(0, 2) != udp.requests[0].substr(0, 2));
}

TEST_CASE("A server that does not keep the case of letters is asked over TCP") {
    bench b;
    udp_server udp(b.loop, [](const std::string& q, const auto& send) {
        send(upper_question(answer_to(q, one_text("maybe forged"))));
    });
    tcp_server tcp(
        b.loop, [](const std::string& q) { return framed(upper_question(answer_to(q, one_text("true")))); },
        udp.where().port);
    const auto got = b.ask(udp.where());
    REQUIRE(got.has_value());
    CHECK(got->answers.at(0).value == "true");
}

TEST_CASE("All that TCP can do wrong") {
    bench b;
    udp_server udp(b.loop, [](const std::string& q, const auto& send) {
        send(with_flags(answer_to(q, {}), flag::truncated));
    });
    struct row {
        const char* what;
        std::function<std::optional<std::string>(const std::string&)> how;
        bool hang;
        errc code;
    };
    const std::vector<row> rows = {
        {"closes at once", [](const std::string&) { return std::optional<std::string>(); }, false,
         errc::network},
        {"says nothing", [](const std::string&) { return std::optional<std::string>(); }, true,
         errc::timed_out},
        {"half a length", [](const std::string&) { return std::optional<std::string>("\x01"); }, false,
         errc::network},
        {"half an answer, then silence",
         [](const std::string& q) { return std::optional(framed(answer_to(q, one_text())).substr(0, 40)); },
         true, errc::timed_out},
        {"nothing, framed", [](const std::string&) { return std::optional(std::string(2, '\0')); }, false,
         errc::protocol},
        {"another question",
         [](const std::string& q) {
             auto a = answer_to(q, one_text());
             a[14] = 'x';
             return std::optional(framed(a));
         },
         false, errc::protocol},
        {"garbage behind the question",
         [](const std::string& q) {
             auto a = answer_to(q, one_text());
             a.pop_back();
             return std::optional(framed(a));
         },
         false, errc::protocol},
    };
    for (const auto& r : rows) {
        INFO(r.what);
        tcp_server tcp(b.loop, r.how, udp.where().port);
        tcp.hang = r.hang;
        const auto got = b.ask(udp.where());
        REQUIRE_FALSE(got.has_value());
        CHECK(got.error().code == r.code);
    }
    CHECK(b.ask(udp.where()).error().code == errc::network); // nobody listens
}

TEST_CASE("A server from before EDNS is asked without it") {
    bench b;
    for (const unsigned code : {1U, 4U}) {
        for (const bool short_form : {true, false}) {
            udp_server server(b.loop, [&](const std::string& q, const auto& send) {
                if (!walk_packet(q)->edns) {
                    send(answer_to(q, one_text()));
                } else if (short_form) {
                    send(q.substr(0, 2) + bytes(code == 1 ? "8001" : "8004") + std::string(8, '\0'));
                } else {
                    wire_reader in(q, 12);
                    (void)in.name();
                    auto out = q.substr(0, in.at() + 4);
                    set_u16(out, 2, 0x8000U | code);
                    set_u16(out, 10, 0);
                    send(out);
                }
            });
            const auto got = b.ask(server.where());
            REQUIRE(got.has_value());
            CHECK(got->answers.size() == 1);
            CHECK(server.requests.size() == 2);
        }
    }
    udp_server knows(b.loop, [](const std::string& q, const auto& send) {
        send(answer_to(q, {}, dns_rcode::format_error));
    });
    CHECK(b.ask(knows.where()).value().code == dns_rcode::format_error);
    CHECK(knows.requests.size() == 1);
}

TEST_CASE("Any rcode is a value; garbage under the right question is an error") {
    bench b;
    for (const auto code :
         {dns_rcode::server_failure, dns_rcode::name_error, dns_rcode::refused, static_cast<dns_rcode>(11)}) {
        udp_server server(b.loop,
                          [&](const std::string& q, const auto& send) { send(answer_to(q, {}, code)); });
        CHECK(b.ask(server.where()).value().code == code);
    }
    udp_server garbage(b.loop, [](const std::string& q, const auto& send) {
        auto out = answer_to(q, one_text());
        set_u16(out, 6, 9);
        send(out);
    });
    const auto got = b.ask(garbage.where());
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().code == errc::protocol);
    CHECK(got.error().foreign == "www.example.com");
}

TEST_CASE("A cancelled question ends at once, and leaves nothing on the loop") {
    asio::io_context loop;
    const auto random = make_seeded_random(1);
    udp_server* heard = nullptr;
    asio::cancellation_signal stop;
    bool cancelled = false;
    {
        udp_server server(loop,
                          [&](const std::string&, const auto&) { stop.emit(asio::cancellation_type::all); });
        heard = &server;
        auto ended = [&](const std::exception_ptr& e, const result<dns_answer>&) {
            cancelled = e != nullptr;
        };
        asio::co_spawn(loop,
                       exchange(heard->where(), dns_question("a", dns_type::a), question_options(), *random,
                                seconds(60)),
                       asio::bind_cancellation_slot(stop.slot(), ended));
        const auto start = std::chrono::steady_clock::now();
        while (!cancelled && std::chrono::steady_clock::now() - start < seconds(5)) {
            loop.run_one_for(milliseconds(50));
        }
        CHECK(cancelled);
    }
    loop.restart();
    loop.run_for(seconds(5));
    CHECK(loop.stopped()); // no timer of a minute
}

TEST_CASE("An answer that drips in over TCP does not outlive the deadline") {
    bench b;
    udp_server udp(b.loop, [](const std::string& q, const auto& send) {
        send(with_flags(answer_to(q, {}), flag::truncated));
    });
    tcp_server tcp(
        b.loop, [](const std::string& q) { return framed(answer_to(q, one_text(std::string(3000, 'x')))); },
        udp.where().port);
    tcp.drip = true;
    const auto start = std::chrono::steady_clock::now();
    CHECK(b.ask(udp.where()).error().code == errc::timed_out);
    CHECK(std::chrono::steady_clock::now() - start < patience * 5);
}
