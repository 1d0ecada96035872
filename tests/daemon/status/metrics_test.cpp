#include "daemon/status/metrics.hpp"
#include "tests/daemon/status/crowd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"
#include "tests/support/scripted_http.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <set>
#include <sstream>

using namespace evercert;
using namespace evercert::daemon::status;
using namespace evercert::testing;

namespace {

awaitable<void> write_into(std::shared_ptr<const survey> all, metric_facts facts, const tally* counted,
                           std::string& into) {
    into = co_await write_metrics(std::move(all), std::move(facts), counted);
}

struct bench {
    std::string text(std::size_t count) {
        auto all = std::make_shared<survey>();
        all->made = time.now();
        for (std::size_t n = 0; n < count; ++n) {
            ++all->all;
            all->add(crowd_member(n, time.now(), false));
        }
        std::string out;
        asio::co_spawn(loop, write_into(all, facts, &counted, out), asio::detached);
        time.run_ready();
        return out;
    }
    void happen(std::string_view id, severity level,
                std::vector<std::pair<std::string, std::string>> fields) {
        event what;
        what.id = id;
        what.level = level;
        what.fields = std::move(fields);
        counted.emit(what);
    }

    asio::io_context loop;
    fake_time time{loop};
    recorded_events events;
    tally counted{events};
    metric_facts facts;
};

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

} // namespace

TEST_CASE("metrics: each family is introduced once, also one that is written in steps") {
    bench b;
    const std::string text = b.text(2500);
    std::istringstream lines(text);
    std::set<std::string> types;
    std::size_t expiries = 0;
    std::size_t states = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# TYPE ")) {
            CAPTURE(line);
            CHECK(types.insert(line.substr(0, line.rfind(' '))).second);
        }
        expiries += line.starts_with("evercert_certificate_expiry_timestamp_seconds{") ? 1 : 0;
        states += line.starts_with("evercert_certificate_state{") ? 1 : 0;
    }
    CHECK(types.size() > 20);
    CHECK(states == 2500);
    CHECK((expiries < 2500 && expiries > 2300)); // those that have no certificate have none
    CHECK(text.find("alert(") == std::string::npos);
}

TEST_CASE("metrics: of no certificates all families are still named") {
    bench b;
    const std::string text = b.text(0);
    CHECK(has_line(text, "# TYPE evercert_certificate_expiry_timestamp_seconds gauge"));
    CHECK(has_line(text, "# TYPE evercert_orders_total counter"));
    CHECK(has_line(text, "# TYPE evercert_acme_request_duration_seconds histogram"));
    CHECK(has_line(text, "evercert_crl_failures_total 0"));
    CHECK(has_line(text, "evercert_certificates{health=\"expired\"} 0"));
    CHECK(has_line(text, "evercert_config_last_reload_successful 1"));
}

TEST_CASE("metrics: events are counted by our words, and passed on") {
    bench b;
    b.happen("cert.ordering", severity::info, {{"issuer", "le"}});
    b.happen("cert.issued", severity::info, {{"serial", "1"}, {"issuer", "le"}});
    b.happen("cert.order_failed", severity::error, {{"issuer", "le"}, {"class", "later"}, {"failures", "1"}});
    b.happen("cert.order_failed", severity::error, {{"issuer", "le"}, {"class", "later"}, {"failures", "2"}});
    b.happen("cert.found_revoked", severity::error, {{"serial", "<script>"}});
    b.happen("crl.unusable", severity::warning, {{"url", "http://hostile/\n"}});
    b.happen("config.refused", severity::error, {});
    b.happen("something.else", severity::info, {});
    b.counted.deployed("nginx", true);
    b.counted.deployed("nginx", false);
    CHECK(b.events.all.size() == 8);
    const std::string text = b.text(1);
    for (const char* line :
         {"evercert_orders_total{issuer=\"le\",result=\"issued\"} 1",
          "evercert_orders_total{issuer=\"le\",result=\"started\"} 1",
          "evercert_orders_total{issuer=\"le\",result=\"failed\"} 2",
          "evercert_order_failures_total{issuer=\"le\",class=\"later\"} 2",
          "evercert_revocations_total{by=\"ca\"} 1", "evercert_crl_failures_total 1",
          "evercert_config_reloads_total{result=\"refused\"} 1", "evercert_events_total{level=\"error\"} 4",
          "evercert_events_total{level=\"warning\"} 1",
          "evercert_deployments_total{deployment=\"nginx\",result=\"failed\"} 1"}) {
        CAPTURE(line);
        CHECK(has_line(text, line));
    }
    CHECK(text.find("hostile") == std::string::npos);
}

