// Every state of an authorization and its challenge at every step.
#include "core/acme/authorization_flow.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::acme;
using kind = authorization_event::kind;
using act = authorization_action;

namespace {

const std::vector<identifier> ours{parse_identifier("a.example.com").value(),
                                   parse_identifier("*.b.example.com").value()};

problem said(std::string type) {
    problem p;
    p.type = std::move(type);
    return p;
}

authorization in(authorization_status status, challenge_status c = challenge_status::pending,
                 std::optional<problem> trouble = std::nullopt) {
    authorization made;
    made.status = status;
    made.name = ours[0];
    challenge other;
    other.type = "quantum-99";
    other.url = "https://ca.example/c/0";
    other.token = "t0";
    challenge one;
    one.type = "http-01";
    one.url = "https://ca.example/c/1";
    one.token = "t1";
    one.status = c;
    one.trouble = std::move(trouble);
    made.challenges = {other, one};
    return made;
}

authorization_event seen(authorization a) {
    return authorization_event(std::move(a));
}

std::vector<std::string> only_http(const identifier&) {
    return {"http-01"};
}

authorization_flow fetching() {
    authorization_flow flow(ours, only_http);
    REQUIRE(flow.resume(authorization_event(kind::started)) == act::fetch);
    return flow;
}

authorization_flow polling() {
    authorization_flow flow = fetching();
    REQUIRE(flow.resume(seen(in(authorization_status::pending))) == act::present);
    REQUIRE(flow.resume(authorization_event(kind::presented)) == act::wait_ready);
    REQUIRE(flow.resume(authorization_event(kind::ready)) == act::trigger);
    challenge answer;
    answer.status = challenge_status::processing;
    REQUIRE(flow.resume(authorization_event(answer)) == act::poll);
    return flow;
}

} // namespace

TEST_CASE("an authorization, in each status, at the first look and while polling") {
    struct row {
        authorization_status status;
        act first, later;
    };
    const std::vector<row> table = {{authorization_status::pending, act::present, act::poll},
                                    {authorization_status::valid, act::finish, act::finish},
                                    {authorization_status::invalid, act::fail, act::fail},
                                    {authorization_status::deactivated, act::fail, act::fail},
                                    {authorization_status::expired, act::fail, act::fail},
                                    {authorization_status::revoked, act::fail, act::fail},
                                    {authorization_status::unknown, act::poll, act::poll}};
    for (const auto& r : table) {
        CAPTURE(to_string(r.status));
        authorization_flow a = fetching();
        CHECK(to_string(a.resume(seen(in(r.status)))) == to_string(r.first));
        authorization_flow b = polling();
        CHECK(to_string(b.resume(seen(in(r.status, challenge_status::processing)))) == to_string(r.later));
        if (r.later == act::fail) {
            CHECK(b.trouble().order_gone);
            CHECK(b.trouble().name == ours[0]);
            CHECK_FALSE(b.pending());
        }
    }
}

TEST_CASE("a challenge, in each status, at the first look, as answer to the trigger and while polling") {
    struct row {
        challenge_status status;
        act first, triggered, later;
    };
    const std::vector<row> table = {{challenge_status::pending, act::present, act::poll, act::poll},
                                    {challenge_status::processing, act::present, act::poll, act::poll},
                                    {challenge_status::valid, act::poll, act::finish, act::poll},
                                    {challenge_status::invalid, act::fail, act::fail, act::fail},
                                    {challenge_status::unknown, act::present, act::poll, act::poll}};
    for (const auto& r : table) {
        CAPTURE(to_string(r.status));
        authorization_flow a = fetching();
        CHECK(to_string(a.resume(seen(in(authorization_status::pending, r.status)))) == to_string(r.first));
        authorization_flow b = fetching();
        b.resume(seen(in(authorization_status::pending)));
        b.resume(authorization_event(kind::presented));
        b.resume(authorization_event(kind::ready));
        challenge answer;
        answer.status = r.status;
        CHECK(to_string(b.resume(authorization_event(answer))) == to_string(r.triggered));
        authorization_flow c = polling();
        CHECK(to_string(c.resume(seen(in(authorization_status::pending, r.status)))) == to_string(r.later));
    }
}

