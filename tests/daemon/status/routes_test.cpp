#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "daemon/status/routes.hpp"
#include "tests/daemon/status/crowd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"

#include <boost/asio/co_spawn.hpp>

using namespace evercert;
using namespace evercert::daemon::status;
using namespace evercert::testing;

namespace {

struct bench {
    explicit bench(std::size_t count, bool well = true) : engine(count, time.now(), well) {}

    net::server_response ask(std::string path, std::string method = "GET", std::string host = "127.0.0.1") {
        net::server_request request;
        request.method = std::move(method);
        if (const std::size_t mark = path.find('?'); mark != std::string::npos) {
            request.query = path.substr(mark + 1);
            path.resize(mark);
        }
        request.path = std::move(path);
        request.host = std::move(host);
        net::server_response out(0);
        asio::co_spawn(loop, routes.handler()(std::move(request)),
                       [&](const std::exception_ptr&, net::server_response r) { out = std::move(r); });
        time.run_ready();
        return out;
    }
    std::string page(std::string path) { return ask(std::move(path)).content(); }

    status_parts parts() {
        return {.executor = loop.get_executor(),
                .engine = engine,
                .time = time,
                .counted = counted,
                .daemon =
                    [this] {
                        return daemon_facts{.version = "1.2.3",
                                            .started = time.now() - std::chrono::hours(3),
                                            .configured = time.now() - std::chrono::hours(1),
                                            .configuration_refused = refused,
                                            .listeners = {"[::]:80"}};
                    },
                .traffic = [] { return std::vector<listener_traffic>{{"http", "http-01", {7, 5, 1, 2, 3}}}; },
                .crl_lists = [] { return std::size_t{3}; },
                .history = [this](std::string name) { return read(std::move(name)); },
                .recent = [this] { return lines; }};
    }
    awaitable<result<std::vector<lifecycle::history_line>>> read(std::string) {
        if (history_fails) {
            co_return fail(errc::io, "the disk is gone");
        }
        co_return lines;
    }

