// Which certificate an order replaces (RFC 9773 section 5): said where the CA wants to know it, and never the
// cause of a failure.
#include "core/acme/new_order.hpp"
#include "tests/core/acme/acme_fixture.hpp"

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

namespace {

const std::string old_certificate = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";

struct replaces_fixture : acme_fixture {
    replaces_fixture() {
        ca.renewal_info_path = "/renewal-info";
        REQUIRE(open_account());
    }
    issuance replacing(const char* name = "a.example.com") {
        auto request = request_for(names({name}));
        request.replaces = old_certificate;
        return request;
    }
    outcome<issued> renew() { return run(acme->issue(replacing())); }
    [[nodiscard]] std::vector<bool> said_replaces() const { ///< of each newOrder
        std::vector<bool> all;
        for (const auto& request : ca.requests) {
            if (request.path == "/new-order") {
                all.push_back(request.payload.find("\"replaces\"") != std::string::npos);
            }
        }
        return all;
    }
};

http_response refusal_of(unsigned status, const std::string& type) {
    if (!type.empty()) {
        return scripted_ca::problem(status, type);
    }
    http_response answer;
    answer.status = status;
    return answer;
}

http_response with_wait(http_response answer) {
    answer.headers.emplace_back("Retry-After", "60");
    return answer;
}

http_response compound(unsigned status, const std::string& sub_type) {
    http_response answer = scripted_ca::problem(status, "compound");
    answer.body.insert(answer.body.size() - 1,
                       R"(,"subproblems":[{"type":"urn:ietf:params:acme:error:)" + sub_type + "\"}]");
    return answer;
}

} // namespace

TEST_CASE("an order says what it replaces where the directory has renewalInfo") {
    replaces_fixture f;
    REQUIRE(f.renew());
    CHECK(f.ca.orders.at(0).replaces == old_certificate);
    CHECK(f.events.count("acme.replaces_dropped") == 0);
    for (const auto& request : f.ca.requests) {
        if (request.path == "/new-order") {
            CHECK(request.payload ==
                  R"({"identifiers":[{"type":"dns","value":"a.example.com"}],"replaces":")" +
                      old_certificate + "\"}");
        }
    }
}

TEST_CASE("an order says nothing of it to a CA without renewalInfo, which would not understand") {
    replaces_fixture f;
    f.ca.renewal_info_path.clear();
    f.renew_client();
    REQUIRE(f.open_account());
    REQUIRE(f.renew());
    CHECK(f.said_replaces() == std::vector<bool>{false});
}

TEST_CASE("a certificate that has been replaced already is renewed all the same") {
    replaces_fixture f;
    REQUIRE(f.renew());
    REQUIRE(f.renew());
    CHECK(f.said_replaces() == std::vector<bool>{true, true, false});
    REQUIRE(f.events.last("acme.replaces_dropped") != nullptr);
    const event& dropped = *f.events.last("acme.replaces_dropped");
    CHECK(f.events.count("acme.replaces_dropped") == 1);
    CHECK(dropped.certificate == "example");
    CHECK(dropped.message.find("409 alreadyReplaced") != std::string::npos);
    CHECK(dropped.fields == std::vector<std::pair<std::string, std::string>>{
                                {"replaces", old_certificate},
                                {"reason", "alreadyReplaced: that certificate has been replaced"}});
}

TEST_CASE("each refusal that may stem from `replaces` is met by one try without") {
    const std::vector<http_response> refusals = {
        refusal_of(409, "alreadyReplaced"),
        refusal_of(409, "conflict"), // Pebble before 2.10
        refusal_of(409, ""),
        refusal_of(400, "alreadyReplaced"), // a CA that uses 400 for everything
        with_wait(refusal_of(409, "alreadyReplaced")),
        refusal_of(404, "malformed"),    // Boulder: a certificate or issuer that it does not know
        refusal_of(403, "unauthorized"), // of another account
        refusal_of(401, "unauthorized"),
        refusal_of(400, "malformed"),      // no name in common
        refusal_of(500, "serverInternal"), // Pebble: a serial number that it does not know
        refusal_of(400, ""),
        refusal_of(403, ""),
        refusal_of(404, ""),
        refusal_of(422, "somethingNew"),
        compound(400, "malformed"),
    };
    for (const auto& refusal : refusals) {
        CAPTURE(refusal.status, refusal.body);
        replaces_fixture f;
        f.ca.refuse_replaces = refusal;
        const auto got = f.renew();
        INFO((got ? std::string() : got.error().cause.text()));
        CHECK(got);
        CHECK(f.said_replaces() == std::vector<bool>{true, false});
        CHECK(f.events.count("acme.replaces_dropped") == 1);
        CHECK(f.ca.orders.size() == 1);
        CHECK(f.stored_orders.size() == 1);
    }
}