TEST_CASE("a challenge under validation is answered but not triggered again") {
    authorization_flow flow = fetching();
    CHECK(flow.resume(seen(in(authorization_status::pending, challenge_status::processing))) == act::present);
    CHECK(flow.resume(authorization_event(kind::presented)) == act::wait_ready);
    CHECK(flow.resume(authorization_event(kind::ready)) == act::poll);
}

TEST_CASE("only our type with a good token is taken") {
    SECTION("no such type") {
        authorization_flow flow(ours, [](const identifier&) { return std::vector<std::string>{"dns-01"}; });
        flow.resume(authorization_event(kind::started));
        CHECK(flow.resume(seen(in(authorization_status::pending))) == act::fail);
        CHECK(flow.trouble().cause.code == errc::unsupported);
        CHECK(flow.trouble().cause.foreign == "quantum-99, http-01");
    }
    SECTION("no token") {
        authorization_flow flow = fetching();
        authorization a = in(authorization_status::pending);
        a.challenges[1].token.clear();
        CHECK(flow.resume(seen(a)) == act::fail);
        CHECK(flow.trouble().cause.code == errc::protocol);
    }
    SECTION("the second of our type has one") {
        authorization_flow flow = fetching();
        authorization a = in(authorization_status::pending);
        a.challenges[0].type = "http-01";
        a.challenges[0].token.clear();
        CHECK(flow.resume(seen(a)) == act::present);
        CHECK(flow.chosen().token == "t1");
    }
}

TEST_CASE("the name must be one of ours") {
    authorization a = in(authorization_status::pending);
    SECTION("a wildcard as the CA writes it") {
        a.name = ours[1];
        CHECK(fetching().resume(seen(a)) == act::present);
    }
    SECTION("a wildcard whose flag the CA forgot") {
        a.name = parse_identifier("b.example.com").value();
        CHECK(fetching().resume(seen(a)) == act::present);
    }
    SECTION("a wildcard nobody asked for") {
        a.name = parse_identifier("*.a.example.com").value();
        CHECK(fetching().resume(seen(a)) == act::fail);
    }
    SECTION("somebody else's") {
        a.name = parse_identifier("evil.example.com").value();
        CHECK(fetching().resume(seen(a)) == act::fail);
    }
}

TEST_CASE("a challenge with an error that is not decided is asked once more, then given up") {
    for (const auto status : {challenge_status::pending, challenge_status::processing}) {
        authorization_flow flow = polling();
        const auto stuck = [&] {
            return flow.resume(seen(in(authorization_status::pending, status, said("connection"))));
        };
        CHECK(stuck() == act::poll);
        CHECK(flow.stuck());
        CHECK(stuck() == act::trigger);
        challenge answer;
        answer.status = status;
        CHECK(flow.resume(authorization_event(answer)) == act::poll);
        CHECK(stuck() == act::poll);
        CHECK(stuck() == act::poll);
        CHECK(stuck() == act::fail);
        CHECK(flow.trouble().said->is("connection"));
        CHECK(flow.trouble().order_gone);
        CHECK(flow.pending()); // to be deactivated
    }
}

TEST_CASE("a refused trigger") {
    authorization_flow flow = fetching();
    flow.resume(seen(in(authorization_status::pending)));
    flow.resume(authorization_event(kind::presented));
    flow.resume(authorization_event(kind::ready));
    failure why(step::challenge, error(errc::refused, "no"));
    why.http_status = 400;
    SECTION("because the challenge is not pending any more: the authorization decides") {
        why.said = said("malformed");
        CHECK(flow.resume(authorization_event(kind::trigger_refused, why)) == act::poll);
        CHECK(flow.resume(seen(in(authorization_status::valid, challenge_status::valid))) == act::finish);
    }
    SECTION("by conflict, and it is under way") {
        why.said = said("conflict");
        CHECK(flow.resume(authorization_event(kind::trigger_refused, why)) == act::poll);
        CHECK(flow.resume(seen(in(authorization_status::pending, challenge_status::processing))) ==
              act::poll);
    }
    SECTION("although it is still pending: that is the failure") {
        why.said = said("malformed");
        CHECK(flow.resume(authorization_event(kind::trigger_refused, why)) == act::poll);
        CHECK(flow.resume(seen(in(authorization_status::pending))) == act::fail);
        CHECK(flow.trouble().said->is("malformed"));
    }
    SECTION("for a cause that waiting helps") {
        why.said = said("rateLimited");
        CHECK(flow.resume(authorization_event(kind::trigger_refused, why)) == act::fail);
        CHECK_FALSE(flow.trouble().order_gone);
    }
}

