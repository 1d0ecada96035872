// Ways to prove control, and which of them is for which name.
#include "config/load.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace evercert;
using namespace evercert::config;

namespace {

const std::string corp = "agree_to_terms: true\nissuers: {corp: {directory: \"https://ca.corp/d\"}}\n"
                         "defaults: {issuers: [corp]}\n";

settings good(const std::string& yaml) {
    auto loaded = load_text(yaml, "f");
    INFO((loaded ? "" : loaded.error().front().text));
    REQUIRE(loaded.has_value());
    return std::move(*loaded);
}

std::string wrong(const std::string& yaml) {
    const auto loaded = load_text(yaml, "f");
    std::string all;
    if (!loaded) {
        for (const mistake& each : loaded.error()) {
            all += std::to_string(each.line) + ":" + std::to_string(each.column) + ": " + each.key + ": " +
                   each.text + "\n";
        }
    }
    return all;
}

using names = std::vector<std::string>;

} // namespace

TEST_CASE("each kind of challenge has its own keys") {
    const settings s = good(corp + "certificates: []\nchallenges:\n"
                                   "  web: {type: http-01, webroot: /var/www/html/}\n"
                                   "  alpn: {type: tls-alpn-01}\n"
                                   "  alpn2: {type: tls-alpn-01, listen: \"127.0.0.1:10443\"}\n");
    CHECK(s.challenges.at("web") == challenge{"web", http01_webroot{"/var/www/html"}});
    CHECK(s.challenges.at("alpn") == challenge{"alpn", tls_alpn01_listener{{endpoint{"::", 443}}}});
    CHECK(s.challenges.at("alpn2") ==
          challenge{"alpn2", tls_alpn01_listener{{endpoint{"127.0.0.1", 10443}}}});
    CHECK(challenge_type(s.challenges.at("web")) == "http-01");
    CHECK(challenge_type(s.challenges.at("alpn")) == "tls-alpn-01");

    const std::string head = corp + "certificates: []\nchallenges: {c: {";
    CHECK(wrong(head + "type: http-01, webroot: /w, listen: \"[::]:80\"}}\n")
              .starts_with(
                  "5:65: challenges.c.listen: an http-01 challenge with a webroot does not have this key"));
    CHECK(wrong(head + "type: tls-alpn-01, webroot: /w}}\n").find("challenges.c.webroot") !=
          std::string::npos);
    CHECK(wrong(head + "type: tls-alpn-01, redirect_to_https: true}}\n").find("redirect_to_https") !=
          std::string::npos);
}

TEST_CASE("a challenge for each name, and the next where the first is not offered") {
    const std::string challenges = "challenges:\n  web: {type: http-01, webroot: /w}\n"
                                   "  alpn: {type: tls-alpn-01}\n";
    const settings s =
        good("agree_to_terms: true\nissuers: {corp: {directory: \"https://ca.corp/d\"}}\n" + challenges +
             "defaults: {issuers: [corp], challenge: [alpn, http], challenges: {\"*.d.example\": web}}\n"
             "certificates:\n"
             "  - {names: [a.example]}\n"
             "  - {names: [b.example], challenge: web}\n"
             "  - names: [c.example, www.c.example]\n"
             "    challenges: {\"*\": http, \"*.c.example\": [web, alpn], www.C.example: alpn, "
             "\"*.x.c.example\": web}\n");
    const auto policy = [&](std::size_t i) -> const issuance_policy& { return *s.certificates[i]->policy; };
    CHECK(policy(0).challenges == names{"alpn", "http"});
    CHECK(policy(0).challenge_rules == std::vector<challenge_rule>{{"*.d.example", {"web"}}});
    CHECK(policy(1).challenges == names{"web"});
    CHECK(policy(2).challenge_rules == std::vector<challenge_rule>{{"www.c.example", {"alpn"}},
                                                                   {"*.x.c.example", {"web"}},
                                                                   {"*.c.example", {"web", "alpn"}},
                                                                   {"*", {"http"}}});

    const std::string entry = corp + challenges + "certificates:\n  - names: [a.example]\n";
    CHECK(wrong(entry + "    challenge: [http, htp]\n")
              .starts_with("9:23: certificates[0].challenge[1]: there is no challenge \"htp\""));
    CHECK(wrong(entry + "    challenge: [http, http]\n").find("stands here twice") != std::string::npos);
    CHECK(wrong(entry + "    challenges: {\"*.a.example\": htp}\n").find("there is no challenge") !=
          std::string::npos);
    CHECK(wrong(entry + "    challenges: {\"a*.example\": http}\n").find("allowed: a map from names") !=
          std::string::npos);
    CHECK(wrong(entry + "    challenges: {a.example: http, a.example: web}\n").find("given twice") !=
          std::string::npos);
    CHECK(wrong(entry + "    challenges: {}\n").find("empty") != std::string::npos);
    CHECK(wrong(entry + "    challenges: {a.example: {b: c}}\n").find("a map is not accepted here") !=
          std::string::npos);
}

TEST_CASE("a name that none of its challenges can prove is a mistake") {
    const std::string text = wrong(corp + "certificates: [{names: [a.example, \"*.a.example\"]}]\n");
    CHECK(text.starts_with(
        "4:36: certificates[0].names[1]: \"*.a.example\" is a wildcard, which only dns-01 can prove; "
        "its challenge is http (http-01)"));
    CHECK(can_prove("http-01", {identifier::kind::ip, "192.0.2.1"}));
    CHECK(!can_prove("dns-01", {identifier::kind::ip, "192.0.2.1"}));
    CHECK(can_prove("dns-01", {identifier::kind::dns, "*.a.example"}));
    CHECK(!can_prove("tls-alpn-01", {identifier::kind::dns, "*.a.example"}));
}
