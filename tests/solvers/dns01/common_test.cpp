// What holds for every provider, whatever its service: one table, and one row for each.
#include "solvers/dns01/acme_dns.hpp"
#include "solvers/dns01/cloudflare.hpp"
#include "solvers/dns01/desec.hpp"
#include "solvers/dns01/digitalocean.hpp"
#include "solvers/dns01/hetzner.hpp"
#include "solvers/dns01/httpreq.hpp"
#include "solvers/dns01/powerdns.hpp"
#include "solvers/dns01/route53.hpp"
#include "tests/solvers/dns01/api_fixture.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

using made = result<std::unique_ptr<solvers::dns_provider>>;

struct row {
    std::string name;
    std::function<made(api_fixture&, solvers::secret_source)> make;
    std::string secret;
    std::string method; ///< of the first request that add makes
    std::string url;
    std::string body;
    bool reads = true; ///< the answer to it has to make sense

    row(std::string n, std::function<made(api_fixture&, solvers::secret_source)> f, std::string m,
        std::string u)
        : name(std::move(n))
        , make(std::move(f))
        , secret("t0ken\n")
        , method(std::move(m))
        , url(std::move(u)) {}
};

template <class Settings>
std::function<made(api_fixture&, solvers::secret_source)>
maker(solvers::secret_source Settings::* where, made (*make)(const solvers::api_world&, Settings),
      Settings settings = {}) {
    return [=](api_fixture& f, solvers::secret_source secret) {
        auto mine = settings;
        mine.*where = std::move(secret);
        return make(f.world, std::move(mine));
    };
}

const std::string account =
    R"({"username":"u","password":"pw","fulldomain":"_acme-challenge.www.example.com","subdomain":"s","server_url":"https://auth.example"})";

std::vector<row> rows() {
    using namespace solvers;
    std::vector<row> out;
    const std::string name = "_acme-challenge.www.example.com";
    out.emplace_back("Cloudflare", maker(&cloudflare_settings::token, make_cloudflare), "GET",
                     "https://api.cloudflare.com/client/v4/zones?name=" + name + "&per_page=50");
    out.emplace_back("DigitalOcean", maker(&digitalocean_settings::token, make_digitalocean), "GET",
                     "https://api.digitalocean.com/v2/domains/" + name);
    out.back().reads = false;
    out.emplace_back("Hetzner", maker(&hetzner_settings::token, make_hetzner), "GET",
                     "https://api.hetzner.cloud/v1/zones/" + name);
    out.emplace_back("deSEC", maker(&desec_settings::token, make_desec), "GET",
                     "https://desec.io/api/v1/domains/?owns_qname=" + name);
    powerdns_settings powerdns;
    powerdns.endpoint = "https://pdns.example";
    out.emplace_back("PowerDNS", maker(&powerdns_settings::key, make_powerdns, powerdns), "GET",
                     "https://pdns.example/api/v1/servers/localhost/zones?zone=" + name + ".&dnssec=false");
    route53_settings route53;
    route53.access_key_id = "AKIDEXAMPLE";
    out.emplace_back("Route 53", maker(&route53_settings::secret, make_route53, route53), "GET",
                     "https://route53.amazonaws.com/2013-04-01/hostedzonesbyname?dnsname=" + name +
                         ".&maxitems=100");
    httpreq_settings httpreq;
    httpreq.endpoint = "https://dns.example";
    httpreq.user = "me";
    out.emplace_back("httpreq", maker(&httpreq_settings::password, make_httpreq, httpreq), "POST",
                     "https://dns.example/present");
    out.back().body = R"({"fqdn":")" + name + R"(.","value":")" + api_fixture::value + "\"}";
    out.back().reads = false;
    out.emplace_back("acme-dns", maker(&acme_dns_settings::accounts, make_acme_dns), "POST",
                     "https://auth.example/update");
    out.back().secret = account;
    out.back().body = R"({"subdomain":"s","txt":")" + std::string(api_fixture::value) + "\"}";
    out.back().reads = false;
    return out;
}

/// Calls `check` with each provider in a world of its own.
template <class Check>
void for_each(Check check) {
    for (const auto& each : rows()) {
        CAPTURE(each.name);
        api_fixture f;
        f.use(each.make(f, f.secret(each.secret)));
        check(f, each);
    }
}

} // namespace

TEST_CASE("every provider says which secret is not accepted, and what it lacks") {
    for_each([](api_fixture& f, const row& each) {
        f.http.expect(each.method, each.url, each.body, 401, R"({"message":"who are you?"})");
        auto outcome = f.add(f.task());
        CHECK(outcome.error().code == errc::refused);
        CHECK(says(outcome, each.name));
        CHECK(says(outcome, f.folder / "token"));
        CHECK(says(outcome, "who are you?"));
        f.http.expect(each.method, each.url, each.body, 403, "");
        outcome = f.add(f.task());
        CHECK(outcome.error().code == errc::refused);
        CHECK(says(outcome, "it needs"));
    });
}

TEST_CASE("every provider reads its secret anew each time, and says when there is none") {
    for_each([](api_fixture& f, const row& each) {
        f.folder.write("token", "\n");
        CHECK(says(f.add(f.task()), (f.folder / "token") + " is empty"));
        std::filesystem::remove(f.folder / "token");
        CHECK(f.add(f.task()).error().code == errc::not_found);
        f.folder.write("token", each.secret);
        f.http.expect(each.method, each.url, each.body, 418, "");
        CHECK(says(f.add(f.task()), "HTTP 418"));
        CHECK(f.http.requests.size() == 1);
    });
}