TEST_CASE("of several challenges the first that the CA offers is taken") {
    const auto offer = [](std::vector<challenge> offered) {
        authorization made = in(authorization_status::pending);
        made.challenges = std::move(offered);
        return made;
    };
    const auto make = [](std::string type, challenge_status status = challenge_status::pending) {
        challenge one;
        one.url = "https://ca.example/c/" + type;
        one.token = "t";
        one.type = std::move(type);
        one.status = status;
        return one;
    };
    const auto flow_with = [](std::vector<std::string> types) {
        authorization_flow flow(ours, [types = std::move(types)](const identifier&) { return types; });
        REQUIRE(flow.resume(authorization_event(kind::started)) == act::fetch);
        return flow;
    };
    challenge tokenless = make("tls-alpn-01");
    tokenless.token.clear();

    SECTION("in our order, not the CA's") {
        authorization_flow flow = flow_with({"tls-alpn-01", "http-01"});
        CHECK(flow.resume(seen(offer({make("http-01"), make("tls-alpn-01")}))) == act::present);
        CHECK(flow.chosen().type == "tls-alpn-01");
    }
    SECTION("what is not offered, or cannot be used, is passed over") {
        authorization_flow missing = flow_with({"tls-alpn-01", "http-01"});
        CHECK(missing.resume(seen(offer({make("dns-01"), make("http-01")}))) == act::present);
        CHECK(missing.chosen().type == "http-01");
        authorization_flow spoilt = flow_with({"tls-alpn-01", "http-01"});
        CHECK(spoilt.resume(seen(offer({tokenless, make("http-01")}))) == act::present);
        CHECK(spoilt.chosen().type == "http-01");
    }
    SECTION("one that the CA is at work on stays") {
        authorization_flow flow = flow_with({"tls-alpn-01", "http-01"});
        CHECK(flow.resume(seen(offer(
                  {make("tls-alpn-01"), make("http-01", challenge_status::processing)}))) == act::present);
        CHECK(flow.chosen().type == "http-01");
    }
    SECTION("none: the error says what there is") {
        authorization_flow none = flow_with({"tls-alpn-01", "dns-01"});
        CHECK(none.resume(seen(offer({make("http-01")}))) == act::fail);
        CHECK(none.trouble().cause.code == errc::unsupported);
        CHECK(none.trouble().cause.message.find("tls-alpn-01 or dns-01") != std::string::npos);
        CHECK(none.trouble().cause.foreign == "http-01");
        authorization_flow spoilt = flow_with({"tls-alpn-01"});
        CHECK(spoilt.resume(seen(offer({tokenless}))) == act::fail);
        CHECK(spoilt.trouble().cause.code == errc::protocol);
        authorization_flow nobody = flow_with({});
        CHECK(nobody.resume(seen(offer({make("http-01")}))) == act::fail);
        CHECK(nobody.trouble().cause.message.find("no challenge is configured") != std::string::npos);
    }
    SECTION("dns-persist-01 has no token, but names of the CA") {
        challenge standing = make("dns-persist-01");
        standing.token.clear();
        standing.issuer_domains = {"ca.example"};
        authorization_flow flow = flow_with({"dns-persist-01"});
        CHECK(flow.resume(seen(offer({standing}))) == act::present);
        standing.issuer_domains.clear();
        authorization_flow nameless = flow_with({"dns-persist-01"});
        CHECK(nameless.resume(seen(offer({standing}))) == act::fail);
    }
}
