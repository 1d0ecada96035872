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
                  "5:54: challenges.c.listen: an http-01 challenge with a webroot does not have this key"));
    CHECK(wrong(head + "type: tls-alpn-01, webroot: /w}}\n").find("challenges.c.webroot") !=
          std::string::npos);
    CHECK(wrong(head + "type: tls-alpn-01, redirect_to_https: true}}\n").find("redirect_to_https") !=
          std::string::npos);
}

TEST_CASE("a DNS challenge knows its provider, and the provider its keys") {
    const settings s = good(
        corp +
        "certificates: [{names: [a.example, \"*.a.example\"], challenge: dns}]\nchallenges:\n"
        "  dns: {type: dns-01, provider: rfc2136, server: \"10.0.0.53:53\", tsig_key_file: /etc/tsig.key,\n"
        "        ttl: 90s, propagation: warn, propagation_timeout: 5m, resolvers: [\"127.0.0.1:53\"]}\n"
        "  account: {type: dns-account-01, provider: cloudflare, secret_credential: cf}\n"
        "  passed: {type: dns-01, provider: rfc2136, server: \"10.0.0.53:53\", tsig_key_credential: tsig}\n"
        "  pdns: {type: dns-01, provider: powerdns, url: \"http://127.0.0.1:8081\", secret_file: /etc/pdns}\n"
        "  hook: {type: dns-01, provider: exec, convention: certbot, command: [/a, b], cleanup_command: "
        "[/c]}\n");
    dns_challenge update;
    update.provider = "rfc2136";
    update.server = endpoint{"10.0.0.53", 53};
    update.secret_file = "/etc/tsig.key";
    update.ttl = 90;
    update.propagation = "warn";
    update.propagation_timeout = std::chrono::minutes(5);
    update.resolvers = {endpoint{"127.0.0.1", 53}};
    CHECK(s.challenges.at("dns") == challenge{"dns", update});
    // It has resolvers of its own; others have those of all.
    CHECK(std::get<dns_challenge>(good(corp +
                                       "certificates: []\nresolvers: [\"192.0.2.1:53\"]\n"
                                       "challenges: {c: {type: dns-01, provider: desec, secret_file: /a}}\n")
                                      .challenges.at("c")
                                      .how)
              .resolvers == std::vector{endpoint{"192.0.2.1", 53}});
    CHECK(challenge_type(s.challenges.at("dns")) == "dns-01");
    CHECK(challenge_type(s.challenges.at("account")) == "dns-account-01");
    CHECK(std::get<dns_challenge>(s.challenges.at("account").how).secret_credential == "cf");
    CHECK(std::get<dns_challenge>(s.challenges.at("passed").how).secret_credential == "tsig");
    CHECK(std::get<dns_challenge>(s.challenges.at("pdns").how).url == "http://127.0.0.1:8081");
    CHECK(std::get<dns_challenge>(s.challenges.at("hook").how).cleanup_command == names{"/c"});

    const std::string head = corp + "certificates: []\nchallenges: {c: {type: dns-01, ";
    struct row {
        std::string_view keys;
        std::string_view mistake;
    };
    const std::vector<row> table = {
        {"provider: rfc2136", "challenges.c.server: the provider rfc2136 needs server"},
        {"provider: cloudflare",
         "challenges.c.secret_file: the provider cloudflare needs secret_file or secret_credential"},
        {"provider: cloudflare, secret_file: /a, secret_credential: b", "exclude each other"},
        {"provider: rfc2136, server: \"1.2.3.4:53\", tsig_key_file: /a, tsig_key_credential: b",
         "challenges.c.tsig_key_credential: tsig_key_file and tsig_key_credential exclude each other"},
        {"provider: cloudflare, secret_file: /a, tsig_key_credential: b",
         "challenges.c.tsig_key_credential: the provider cloudflare does not have this key"},
        {"provider: cloudflare, secret_file: /a, server: \"1.2.3.4:53\"",
         "challenges.c.server: the provider cloudflare does not have this key"},
        {"provider: exec, convention: lego", "challenges.c.command: the provider exec needs command"},
        {"provider: exec, convention: lego, command: [x], listen: \"1.2.3.4:53\"", "challenges.c.listen"},
        {"provider: exec, convention: lego, command: [x], cleanup_command: [y]",
         "challenges.c.cleanup_command: only the convention of certbot has this key"},
        {"provider: exec, convention: certbot, command: [x], account_conf: /y",
         "challenges.c.account_conf: only the convention of acme.sh has this key"},
        {"provider: exec, convention: certbot, command: [x], chain: true",
         "challenges.c.chain: only the convention of dehydrated has this key"},
        {"provider: powerdns, secret_file: /a, url: \"ftp://a\"", "an https or http URL is wanted"},
        {"provider: clodflare, secret_file: /a", "did you mean \"cloudflare\"?"},
    };
    for (const row& r : table) {
        CAPTURE(r.keys);
        const std::string text = wrong(head + std::string(r.keys) + "}}\n");
        CAPTURE(text);
        CHECK(text.find(r.mistake) != std::string::npos);
    }
}