    asio::io_context loop;
    fake_time time{loop};
    recorded_events events;
    tally counted{events};
    crowd_engine engine;
    std::vector<lifecycle::history_line> lines;
    bool refused = false;
    bool history_fails = false;
    status_routes routes{parts()};
};

std::string header(const net::server_response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::size_t times(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

} // namespace

TEST_CASE("status page: answers reading at its four places, and refuses all else") {
    bench b(3);
    for (const char* path :
         {"/", "/?q=x&sort=name&page=9", "/certificate/example.com", "/metrics", "/healthz"}) {
        for (const char* method : {"GET", "HEAD"}) {
            CAPTURE(path, method);
            const auto answer = b.ask(path, method);
            CHECK(answer.status == 200);
            CHECK(header(answer, "X-Content-Type-Options") == "nosniff");
            CHECK(header(answer, "Cache-Control") == "no-store");
            CHECK(header(answer, "Referrer-Policy") == "no-referrer");
        }
        for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"}) {
            const auto answer = b.ask(path, method);
            CHECK(answer.status == 405);
            CHECK(header(answer, "Allow") == "GET, HEAD");
        }
    }
    for (const char* path :
         {"/certificate/nobody", "/certificate/", "/certificate/../x", "/certificate/%2e%2e",
          "/certificate/example.com/x", "/v1/certificates", "/index.html", "//", "/metrics/"}) {
        CAPTURE(path);
        CHECK(b.ask(path).status == 404);
    }
    CHECK(b.engine.asked.empty());
}

TEST_CASE("status page: its policy allows its own style and nothing else") {
    bench b(1);
    for (const char* path : {"/", "/certificate/example.com", "/nothing"}) {
        const auto answer = b.ask(path);
        const std::string& page = answer.content();
        const std::size_t begin = page.find("<style>") + 7;
        const std::string style = page.substr(begin, page.find("</style>") - begin);
        const std::string policy = header(answer, "Content-Security-Policy");
        CHECK(has(policy,
                  "default-src 'none'; style-src 'sha256-" + crypto::base64(crypto::sha256(style)) + "'"));
        CHECK(has(policy, "frame-ancestors 'none'"));
        CHECK(has(policy, "base-uri 'none'"));
        CHECK(!has(policy, "unsafe"));
        CHECK(!has(page, " style="));
        CHECK(!has(page, "<script"));
        CHECK(has(page, "<html lang=\"en\">"));
        CHECK(times(page, "<h1") == 1);
        CHECK(times(page, "<main") == 1);
        CHECK(!has(page, "http-equiv=\"refresh\""));
    }
    CHECK(has(b.page("/?refresh=60"), "<meta http-equiv=\"refresh\" content=\"60\">"));
}

TEST_CASE("status page: other people's pages cannot read it through a name of theirs") {
    struct row {
        const char* host;
        bool plain, listed, any;
    };
    host_rule listed;
    listed.hosts = {"status.example.net"};
    host_rule any;
    any.any = true;
    const row table[] = {
        {"127.0.0.1", true, true, true},
        {"::1", true, true, true},
        {"localhost", true, true, true},
        {"", true, true, true},
        {"192.0.2.9", true, true, true},
        {"evil.example", false, false, true},
        {"status.example.net", false, true, true},
        {"x.status.example.net", false, false, true},
        {"127.0.0.1.evil.example", false, false, true},
        {"localhost.evil.example", false, false, true},
        {"<script>", false, false, true},
        {"127.1", false, false, true},
    };
    for (const row& each : table) {
        CAPTURE(each.host);
        CHECK(accepts({}, each.host) == each.plain);
        CHECK(accepts(listed, each.host) == each.listed);
        CHECK(accepts(any, each.host) == each.any);
    }
    bench b(1);
    const auto refused = b.ask("/", "GET", "evil.example");
    CHECK(refused.status == 421);
    CHECK(!has(refused.content(), "example.com"));
    b.routes.follow(any);
    CHECK(b.ask("/", "GET", "evil.example").status == 200);
}

TEST_CASE("status page: what needs attention comes first, with why, what to do and when") {
    bench b(50, false);
    const std::string page = b.page("/");
    const std::size_t attention = page.find("What needs attention");
    REQUIRE(attention != std::string::npos);
    CHECK(attention < page.find(">Certificates</h2>"));
    CHECK(has(page, "<b>What to do</b>"));
    CHECK(has(page, "NXDOMAIN"));
    CHECK(has(page, "of 50 certificates need attention</h1>"));
    // Expired is worse than failing.
    CHECK(page.find("shop-0007", attention) != std::string::npos);
    const std::string all_well = bench(50).page("/");
    CHECK(has(all_well, "All 50 certificates are well</h1>"));
    CHECK(!has(all_well, "What needs attention"));
    const std::string none = bench(0).page("/");
    CHECK(has(none, "No certificates are configured"));
    CHECK(!has(none, "<table"));
}

TEST_CASE("status page: search, groups and pages are the server's work") {
    bench b(450, false);
    CHECK(times(b.page("/"), "role=\"rowheader\"") == rows_per_page);
    CHECK(has(b.page("/"), "Page 1 of 5"));
    CHECK(times(b.page("/?page=5"), "role=\"rowheader\"") == 50);
    CHECK(times(b.page("/?page=4000"), "role=\"rowheader\"") == 50);
    const std::string found = b.page("/?q=MAIL-0001");
    CHECK(times(found, "role=\"rowheader\"") == 1);
    CHECK(has(found, "value=\"mail-0001\""));
    const std::string bad = b.page("/?q=%22%3E%3Cscript%3E");
    CHECK(has(bad, "No certificate is like that"));
    CHECK(!has(bad, "<script"));
    CHECK(has(b.page("/?show=working"), " in progress"));
    CHECK(b.page("/").size() < 256UL * 1024);
}

TEST_CASE("status page: a CA's text, however it is meant, stays text of bounded length") {
    bench b(23, false); // the 22nd has it
    b.lines = {{b.time.now(), "example.com", "cert.order_failed", severity::error, hostile_words(), {}},
               {b.time.now(), "\"><script>", "x", severity::info, "odd name", {}}};
    for (const char* path : {"/", "/certificate/example.com", "/certificate/shop-0021.example.com"}) {
        const auto answer = b.ask(path);
        const std::string& page = answer.content();
        CAPTURE(path);
        CHECK(answer.status == 200);
        CHECK(!has(page, "<script"));
        CHECK(!has(page, "<img"));
        CHECK(page.size() < 128UL * 1024);
        CHECK(page.find_first_of(std::string("\0\x1b\x7f", 3)) == std::string::npos);
    }
    CHECK(has(b.page("/"), "&lt;script&gt;"));
}

TEST_CASE("status page: one certificate, with its record or without") {
    bench b(50, false);
    b.lines = {{b.time.now(), "", "cert.issued", severity::info, "version 7", {}}};
    std::string page = b.page("/certificate/example.com");
    for (const char* part : {"<h1>example.com</h1>", "SHA-256", "/var/lib/evercert/live/example.com",
                             "www.example.com", "version 7", "Valid from", "aria-label=\"issued "}) {
        CAPTURE(part);
        CHECK(has(page, part));
    }
    b.history_fails = true;
    page = b.page("/certificate/example.com");
    CHECK(has(page, "Nothing is recorded of it yet."));
    b.refused = true;
    CHECK(has(b.page("/"), "a newer one was refused"));
}

TEST_CASE("healthz says that the daemon lives, whatever its certificates do") {
    bench b(50, false);
    const auto plain = b.ask("/healthz");
    CHECK(plain.status == 200);
    CHECK(plain.content() == "ok\n");
    const auto verbose = b.ask("/healthz?verbose");
    CHECK(verbose.status == 200);
    CHECK(header(verbose, "Content-Type") == "application/json");
    CHECK(verbose.content().starts_with(
        R"({"status":"ok","version":"1.2.3","uptime_seconds":10800,"certificates":{"total":50,"expired":)"));
}