TEST_CASE("metrics: budgets, listeners and times are as they were given") {
    bench b;
    b.facts.version = "1.2.3";
    b.facts.started = b.time.now();
    b.facts.budgets = {{"le",
                        {{"new_orders", "", 300, 271.5, {}},
                         {"certificates_per_domain", "secret.example", 50, 12, {}},
                         {"certificates_per_domain", "other.example", 50, 49, {}}}}};
    b.facts.listeners = {{"http", "http-01", {7, 5, 1, 2, 3}}};
    const std::string text = b.text(1);
    for (const char* line :
         {"evercert_build_info{version=\"1.2.3\"} 1",
          "evercert_limit_remaining{issuer=\"le\",limit=\"new_orders\"} 271.5",
          "evercert_limit_remaining{issuer=\"le\",limit=\"certificates_per_domain\"} 12",
          "evercert_limit_capacity{issuer=\"le\",limit=\"certificates_per_domain\"} 50",
          "evercert_listener_connections_total{listener=\"http\",type=\"http-01\"} 7",
          "evercert_listener_refused_total{listener=\"http\",type=\"http-01\",reason=\"crowded\"} 2",
          "process_start_time_seconds 1795219200",
          "evercert_certificate_not_before_timestamp_seconds{certificate=\"example.com\"} 1795219200"}) {
        CAPTURE(line);
        CHECK(has_line(text, line));
    }
    CHECK(text.find("secret") == std::string::npos);
}

TEST_CASE("metrics: requests to an issuer are measured, answered or not") {
    bench b;
    scripted_http ca;
    ca.expect("GET", "https://ca/dir", "", 200, "{}");
    ca.expect("GET", "https://ca/dir", "", 429, "{}");
    ca.expect_failure("GET", "https://ca/dir", "", errc::network);
    metered_http through(ca, "le", b.time, b.counted);
    for (int i = 0; i < 3; ++i) {
        http_request request("GET", "https://ca/dir");
        request.purpose = "directory";
        asio::co_spawn(b.loop, through.send(std::move(request)), asio::detached);
        b.time.run_ready();
    }
    b.counted.exchanged("le", "directory", 200, std::chrono::milliseconds(300));
    b.counted.exchanged("le", "directory", 999, std::chrono::minutes(5));
    b.counted.exchanged("le", "finalize", 200, std::chrono::seconds(3));
    const std::string text = b.text(1);
    for (const char* line :
         {"evercert_acme_requests_total{issuer=\"le\",code=\"2xx\"} 3",
          "evercert_acme_requests_total{issuer=\"le\",code=\"4xx\"} 1",
          "evercert_acme_requests_total{issuer=\"le\",code=\"none\"} 2",
          "evercert_acme_request_duration_seconds_bucket{issuer=\"le\",step=\"directory\",le=\"0.25\"} 3",
          "evercert_acme_request_duration_seconds_bucket{issuer=\"le\",step=\"directory\",le=\"0.5\"} 4",
          "evercert_acme_request_duration_seconds_bucket{issuer=\"le\",step=\"directory\",le=\"+Inf\"} 5",
          "evercert_acme_request_duration_seconds_count{issuer=\"le\",step=\"directory\"} 5",
          "evercert_acme_request_duration_seconds_count{issuer=\"le\",step=\"finalize\"} 1"}) {
        CAPTURE(line);
        CHECK(has_line(text, line));
    }
}
