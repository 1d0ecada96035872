#pragma once
// A small internet on loopback: names, a CA's clock, web servers, and solvers that answer or do not.
#include "core/base/random.hpp"
#include "core/net/http_server.hpp"
#include "core/preflight/preflight.hpp"
#include "solvers/http01/http01_solver.hpp"
#include "tests/core/net/fixture.hpp"
#include "tests/core/preflight/staged_dns.hpp"
#include "tests/support/recorded_events.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace evercert::testing {

/// Real time, with a wall clock that may be wrong.
class shifted_time final : public time_source {
public:
    explicit shifted_time(const asio::any_io_executor& executor) : real_(make_system_time(executor)) {}
    [[nodiscard]] wall_time now() const override { return real_->now() + shift; }
    [[nodiscard]] steady_time steady_now() const override { return real_->steady_now(); }
    std::unique_ptr<timer> make_timer() override { return real_->make_timer(); }

    milliseconds shift{0};

private:
    std::unique_ptr<time_source> real_;
};

/// A CA's directory, by the clock that is right.
class staged_ca final : public http_client {
public:
    explicit staged_ca(shifted_time& time) : time_(time) {}
    awaitable<result<http_response>> send(http_request request) override {
        asked.push_back(request.url);
        if (failure) {
            co_return fail(*failure);
        }
        http_response out;
        out.status = status;
        const auto right = std::chrono::system_clock::to_time_t(time_.now() - time_.shift - seconds(age));
        out.headers.emplace_back("Date", fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", fmt::gmtime(right)));
        out.headers.emplace_back("Age", std::to_string(age));
        co_return out;
    }

    std::optional<error> failure;
    unsigned status = 200;
    unsigned age = 0;
    std::vector<std::string> asked;

private:
    shifted_time& time_;
};

/// Notes what it is asked, and does what a test says.
class staged_solver final : public solver {
public:
    explicit staged_solver(std::string type) : type_(std::move(type)) {}
    [[nodiscard]] std::string_view challenge_type() const noexcept override { return type_; }
    awaitable<result<void>> present(challenge_task task) override {
        presented.push_back(task);
        co_return outcome;
    }
    awaitable<result<void>> wait_ready(challenge_task task) override {
        if (hangs) {
            asio::steady_timer never(co_await asio::this_coro::executor,
                                     asio::steady_timer::time_point::max());
            co_await never.async_wait(asio::use_awaitable);
        }
        if (on_ready) {
            on_ready(task);
        }
        co_return ready;
    }
    awaitable<void> clean_up(challenge_task task) override {
        cleaned.push_back(task.token);
        co_return;
    }

    result<void> outcome;
    result<void> ready;
    bool hangs = false;
    std::function<void(const challenge_task&)> on_ready;
    std::vector<challenge_task> presented;
    std::vector<std::string> cleaned;

private:
    std::string type_;
};

/// "one.test" at 127.0.0.1, where evercert's own http-01 listener is, in a zone with two servers.
struct world {
    world() {
        solvers::http01_settings settings;
        settings.listen = {endpoint{"127.0.0.1", 0}};
        http01 = solvers::make_http01_solver(loop.get_executor(), events, settings);
        REQUIRE(http01->open().has_value());
        ports.http = parse_endpoint(http01->addresses().at(0)).value().port;
        ports.https = closed_port();
        dns.zone("test", {{"ns.test", "192.0.2.1"}});
        dns.zone("one.test", {{"ns1.one.test", "192.0.2.11"}, {"ns2.one.test", "192.0.2.12"}});
        dns.add("one.test", dns_type::a, "127.0.0.1");
        answers = {http01.get()};
        where.name = "ca";
        where.directory = "https://ca.test/directory";
        facts.issuer = "ca";
        facts.account_url = "https://ca.test/acct/7";
        facts.thumbprint = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
        facts.caa_identities = {"ca.test"};
        facts.issuer_domains = {"ca.test"};
    }
    ~world() {
        servers.clear();
        http01.reset();
        loop.restart();
        loop.run_for(milliseconds(5));
    }
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    /// One that nobody has now.
    std::uint16_t closed_port() {
        return tcp::acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0))
            .local_endpoint()
            .port();
    }
    /// A web server on the port for http at another address of this machine.
    void serve(const std::string& address,
               std::function<net::server_response(const net::server_request&)> what) {
        auto handler = [what](net::server_request request) -> awaitable<net::server_response> {
            co_return what(request);
        };
        servers.push_back(net::make_http_server(loop.get_executor(), events, net::server_limits(), handler));
        REQUIRE(servers.back()->listen(endpoint{address, ports.http}).has_value());
    }

    [[nodiscard]] preflight_request request(const std::vector<std::string>& names) const {
        std::vector<identifier> list;
        for (const auto& name : names) {
            list.push_back(parse_identifier(name, true).value());
        }
        auto choice = [all = answers](const identifier&) { return all; };
        preflight_request out(std::move(list), std::move(choice), where, facts);
        out.patience = patience;
        out.with_records = with_records;
        return out;
    }
    std::unique_ptr<preflight> make() {
        preflight_parts parts(time, *random, dns, [this](const std::string& trust) -> http_client& {
            trusts.push_back(trust);
            return ca;
        });
        parts.ports = ports;
        return make_preflight(std::move(parts));
    }
    std::vector<finding> examine(const std::vector<std::string>& names = {"one.test"}) {
        const auto looks = make();
        return run(loop, looks->examine(request(names)));
    }

    asio::io_context loop;
    recorded_events events;
    shifted_time time{loop.get_executor()};
    std::unique_ptr<random_source> random = make_seeded_random(7);
    staged_dns dns;
    staged_ca ca{time};
    std::vector<std::string> trusts;
    std::unique_ptr<solvers::listening_solver> http01;
    std::vector<std::unique_ptr<net::http_server>> servers;
    preflight_ports ports;
    std::vector<solver*> answers;
    issuer where;
    issuer_facts facts;
    bool with_records = false;
    milliseconds patience = seconds(5);
};

/// All but what is good, and but that no CA gets to the loopback addresses of these tests.
inline std::vector<finding> faults(const std::vector<finding>& all) {
    std::vector<finding> out;
    for (const finding& f : all) {
        const bool loopback =
            f.check == "address" && f.seen.find("is a loopback address") != std::string::npos;
        if (f.weight != finding_weight::good && !loopback) {
            out.push_back(f);
        }
    }
    return out;
}

inline std::string text_of(const std::vector<finding>& all) {
    std::string out;
    for (const finding& f : all) {
        out += fmt::format("{} [{}] {} | {} | {} | {}\n", to_string(f.weight), f.check, f.name, f.looked_at,
                           f.seen, f.change);
    }
    return out;
}

inline bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// The token of a challenge path in a request.
inline std::string token_in(const std::string& text) {
    const std::string before = "/.well-known/acme-challenge/";
    const auto at = text.find(before);
    return at == std::string::npos ? "" : text.substr(at + before.size(), 43);
}

} // namespace evercert::testing
