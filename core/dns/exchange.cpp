#include "core/dns/exchange.hpp"

#include "core/dns/packet.hpp"
#include "core/dns/transport.hpp"
#include "core/dns/tsig.hpp"
#include "core/dns/update.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace evercert::dns {
namespace {

/// Lets a whole exchange of several turns take twice the patience for one.
class budget {
public:
    explicit budget(milliseconds patience)
        : patience_(std::max(patience, milliseconds(1)))
        , end_(std::chrono::steady_clock::now() + 2 * patience_) {}

    [[nodiscard]] milliseconds turn() const {
        const auto left = std::chrono::ceil<milliseconds>(end_ - std::chrono::steady_clock::now());
        return std::clamp(left, milliseconds(1), patience_);
    }

private:
    milliseconds patience_;
    steady_time end_;
};

bool is_cut(std::string_view bytes) {
    wire_reader in(bytes, 2);
    return (in.u16() & flag::truncated) != 0;
}

std::string asking(const endpoint& server, const dns_question& what) {
    return fmt::format("asking {} for {}", to_string(server), to_string(what.type));
}

} // namespace

awaitable<result<dns_answer>> exchange(endpoint server, dns_question what, question_options how,
                                       random_source& random, milliseconds patience) {
    const budget time(patience);
    for (;;) {
        const auto question = make_question(what, how, random);
        if (!question) {
            co_return fail(question.error());
        }
        bool unsure = false;
        judge strict = [&](std::string_view bytes) {
            const auto verdict = answers_to(*question, bytes);
            unsure = verdict == belongs::other_case;
            return verdict != belongs::no;
        };
        auto got = co_await ask_udp(server, *question, strict, time.turn());
        if (got && (unsure || is_cut(*got))) {
            const auto again = make_question(what, how, random);
            if (!again) {
                co_return fail(again.error());
            }
            // What comes on a connection comes from who was connected to: the case of letters proves no more.
            judge lenient = [&](std::string_view bytes) { return answers_to(*again, bytes) != belongs::no; };
            got = co_await ask_tcp(server, *again, lenient, time.turn());
            if (!got) {
                co_return fail(got.error().within("the answer has to be fetched over TCP"));
            }
        }
        if (!got) {
            co_return fail(std::move(got.error()));
        }
        auto read = parse_answer(*got);
        if (!read) {
            auto e = read.error().within(asking(server, what));
            e.foreign = e.foreign.empty() ? what.name : e.foreign;
            co_return fail(std::move(e));
        }
        const bool hardly_read =
            read->answer.code == dns_rcode::format_error || read->answer.code == dns_rcode::not_implemented;
        if (how.edns && hardly_read && !read->edns) {
            how.edns = false; // RFC 6891 section 7: a server from before EDNS
            continue;
        }
        co_return std::move(read->answer);
    }
}

awaitable<result<dns_answer>> exchange_update(endpoint server, dns_update what, const tsig_key* key,
                                              time_source& time, random_source& random,
                                              milliseconds patience) {
    auto packet = make_update(what, static_cast<unsigned>(random.next() & 0xFFFFU));
    if (!packet) {
        co_return fail(std::move(packet.error()));
    }
    signed_packet request;
    if (key != nullptr) {
        auto done = sign_packet(*packet, *key, time.now());
        if (!done) {
            co_return fail(std::move(done.error()));
        }
        request = std::move(*done);
    } else {
        request.bytes = *packet;
    }
    const budget clock(patience);
    std::optional<error> wrong; // about the last answer that did not hold
    judge genuine = [&](std::string_view bytes) {
        if (!answers_update(request.bytes, bytes)) {
            return false;
        }
        wrong.reset();
        const auto walked = walk_packet(bytes);
        if (!walked) {
            wrong = walked.error();
            return false;
        }
        if (key == nullptr || (walked->flags & flag::truncated) != 0) {
            return true;
        }
        if (auto good = check_signature(bytes, *walked, request, *key, time.now()); !good) {
            wrong = std::move(good.error());
        }
        // That the clocks differ is itself signed.
        return !wrong || wrong->code == errc::out_of_time;
    };
    const bool large = request.bytes.size() > udp_payload;
    result<std::string> got;
    if (!large) {
        got = co_await ask_udp(server, request.bytes, genuine, clock.turn());
    }
    if (large || (got && is_cut(*got))) {
        got = co_await ask_tcp(server, request.bytes, genuine, clock.turn());
        if (got && is_cut(*got)) {
            co_return fail(errc::protocol,
                           fmt::format("the DNS server {} cut its answer over TCP too", to_string(server)));
        }
    }
    if (wrong) {
        co_return fail(wrong->within(fmt::format("updating the zone at {}", to_string(server))));
    }
    if (!got) {
        co_return fail(std::move(got.error()));
    }
    auto read = parse_answer(*got);
    if (!read) {
        co_return fail(std::move(read.error()));
    }
    co_return std::move(read->answer);
}

} // namespace evercert::dns