TEST_CASE("evercert's own name server") {
    const settings s = good(corp + "certificates: []\nchallenges:\n"
                                   "  a: {type: dns-01, provider: self, nameserver: NS.Acme.example.}\n"
                                   "  b: {type: dns-account-01, provider: self, listen: \"127.0.0.1:5353\", "
                                   "nameserver: ns.acme.example, zone: acme.EXAMPLE, ttl: 5s,\n"
                                   "      addresses: [192.0.2.1, \"2001:DB8::1\"]}\n");
    dns_challenge wanted;
    wanted.provider = "self";
    wanted.own = own_name_server{{endpoint{"::", 53}}, "ns.acme.example", "", {}};
    CHECK(s.challenges.at("a") == challenge{"a", wanted});
    wanted.per_account = true;
    wanted.ttl = 5;
    wanted.own = own_name_server{
        {endpoint{"127.0.0.1", 5353}}, "ns.acme.example", "acme.example", {"192.0.2.1", "2001:db8::1"}};
    CHECK(s.challenges.at("b") == challenge{"b", wanted});

    const std::string head = corp + "certificates: []\nchallenges: {c: {type: dns-01, provider: self, ";
    struct row {
        std::string_view keys;
        std::string_view mistake;
    };
    const std::vector<row> table = {
        {"zone: acme.example", "challenges.c.nameserver: the provider self needs nameserver"},
        {"nameserver: ns.a.example, addresses: 192.0.2.1", "since there is no zone here; leave them out"},
        {"nameserver: ns.b.example, zone: a.example, addresses: 192.0.2.1", "it is not within a.example"},
        {"nameserver: xa.example, zone: a.example, addresses: 192.0.2.1", "it is not within a.example"},
        {"nameserver: ns.a.example, zone: a.example",
         "challenges.c.addresses: ns.a.example lies within a.example"},
        {"nameserver: ns.b.example, zone: \"*.a.example\"", "challenges.c.zone: the zone is not a DNS name"},
        {"nameserver: ns.b.example, zone: 192.0.2.1", "challenges.c.zone: the zone is not a DNS name"},
        {"nameserver: ns.b.example, zone: a b", "challenges.c.zone: the zone is not a DNS name"},
        {"nameserver: ns.a.example, zone: a.example, addresses: [192.0.2.1, 192.0.2.1]", "stands here twice"},
        {"nameserver: ns.a.example, server: \"1.2.3.4:53\"",
         "challenges.c.server: the provider self does not have"},
        {"nameserver: ns.a.example, secret_file: /a",
         "challenges.c.secret_file: the provider self does not have"},
        {"nameserver: ns.a.example, webroot: /a", "challenges.c.webroot: the provider self does not have"},
    };
    for (const row& r : table) {
        CAPTURE(r.keys);
        const std::string text = wrong(head + std::string(r.keys) + "}}\n");
        CAPTURE(text);
        CHECK(text.find(r.mistake) != std::string::npos);
    }
}

TEST_CASE("a standing record needs nobody who writes it") {
    const settings s = good(
        corp + "certificates: [{names: [a.example, \"*.a.example\"], challenge: standing}]\nchallenges:\n"
               "  standing: {type: dns-persist-01}\n"
               "  other: {type: dns-persist-01, resolvers: [\"127.0.0.1:53\"], propagation: warn,\n"
               "          propagation_timeout: 5m}\n");
    CHECK(s.challenges.at("standing") == challenge{"standing", dns_persist_challenge{}});
    dns_persist_challenge other;
    other.propagation = "warn";
    other.propagation_timeout = std::chrono::minutes(5);
    other.resolvers = {endpoint{"127.0.0.1", 53}};
    CHECK(s.challenges.at("other") == challenge{"other", other});
    CHECK(challenge_type(s.challenges.at("other")) == "dns-persist-01");

    const std::string head = corp + "challenges: {c: {type: dns-persist-01";
    const std::string text = wrong(head + ", provider: rfc2136}}\ncertificates: []\n");
    CHECK(text.find("challenges.c.provider: a dns-persist-01 challenge does not have this key, but: "
                    "propagation, propagation_timeout, resolvers") != std::string::npos);
    CHECK(wrong(head + "}}\ncertificates: [{names: [192.0.2.1], challenge: c}]\n")
              .find("its challenge is c (dns-persist-01)") != std::string::npos);
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
    CHECK(text.starts_with("4:36: certificates[0].names[1]: \"*.a.example\" is a wildcard, which only dns-01 "
                           "and dns-persist-01 can prove; "
                           "its challenge is http (http-01)"));
    CHECK(can_prove("http-01", {identifier::kind::ip, "192.0.2.1"}));
    CHECK(!can_prove("dns-01", {identifier::kind::ip, "192.0.2.1"}));
    CHECK(can_prove("dns-01", {identifier::kind::dns, "*.a.example"}));
    CHECK(!can_prove("tls-alpn-01", {identifier::kind::dns, "*.a.example"}));
}
