#pragma once
// A zone with two servers, a CA that says what it is called, and an account there.
#include "solvers/dns_persist01/standing_record.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"
#include "tests/support/scripted_dns.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace evercert::testing {

inline const std::string record_name = "_validation-persist.example.com";
inline const std::string good_text = "ca.example; accounturi=https://ca.example/acct/123";

inline issuer_facts facts_of_ca() {
    issuer_facts facts;
    facts.issuer = "ca";
    facts.account_url = "https://ca.example/acct/123";
    facts.thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    facts.issuer_domains = {"ca.example"};
    return facts;
}

struct persist_fixture {
    asio::io_context loop;
    fake_time time{loop};
    recorded_events events;
    scripted_dns dns;

    persist_fixture() {
        dns.add("example.com", dns_type::soa, "ns1.x");
        for (const char* number : {"1", "2"}) {
            dns.add("example.com", dns_type::ns, "ns" + std::string(number) + ".x");
            dns.add("ns" + std::string(number) + ".x", dns_type::a, "192.0.2." + std::string(number));
        }
        publish({});
    }
    /// At both servers.
    void publish(const std::vector<std::string>& texts) {
        publish_at("192.0.2.1", texts);
        publish_at("192.0.2.2", texts);
    }
    void publish_at(const std::string& server, const std::vector<std::string>& texts) {
        answers(server, {texts_at(record_name, texts)});
    }
    /// Of one server, in turn.
    void answers(const std::string& server, std::deque<result<dns_answer>> in_turn) {
        dns.script(server + ":53", record_name, dns_type::txt, std::move(in_turn));
    }
    /// For the zone, with these texts.
    static result<dns_answer> texts_at(const std::string& name, const std::vector<std::string>& texts) {
        dns_answer answer;
        answer.authoritative = true;
        for (const std::string& text : texts) {
            dns_record& one = answer.answers.emplace_back();
            one.name = name;
            one.type = dns_type::txt;
            one.value = text;
        }
        return answer;
    }
    void silence() {
        for (const char* server : {"192.0.2.1", "192.0.2.2"}) {
            answers(server, {fail(errc::timed_out, "silent")});
        }
        dns.script("resolver", record_name, dns_type::txt, {fail(errc::timed_out, "silent")});
    }
    /// `text` with the end of its life.
    [[nodiscard]] std::string until(const std::string& text, milliseconds from_now) const {
        const auto end = std::chrono::floor<seconds>(time.now() + from_now);
        return text + "; persistUntil=" + std::to_string(end.time_since_epoch().count());
    }
    template <class T>
    T run(awaitable<T> work) {
        std::optional<T> outcome;
        asio::co_spawn(loop, std::move(work), [&](const std::exception_ptr& e, T r) {
            if (e) {
                std::rethrow_exception(e);
            }
            outcome = std::move(r);
        });
        REQUIRE(time.run_until([&] { return outcome.has_value(); }));
        return std::move(*outcome);
    }
};

} // namespace evercert::testing