TEST_CASE("a token that is none is refused before it is sent") {
    for (const std::string bad : {"a b", "a\nb", "a\x01", "a\xc3\xbc"}) {
        api_fixture f;
        f.use(maker(&solvers::desec_settings::token, solvers::make_desec)(f, f.secret(bad)));
        const auto outcome = f.add(f.task());
        CHECK(outcome.error().code == errc::invalid_argument);
        CHECK(says(outcome, "does not hold one token and nothing else"));
        CHECK_FALSE(says(outcome, bad));
    }
}

TEST_CASE("every provider bears answers that make no sense") {
    for_each([](api_fixture& f, const row& each) {
        if (!each.reads) {
            return;
        }
        for (const std::string& answer :
             {std::string(), std::string("{"), std::string("<html>bad gateway</html>"), std::string("null"),
              std::string("5"), std::string("{}"), std::string("<x></x>"),
              std::string(R"({"result":{},"zone":[]})"), std::string("\xff\xfe\0", 3),
              std::string(5000, '[')}) {
            CAPTURE(answer.substr(0, 50));
            f.http.expect(each.method, each.url, each.body, 200, answer);
            const auto outcome = f.add(f.task());
            REQUIRE_FALSE(outcome.has_value());
            CHECK(outcome.error().code == errc::protocol);
            CHECK(says(outcome, "makes no sense"));
        }
    });
}

TEST_CASE("every provider gives up an answer that is too long") {
    for_each([](api_fixture& f, const row& each) {
        f.http.expect(each.method, each.url, each.body, 200, std::string(9 * 1024 * 1024, ' '));
        CHECK(f.add(f.task()).error().code == errc::too_large);
        CHECK(f.http.requests.size() == 1);
    });
}

TEST_CASE("every provider tries again what may pass, a bounded number of times") {
    for_each([](api_fixture& f, const row& each) {
        const auto begun = f.time.steady_now();
        f.http.expect(each.method, each.url, each.body, 503, "down");
        f.http.expect_failure(each.method, each.url, each.body, errc::timed_out);
        f.http.expect_failure(each.method, each.url, each.body, errc::network);
        f.http.expect(each.method, each.url, each.body, 418, "");
        CHECK(says(f.add(f.task()), "HTTP 418"));
        CHECK(f.time.steady_now() - begun == seconds(1 + 2 + 4));

        for (int i = 0; i < 4; ++i) {
            f.http.expect(each.method, each.url, each.body, 502, "still down");
        }
        auto outcome = f.add(f.task());
        CHECK(outcome.error().code == errc::network);
        CHECK(says(outcome, "(tried 4 times)"));
        CHECK(says(outcome, "still down"));

        f.http.expect_failure(each.method, each.url, each.body, errc::tls, "certificate has expired");
        outcome = f.add(f.task());
        CHECK(outcome.error().code == errc::tls);
        CHECK(says(outcome, "certificate has expired"));
    });
}

TEST_CASE("every provider waits as long as it is asked to, within its time") {
    for_each([](api_fixture& f, const row& each) {
        const auto begun = f.time.steady_now();
        f.http.expect(each.method, each.url, each.body, 429, "", {{"Retry-After", "20"}});
        f.http.expect(each.method, each.url, each.body, 429, "");
        f.http.expect(each.method, each.url, each.body, 429, "", {{"Retry-After", "0"}});
        f.http.expect(each.method, each.url, each.body, 429, "", {{"Retry-After", "99999"}});
        const auto outcome = f.add(f.task());
        CHECK(outcome.error().code == errc::busy);
        CHECK(says(outcome, "(tried 4 times)"));
        CHECK(f.time.steady_now() - begun == seconds(20 + 5 + 1));
    });
}

TEST_CASE("a provider that is cancelled stops, and the next one has its turn") {
    for_each([](api_fixture& f, const row& each) {
        f.http.expect_silence(each.method, each.url, each.body);
        auto first = f.start(f.provider->add(f.task()));
        f.time.run_ready();
        CHECK(f.http.requests.size() == 1);
        auto second = f.start(f.provider->add(f.task()));
        auto third = f.start(f.provider->add(f.task()));
        f.time.run_ready();
        CHECK(f.http.requests.size() == 1);
        second->stop.emit(asio::cancellation_type::all); // while it waits for its turn
        f.time.run_ready();
        CHECK(second->thrown != nullptr);
        f.http.expect(each.method, each.url, each.body, 418, "");
        first->stop.emit(asio::cancellation_type::all);
        f.time.run_ready();
        CHECK(first->thrown != nullptr);
        REQUIRE(third->ended());
        CHECK(says(*third->outcome, "HTTP 418"));
    });
}

TEST_CASE("a wait for a turn ends with the deadline") {
    for_each([](api_fixture& f, const row& each) {
        f.http.expect_silence(each.method, each.url, each.body);
        auto first = f.start(f.provider->add(f.task()));
        f.time.run_ready();
        const auto outcome = f.add(f.task());
        CHECK(outcome.error().code == errc::timed_out);
        CHECK(says(outcome, "other changes of the same name"));
        first->stop.emit(asio::cancellation_type::all);
        f.time.run_ready();
        CHECK(first->ended());
    });
}

TEST_CASE("names and values that belong into no request are refused; there is nothing of them to remove") {
    for_each([](api_fixture& f, const row&) {
        for (const std::string target : {"a/../b", "a b", "", "x?y=z", "a\r\nb", "*.example.com"}) {
            auto bad = f.task();
            bad.target = target;
            CHECK_FALSE(f.add(bad).has_value());
            CHECK(f.remove(bad).has_value());
        }
        CHECK_FALSE(f.add(f.task("two\nlines")).has_value());
    });
}