TEST_CASE("refusals that have another reason are passed on as they are") {
    const std::vector<http_response> refusals = {
        refusal_of(429, "rateLimited"),
        refusal_of(400, "rateLimited"), // step-ca
        refusal_of(429, ""),
        refusal_of(400, "rejectedIdentifier"),
        refusal_of(400, "unsupportedIdentifier"),
        refusal_of(400, "invalidProfile"),
        refusal_of(403, "userActionRequired"),
        refusal_of(403, "externalAccountRequired"),
        refusal_of(400, "badSignatureAlgorithm"),
        refusal_of(400, "badPublicKey"),
        refusal_of(403, "caa"),
        refusal_of(400, "dns"),
        refusal_of(405, "malformed"),
        refusal_of(413, "malformed"),
        refusal_of(415, "malformed"),
        refusal_of(408, ""),
        refusal_of(500, ""),
        refusal_of(502, ""),
        refusal_of(503, "serverInternal"),
        with_wait(refusal_of(500, "serverInternal")), // Boulder in trouble
        with_wait(refusal_of(403, "unauthorized")),
        with_wait(refusal_of(409, "")),
        compound(400, "rejectedIdentifier"),
        compound(403, "rateLimited"),
        refusal_of(302, ""),
    };
    for (const auto& refusal : refusals) {
        CAPTURE(refusal.status, refusal.body);
        replaces_fixture f;
        f.ca.refuse_replaces = refusal;
        const auto got = f.renew();
        REQUIRE_FALSE(got);
        CHECK(got.error().http_status == static_cast<int>(refusal.status));
        CHECK(f.said_replaces() == std::vector<bool>{true});
        CHECK(f.events.count("acme.replaces_dropped") == 0);
    }
}

TEST_CASE("a lost account or answer is no refusal of `replaces`") {
    replaces_fixture f;
    SECTION("an account that the CA has forgotten") {
        f.ca.forget_accounts();
        const auto got = f.renew();
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::account);
        CHECK(f.said_replaces().size() == 1);
    }
    SECTION("a connection that broke") {
        f.ca.after = [](const ca_request& r, http_response normal) -> result<http_response> {
            return r.path == "/new-order" ? result<http_response>(fail(errc::network, "connection reset"))
                                          : result<http_response>(std::move(normal));
        };
        REQUIRE_FALSE(f.renew());
        CHECK(f.said_replaces() == std::vector<bool>{true});
        // The CA has made that order; the next try finds the certificate replaced, and goes on without.
        f.ca.after = nullptr;
        CHECK(f.renew());
        CHECK(f.said_replaces() == std::vector<bool>{true, true, false});
    }
    SECTION("a refused nonce: the same is asked again") {
        f.ca.forget_nonces();
        REQUIRE(f.renew());
        CHECK(f.said_replaces() == std::vector<bool>{true, true});
        CHECK(f.ca.orders.at(0).replaces == old_certificate);
    }
}

TEST_CASE("when it is refused without `replaces` too, that refusal counts, and there is no third try") {
    replaces_fixture f;
    f.ca.before = [](const ca_request& r) -> std::optional<result<http_response>> {
        if (r.path != "/new-order") {
            return std::nullopt;
        }
        const bool with = r.payload.find("\"replaces\"") != std::string::npos;
        return result<http_response>(with ? scripted_ca::problem(403, "unauthorized", "first")
                                          : scripted_ca::problem(403, "unauthorized", "second"));
    };
    const auto got = f.renew();
    REQUIRE_FALSE(got);
    REQUIRE(got.error().said);
    CHECK(got.error().said->detail == "second");
    CHECK(f.said_replaces() == std::vector<bool>{true, false});
}

TEST_CASE("what else an order asks for stays when `replaces` is dropped") {
    replaces_fixture f;
    f.ca.profiles = {"classic", "shortlived"};
    f.ca.refuse_replaces = scripted_ca::problem(404, "malformed");
    f.renew_client();
    REQUIRE(f.open_account());
    auto request = f.replacing();
    request.profile = "shortlived";
    REQUIRE(f.run(f.acme->issue(std::move(request))));
    CHECK(f.ca.orders.at(0).profile == "shortlived");
    CHECK(f.ca.orders.at(0).replaces.empty());
}

TEST_CASE("a CA that fails over `replaces` of one order does not fail those that wait behind it") {
    replaces_fixture f;
    f.ca.latency = milliseconds(20);
    f.ca.refuse_replaces = scripted_ca::problem(500, "serverInternal");
    std::size_t good = 0;
    std::size_t ended = 0;
    for (const char* name : {"a.example.com", "b.example.com", "c.example.com", "d.example.com"}) {
        auto on_end = [&](std::exception_ptr, const outcome<issued>& got) {
            ++ended;
            good += got ? 1U : 0U;
        };
        asio::co_spawn(f.loop, f.acme->issue(f.replacing(name)), on_end);
    }
    REQUIRE(f.time.run_until([&] { return ended == 4; }, std::chrono::hours(1)));
    CHECK(good == 4);
}

TEST_CASE("only refusals of the new order itself are looked at") {
    failure refused(step::new_order, error(errc::refused, "no"));
    refused.http_status = 409;
    CHECK(may_blame_replaces(refused));
    for (const step other : {step::directory, step::nonce, step::account, step::order, step::finalize}) {
        refused.where = other;
        CHECK_FALSE(may_blame_replaces(refused));
    }
    refused.where = step::new_order;
    refused.http_status = 0;
    CHECK_FALSE(may_blame_replaces(refused));
    refused.http_status = 200;
    CHECK_FALSE(may_blame_replaces(refused));
}
