#include "core/model/managed_certificate.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;

namespace {

identifier dns(std::string value) {
    return {identifier::kind::dns, std::move(value)};
}

} // namespace

TEST_CASE("patterns of names") {
    struct row {
        std::string_view pattern;
        identifier name;
        bool same;
    };
    const std::vector<row> table = {
        {"example.com", dns("example.com"), true},
        {"example.com", dns("www.example.com"), false},
        {"example.com", dns("*.example.com"), false},
        {"*.example.com", dns("*.example.com"), true},
        {"*.example.com", dns("www.example.com"), true},
        {"*.example.com", dns("*.www.example.com"), true},
        {"*.example.com", dns("a.b.example.com"), true},
        {"*.example.com", dns("example.com"), false},
        {"*.example.com", dns("badexample.com"), false},
        {"*", dns("example.com"), true},
        {"*", dns("*.example.com"), true},
        {"*", {identifier::kind::ip, "192.0.2.1"}, true},
        {"192.0.2.1", {identifier::kind::ip, "192.0.2.1"}, true},
        {"*.0.2.1", {identifier::kind::ip, "192.0.2.1"}, false},
    };
    for (const row& r : table) {
        CAPTURE(r.pattern, r.name.value);
        CHECK(matches(r.pattern, r.name) == r.same);
    }
}

TEST_CASE("the first rule that matches says how a name is proven") {
    issuance_policy policy;
    policy.challenges = {"http", "alpn"};
    policy.challenge_rules = {{"www.example.com", {"web"}}, {"*.example.com", {"dns", "http"}}};
    CHECK(challenges_for(policy, dns("example.com")) == std::vector<std::string>{"http", "alpn"});
    CHECK(challenges_for(policy, dns("www.example.com")) == std::vector<std::string>{"web"});
    CHECK(challenges_for(policy, dns("*.example.com")) == std::vector<std::string>{"dns", "http"});
    CHECK(all_challenges(policy) == std::vector<std::string>{"http", "alpn", "web", "dns"});
    CHECK(challenges_text(policy) == "http, alpn; www.example.com: web; *.example.com: dns, http");
}
