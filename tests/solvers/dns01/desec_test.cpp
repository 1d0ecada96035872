#include "solvers/dns01/desec.hpp"
#include "tests/solvers/dns01/api_fixture.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

struct desec_fixture : api_fixture {
    desec_fixture() { with({}); }
    void with(solvers::desec_settings settings) {
        settings.token = secret();
        use(solvers::make_desec(world, std::move(settings)));
        http.headers = headers_with({"Authorization", "Token t0ken"});
    }

    const std::string api = "https://desec.io/api/v1";
    const std::string sets = api + "/domains/example.com/rrsets/";
    const std::string one = sets + "_acme-challenge.www/TXT/";

    void expect_domain(const std::string& list = R"({"name":"example.com","minimum_ttl":3600})") {
        http.expect("GET", api + "/domains/?owns_qname=_acme-challenge.www.example.com", "", 200,
                    "[" + list + "]");
    }
    static std::string quoted(const std::vector<std::string>& values) {
        std::string list;
        for (const auto& each : values) {
            list += (list.empty() ? "" : ",") + (R"("\")" + each + R"(\"")");
        }
        return list;
    }
    void expect_set(const std::vector<std::string>& values) {
        http.expect("GET", one, "", 200,
                    R"({"subname":"_acme-challenge.www","ttl":7200,"type":"TXT","records":[)" +
                        quoted(values) + "]}");
    }
    static std::string patch(const std::vector<std::string>& values, const std::string& ttl = "",
                             const std::string& subname = "_acme-challenge.www") {
        return R"([{"subname":")" + subname + R"(","type":"TXT",)" + ttl + R"("records":[)" + quoted(values) +
               "]}]";
    }
};

} // namespace

TEST_CASE_METHOD(desec_fixture, "deSEC: a set is made with the domain's lowest TTL, another value joins it") {
    expect_domain();
    http.expect("GET", one, "", 404, R"({"detail":"Not found."})");
    http.expect("PATCH", sets, patch({value}, R"("ttl":3600,)"), 200, "[]");
    REQUIRE(add(task()).has_value());
    expect_set({value});
    http.expect("PATCH", sets, patch({value, other}), 200, "[]");
    CHECK(add(task(other)).has_value());
    expect_set({value, other});
    CHECK(add(task(other)).has_value());
}

TEST_CASE_METHOD(desec_fixture, "deSEC: only the own value is removed; with the last the set goes") {
    expect_domain();
    expect_set({other, value, "v=spf1 -all"});
    http.expect("PATCH", sets, patch({other, "v=spf1 -all"}), 200, "[]");
    REQUIRE(remove(task()).has_value());
    expect_set({value});
    http.expect("PATCH", sets, patch({}), 200, "[]");
    CHECK(remove(task()).has_value());
    expect_set({other});
    CHECK(remove(task()).has_value());
    http.expect("GET", one, "", 404, R"({"detail":"Not found."})");
    CHECK(remove(task()).has_value());
}

TEST_CASE_METHOD(desec_fixture,
                 "deSEC: two changes of one name at once follow each other; another name does not wait") {
    expect_domain();
    http.expect_silence("GET", one, "");
    auto first = start(provider->add(task()));
    time.run_ready();
    auto second = start(provider->add(task(other)));
    time.run_ready();
    CHECK(http.requests.size() == 2); // the second has not begun
    http.expect("GET", api + "/domains/?owns_qname=_acme-challenge.b.example.com", "", 200, "[]");
    CHECK(says(add(task(value, "b.example.com")), "no zone for it"));

    http.expect("GET", one, "", 404, "{}");
    http.expect("PATCH", sets, patch({other}, R"("ttl":3600,)"), 200, "[]");
    first->stop.emit(asio::cancellation_type::all);
    time.run_ready();
    CHECK(first->thrown != nullptr);
    REQUIRE(second->ended());
    CHECK(second->outcome->has_value());
}

TEST_CASE_METHOD(desec_fixture, "deSEC: two values written at once are both there in the end") {
    expect_domain();
    http.expect("GET", one, "", 404, "{}");
    http.expect("PATCH", sets, patch({value}, R"("ttl":3600,)"), 200, "[]");
    expect_set({value});
    http.expect("PATCH", sets, patch({value, other}), 200, "[]");
    auto first = start(provider->add(task()));
    auto second = start(provider->add(task(other)));
    REQUIRE(time.run_until([&] { return first->ended() && second->ended(); }));
    CHECK(first->outcome->has_value());
    CHECK(second->outcome->has_value());
}

TEST_CASE_METHOD(desec_fixture, "deSEC: the apex of a domain has its own names, and the TTL may be longer") {
    solvers::desec_settings settings;
    settings.zone = "_acme-challenge.www.example.com";
    settings.ttl = 4000;
    with(settings);
    const std::string zone = api + "/domains/_acme-challenge.www.example.com/";
    http.expect("GET", zone, "", 200, R"({"name":"_acme-challenge.www.example.com","minimum_ttl":60})");
    http.expect("GET", zone + "rrsets/@/TXT/", "", 404, "{}");
    http.expect("PATCH", zone + "rrsets/", patch({value}, R"("ttl":4000,)", ""), 200, "[]");
    CHECK(add(task()).has_value());
}

TEST_CASE_METHOD(desec_fixture,
                 "deSEC: a wait that is asked for is kept, unless it is longer than there is time") {
    expect_domain();
    expect_set({other});
    http.expect("PATCH", sets, patch({other, value}), 429, R"({"detail":"throttled"})",
                {{"Retry-After", "50"}});
    http.expect("PATCH", sets, patch({other, value}), 200, "[]");
    const auto begun = time.steady_now();
    REQUIRE(add(task()).has_value());
    CHECK(time.steady_now() - begun == seconds(50));

    expect_set({other});
    http.expect("PATCH", sets, patch({other, value}), 429, R"({"detail":"throttled"})",
                {{"Retry-After", "3600"}});
    const auto outcome = add(task());
    CHECK(outcome.error().code == errc::busy);
    CHECK(says(outcome, "throttled"));
    CHECK(time.steady_now() - begun == seconds(50)); // it did not wait in vain
}

TEST_CASE_METHOD(desec_fixture, "deSEC: odd answers are errors, and no path is made of them") {
    for (const std::string answer :
         {R"({"name":"example.com"})", "[1]", R"([{"name":"example.net"}])", R"([{"name":"a/../b"}])",
          R"([{"name":"example.com","minimum_ttl":"x"}])", R"([{"name":5}])", "", "[", "<html>"}) {
        CAPTURE(answer);
        http.expect("GET", api + "/domains/?owns_qname=_acme-challenge.www.example.com", "", 200, answer);
        CHECK(add(task()).error().code == errc::protocol);
    }
    expect_domain();
    http.expect("GET", one, "", 200, R"({"records":"x"})");
    CHECK(add(task()).error().code == errc::protocol);
}
