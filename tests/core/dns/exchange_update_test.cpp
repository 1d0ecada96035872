#include "core/dns/exchange.hpp"
#include "tests/core/dns/packets.hpp"
#include "tests/core/dns/signing.hpp"
#include "tests/support/fake_clock.hpp"

using namespace evercert;
using namespace evercert::dns;
using namespace evercert::testing;

namespace {

constexpr milliseconds patience{400};

struct bench {
    asio::io_context loop;
    std::unique_ptr<random_source> random = make_seeded_random(7);
    fake_time time{loop};

    result<dns_answer> update(const endpoint& server, const dns_update& what, const tsig_key* key) {
        return run(loop, exchange_update(server, what, key, time, *random, patience));
    }
};

} // namespace

TEST_CASE("A signed update, whose answer must be signed as well") {
    bench b;
    tsig_key key;
    key.name = "k.example";
    key.secret = "0123456789abcdef";
    dns_update what("example.com");
    dns_update::text text;
    text.name = "_acme-challenge.example.com";
    text.value = "v";
    what.add.push_back(text);
    const auto now =
        static_cast<std::uint64_t>(std::chrono::floor<seconds>(b.time.now()).time_since_epoch().count());

    struct row {
        const char* what;
        std::vector<tsig_says> says;
        unsigned flags;
        std::optional<errc> code;
        const char* word;
    };
    const auto with = [&](unsigned error = 0, bool mac = true, std::uint64_t time_shift = 0) {
        tsig_says s;
        s.time = now + time_shift;
        s.error = error;
        s.mac = mac;
        return s;
    };
    auto late = with(18);
    late.other = bytes("0000 7fffffff");
    const std::vector<row> rows = {
        {"good", {with()}, 0, std::nullopt, ""},
        {"a signed NOTZONE", {with()}, 10, std::nullopt, ""},
        {"forged first, then good", {with(17, false), with(0, false), with()}, 0, std::nullopt, ""},
        {"not signed", {}, 5, errc::protocol, "REFUSED"},
        {"BADKEY", {with(17, false)}, 9, errc::refused, "BADKEY"},
        {"BADSIG", {with(16, false)}, 9, errc::refused, "BADSIG"},
        {"BADTIME", {late}, 9, errc::out_of_time, "BADTIME"},
        {"the server's clock", {with(0, true, 1000)}, 0, errc::out_of_time, "1000 s"},
    };
    for (const auto& r : rows) {
        INFO(r.what);
        udp_server server(b.loop, [&](const std::string& q, const auto& send) {
            const auto walked = walk_packet(q).value();
            REQUIRE(walked.tsig.has_value());
            const auto mac = q.substr(walked.tsig->data + 13 + 6 + 2 + 2, 32);
            auto answer = q.substr(0, walked.question_end);
            set_u16(answer, 2, 0xa800U | r.flags);
            set_u16(answer, 8, 0);
            set_u16(answer, 10, 0);
            for (const auto& says : r.says) {
                send(sign_answer(answer, key.secret, mac, says));
            }
            if (r.says.empty()) {
                send(answer);
            }
        });
        const auto got = b.update(server.where(), what, &key);
        CHECK(got.has_value() == !r.code.has_value());
        if (got) {
            CHECK(static_cast<unsigned>(got->code) == r.flags);
        } else {
            CHECK(got.error().code == r.code);
            CHECK(got.error().message.find(r.word) != std::string::npos);
        }
    }
}

TEST_CASE("An update without a key, and a large one over TCP") {
    bench b;
    const auto accept = [](const std::string& q) {
        auto answer = q.substr(0, 2) + bytes("a805") + std::string(8, '\0');
        return answer;
    };
    udp_server udp(b.loop, [&](const std::string& q, const auto& send) { send(accept(q)); });
    tcp_server tcp(
        b.loop, [&](const std::string& q) { return std::optional(framed(accept(q))); }, udp.where().port);
    dns_update what("example.com");
    dns_update::text text;
    text.name = "a.example.com";
    text.value = std::string(200, 'x');
    what.add.push_back(text);
    CHECK(b.update(udp.where(), what, nullptr).value().code == dns_rcode::refused);
    CHECK(udp.requests.size() == 1);
    CHECK(tcp.requests.empty());
    for (int i = 0; i < 10; ++i) {
        what.add.push_back(text);
    }
    CHECK(b.update(udp.where(), what, nullptr).value().code == dns_rcode::refused);
    CHECK(udp.requests.size() == 1);
    CHECK(tcp.requests.size() == 1);
    what.zone = "a..b";
    CHECK(b.update(udp.where(), what, nullptr).error().code == errc::invalid_argument);
}
