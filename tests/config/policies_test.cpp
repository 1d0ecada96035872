// Issuers, keys, key reuse and profiles: from `defaults` and from entries, and shared by those that say the
// same.
#include "tests/config/loading.hpp"
#include "tests/support/temp_folder.hpp"

#include <fmt/format.h>

#include <set>
#include <string>
#include <vector>

using namespace evercert;
using namespace evercert::testing;
using config::settings;

namespace {

const std::string start = "email: ops@example.com\nagree_to_terms: true\n";
// Two private CAs: what public ones refuse is theirs to decide.
const std::string corp =
    "issuers: {corp: {directory: \"https://c/d\"}, east: {directory: \"https://e/d\"}}\n";

const issuance_policy& policy(const settings& s, std::size_t i) {
    return *s.certificates.at(i)->policy;
}

} // namespace

TEST_CASE("an entry changes what it gives and has the rest from defaults") {
    const settings s =
        good(start + corp +
             "defaults: {issuers: [corp, letsencrypt], keys: [rsa-2048], reuse_key: true, profile: p, "
             "deploy: [nginx]}\n"
             "certificates:\n"
             "  - names: [a.example]\n"
             "  - {names: [b.example], issuers: [letsencrypt, corp]}\n"
             "  - {names: [c.example], keys: [ecdsa-p256, rsa-2048]}\n"
             "  - {names: [d.example], reuse_key: false}\n"
             "  - {names: [e.example], profile: q}\n"
             "  - {names: [f.example], deploy: []}\n"
             "  - {names: [g.example], preflight: enforce}\n");
    issuance_policy expected = {.issuers = {"corp", "letsencrypt"},
                                .challenges = {"http"},
                                .keys = {key_type::rsa_2048},
                                .reuse_key = true,
                                .profile = "p",
                                .deploy = {"nginx"}};
    CHECK(policy(s, 0) == expected);
    issuance_policy own = expected;
    own.issuers = {"letsencrypt", "corp"};
    CHECK(policy(s, 1) == own);
    own = expected;
    own.keys = {key_type::ecdsa_p256, key_type::rsa_2048};
    CHECK(policy(s, 2) == own);
    own = expected;
    own.reuse_key = false;
    CHECK(policy(s, 3) == own);
    own = expected;
    own.profile = "q";
    CHECK(policy(s, 4) == own);
    own = expected;
    own.deploy = {};
    CHECK(policy(s, 5) == own);
    own = expected;
    own.preflight = preflight_mode::enforce;
    CHECK(policy(s, 6) == own);
}

TEST_CASE("as many issuers and keys as are allowed arrive in their order") {
    std::string issuers = "issuers:\n";
    for (int i = 1; i <= 9; ++i) {
        issuers += fmt::format("  ca{0}: {{directory: \"https://ca{0}/d\"}}\n", i);
    }
    const settings s =
        good(start + issuers +
             "certificates: [{names: [a.example], issuers: [ca8, ca1, ca7, ca2, ca6, ca3, ca5, ca4], "
             "keys: [rsa-4096, ed25519, ecdsa-p384, rsa-3072]}]\n");
    CHECK(policy(s, 0).issuers ==
          std::vector<std::string>{"ca8", "ca1", "ca7", "ca2", "ca6", "ca3", "ca5", "ca4"});
    CHECK(policy(s, 0).keys == std::vector<key_type>{key_type::rsa_4096, key_type::ed25519,
                                                     key_type::ecdsa_p384, key_type::rsa_3072});
    check({{list + "  - {names: [a.example], issuers: [ca1, ca2, ca3, ca4, ca5, ca6, ca7, ca8, ca9]}\n" +
                issuers,
            "4:35: certificates[0].issuers", "the list has 9 entries; allowed: at most 8"},
           {entry + "    keys: [ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096]\n",
            "5:11: certificates[0].keys", "the list has 5 entries; allowed: at most 4"}});
}

TEST_CASE("wrong issuers, keys, key reuse and profiles are refused at their place") {
    check({
        {entry + "    issuers: []\n", "5:14: certificates[0].issuers", "the list is empty"},
        {entry + "    issuers: letsencrypt\n", "5:14: certificates[0].issuers", "write [\"letsencrypt\"]"},
        {entry + "    issuers: [letsencryp]\n", "5:15: certificates[0].issuers[0]",
         "there is no issuer \"letsencryp\"; defined under `issuers` or built in: actalis, google, "
         "google-staging, letsencrypt, letsencrypt-staging, sslcom, zerossl; did you mean \"letsencrypt\"?"},
        {entry + "    issuers: [letsencrypt, google-stagin]\n", "5:28: certificates[0].issuers[1]",
         "did you mean \"google-staging\"?"},
        {entry + "    issuers: [letsencrypt, letsencrypt-staging, letsencrypt]\n",
         "5:49: certificates[0].issuers[2]",
         "\"letsencrypt\" stands here twice, first at line 5, column 15; leave one out"},
        {entry + "    issuers: [letsencrypt, {name: x}]\n", "5:28: certificates[0].issuers[1]",
         "a map is not accepted here; allowed: a list of names"},
        {entry + "    keys: []\n", "5:11: certificates[0].keys", "the list is empty"},
        {entry + "    keys: rsa-2048\n", "5:11: certificates[0].keys", "write [\"rsa-2048\"]"},
        {entry + "    keys: [rsa-2049]\n", "5:12: certificates[0].keys[0]",
         "\"rsa-2049\" is not accepted; allowed: ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096, "
         "ed25519; "
         "did you mean \"rsa-2048\"?"},
        {entry + "    keys: [ecdsa-p256, rsa-2048, ecdsa-p256]\n", "5:34: certificates[0].keys[2]",
         "\"ecdsa-p256\" stands here twice, first at line 5, column 12"},
        {entry + "    reuse_key: yes\n", "5:16: certificates[0].reuse_key",
         "\"yes\" is not accepted; allowed: true or false"},
        {entry + "    profile: \"\"\n", "5:14: certificates[0].profile", "the value is empty"},
        {entry + "    profile: [classic]\n", "5:14: certificates[0].profile", "a list is not accepted here"},
        {entry + "    profile: \"a\\nb\"\n", "5:14: certificates[0].profile", "has a control character"},
        {head + "defaults: {issuers: [x]}\n", "4:22: defaults.issuers[0]", "there is no issuer"},
        {head + "defaults: {issuers: [letsencrypt, letsencrypt]}\n", "4:35: defaults.issuers[1]",
         "stands here twice"},
        {head + "defaults: {keys: [x]}\n", "4:19: defaults.keys[0]", "is not accepted; allowed: ecdsa-p256"},
        {head + "defaults: {keys: [rsa-2048, rsa-2048]}\n", "4:29: defaults.keys[1]", "stands here twice"},
        {entry + "    preflight: maybe\n", "5:16: certificates[0].preflight", "enforce, warn, off"},
        {head + "defaults: {reuse_key: 1}\n", "4:23: defaults.reuse_key", "true or false"},
        {head + "defaults: {profile: ~}\n", "4:12: defaults.profile", "there is no value"},
        {head + "defaults: {reuse_keys: true}\n", "4:12: defaults.reuse_keys", "did you mean \"reuse_key\"?"},
    });
}

TEST_CASE("every issuer of an entry must be usable, and the one that is not is named where it is written") {
    check({
        {entry + "    issuers: [zerossl]\n", "5:15: certificates[0].issuers[0]",
         "needs an external account binding: get one from"},
        {entry + "    issuers: [letsencrypt, google]\n", "5:28: certificates[0].issuers[1]",
         "issuers.google.eab: { key_id: ..., hmac_key_file: ... }"},
        {entry + "    issuers: [actalis, letsencrypt]\n", "5:15: certificates[0].issuers[0]",
         "needs an external account binding"},
        // Once for each issuer, at the first entry that needs it.
        {entry + "    issuers: [google-staging]\n  - {names: [b.example], issuers: [google-staging]}\n",
         "5:15: certificates[0].issuers[0]", "needs an external"},
        {head + "defaults: {issuers: [letsencrypt, zerossl]}\n", "4:35: defaults.issuers[1]",
         "needs an external"},
        {head + "issuers: {mine: {directory: \"https://acme.zerossl.com/v2/DV90\"}}\ndefaults: {issuers: "
                "[mine]}\n",
         "5:22: defaults.issuers[0]", "give issuers.mine.eab"},
        {"agree_to_terms: true\nissuers: {s: {directory: \"https://acme.ssl.com/sslcom-dv-ecc\", eab: "
         "{key_id: k, "
         "hmac_key_file: /proc/sys/kernel/ostype}}}\ncertificates: [{names: [a.example], issuers: "
         "[letsencrypt, s]}]\n",
         "3:60: certificates[0].issuers[1]", "issuer \"s\" needs a mail address"},
    });
    // What no certificate uses needs nothing.
    CHECK(good(start + "defaults: {issuers: [zerossl]}\n"
                       "certificates: [{names: [a.example], issuers: [letsencrypt]}]\n")
              .certificates.size() == 1);
}

TEST_CASE("ed25519 is for private CAs: public ones refuse it") {
    CHECK(policy(good(start + corp +
                      "certificates: [{names: [a.example], issuers: [corp, east], keys: [ed25519]}]\n"),
                 0)
              .keys == std::vector<key_type>{key_type::ed25519});
    const std::string text =
        "issuer \"letsencrypt\" is a public CA, and those refuse ed25519 keys; allowed there: "
        "ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096";
    const std::string one = "certificates: [{names: [a.example]}]\n";
    check({
        {entry + "    keys: [rsa-2048, ed25519]\n", "5:22: certificates[0].keys[1]", text},
        {entry + "    keys: [ed25519]\n    issuers: [corp, letsencrypt]\n" + corp,
         "5:12: certificates[0].keys[0]", text},
        {entry + "    issuers: [corp, letsencrypt]\n    keys: [ed25519]\n" + corp,
         "6:12: certificates[0].keys[0]", text},
        // Where the two do not come from one place, the entry's own choice is the one that does not fit.
        {entry + "    issuers: [corp, letsencrypt]\ndefaults: {keys: [ed25519]}\n" + corp,
         "5:21: certificates[0].issuers[1]", text},
        {entry + "    keys: [ed25519]\ndefaults: {issuers: [corp, letsencrypt]}\n" + corp,
         "5:12: certificates[0].keys[0]", text},
        // Said once, however many certificates there are and whatever else they choose.
        {entry + "  - {names: [b.example]}\n  - {names: [c.example], deploy: [nginx]}\ndefaults: {keys: "
                 "[ed25519]}\n",
         "7:19: defaults.keys[0]", text},
        {start + one + "defaults: {issuers: [corp, letsencrypt], keys: [ecdsa-p256, ed25519]}\n" + corp,
         "4:61: defaults.keys[1]", text},
        {start + one +
             "issuers: {mine: {directory: \"https://dv.acme-v02.api.pki.goog/directory\", eab: {key_id: k, "
             "hmac_key_file: /proc/sys/kernel/ostype}}}\ndefaults: {issuers: [mine], keys: [ed25519]}\n",
         "5:36: defaults.keys[0]", "issuer \"mine\" is a public CA"},
    });
    // Each entry that says so itself has a mistake of its own.
    const auto loaded = config::load_text(
        list + "  - {names: [a.example], keys: [ed25519]}\n  - {names: [b.example], keys: [ed25519]}\n", "f");
    REQUIRE(!loaded.has_value());
    REQUIRE(loaded.error().size() == 2);
    CHECK(place_and_key(loaded.error()[1]) == "5:33: certificates[1].keys[0]");
    // Not a mistake as long as nobody uses the two together.
    CHECK(good(start + corp +
               "defaults: {keys: [ed25519]}\ncertificates: [{names: [a.example], issuers: [corp]}, "
               "{names: [b.example], keys: [rsa-2048]}]\n")
              .certificates.size() == 2);
}

TEST_CASE("names that only private CAs sign are refused when one of the issuers is public") {
    CHECK(
        good(start + corp + "certificates: [{names: [host], issuers: [corp, east]}]\n").certificates.size() ==
        1);
    check({
        {list + "  - {names: [host], issuers: [corp, letsencrypt]}\n" + corp,
         "4:14: certificates[0].names[0]",
         "a name needs at least two labels, such as example.com; issuer \"letsencrypt\" is a public CA, "
         "which signs "
         "no others"},
        {list + "  - {names: [host]}\ndefaults: {issuers: [letsencrypt-staging, corp]}\n" + corp,
         "4:14: certificates[0].names[0]", "issuer \"letsencrypt-staging\" is a public CA"},
        {list + "  - {names: [host], issuers: [corp, letsencrypt-staging, letsencrypt]}\n" + corp,
         "4:14: certificates[0].names[0]", "issuer \"letsencrypt-staging\" is a public CA"},
        // An issuer that is not known may be a private one: the one mistake is not made two.
        {list + "  - {names: [host], issuers: [cropp]}\n" + corp, "4:31: certificates[0].issuers[0]",
         "there is no issuer \"cropp\""},
        {list + "  - {names: [host], issuers: [letsencrypt, corpp]}\n" + corp,
         "4:44: certificates[0].issuers[1]", "did you mean \"corp\"?"},
        {list + "  - {names: [host], deploy: [nginx]}\ndefaults: {issuers: [letsencrypt, corpp]}\n" + corp,
         "5:35: defaults.issuers[1]", "did you mean \"corp\"?"},
        {list + "  - {names: [host]}\ndefaults: {issuers: [letsencrypt, corpp]}\n" + corp,
         "5:35: defaults.issuers[1]", "did you mean \"corp\"?"},
    });
}

TEST_CASE("entries that say the same share one policy") {
    const settings s =
        good(start + "defaults: {deploy: [nginx]}\n"
                     "certificates:\n"
                     "  - names: [a.example]\n"
                     "  - {names: [b.example], keys: [rsa-2048], reuse_key: true}\n"
                     "  - names: [c.example]\n"
                     "  - {names: [d.example], reuse_key: true, keys: [rsa-2048], deploy: [nginx]}\n"
                     "  - {names: [e.example], issuers: [letsencrypt], challenge: http, "
                     "keys: [ecdsa-p256], reuse_key: false, deploy: [nginx]}\n"
                     "  - {names: [f.example], profile: shortlived}\n");
    const auto at = [&](std::size_t i) { return s.certificates.at(i)->policy.get(); };
    CHECK(at(0) == at(2));
    CHECK(at(0) == at(4));
    CHECK(at(1) == at(3));
    CHECK(at(0) != at(1));
    CHECK(at(5) != at(0));
    CHECK(at(5) != at(1));
    // Nobody but the certificates holds a policy.
    CHECK(s.certificates[0]->policy.use_count() == 3);
    CHECK(s.certificates[0].use_count() == 1);
}

TEST_CASE("ten thousand entries keep no spare room and a handful of policies") {
    std::string yaml = start + "certificates:\n";
    for (int i = 0; i < 10'000; ++i) {
        yaml +=
            fmt::format("- {{names: [site{0}.example.com, www.site{0}.example.com, m.site{0}.example.com], "
                        "keys: [{1}], profile: {2}}}\n",
                        i, i % 2 == 0 ? "ecdsa-p256" : "rsa-2048, ecdsa-p384", i % 3 == 0 ? "a" : "b");
    }
    const settings s = good(yaml);
    REQUIRE(s.certificates.size() == 10'000);
    CHECK(s.certificates.capacity() == 10'000);
    std::set<const issuance_policy*> policies;
    std::size_t spare = 0;
    for (const auto& certificate : s.certificates) {
        policies.insert(certificate->policy.get());
        spare += certificate->names.capacity() - certificate->names.size();
    }
    CHECK(policies.size() == 4);
    CHECK(spare == 0);
    CHECK(s.certificates.back()->name == "site9999.example.com");
    CHECK(s == good(yaml));
}

TEST_CASE("as many policies as entries are no trouble either") {
    std::string yaml = start + "certificates:\n";
    for (int i = 0; i < 20'000; ++i) {
        yaml += fmt::format("- {{names: [a{0}.example], profile: p{0}}}\n", i);
    }
    const settings s = good(yaml);
    CHECK(policy(s, 19'999).profile == "p19999");
    CHECK(s.certificates[0]->policy.use_count() == 1);
}

TEST_CASE("settings are equal by what they say") {
    const std::string yaml =
        start + "certificates: [{names: [a.example]}, {names: [b.example], keys: [rsa-2048]}]\n";
    const settings one = good(yaml);
    const settings two = good(yaml);
    CHECK(one.certificates[0] != two.certificates[0]);
    CHECK(one == two);
    const std::vector<std::string> others = {
        "certificates: [{names: [a.example]}]\n",
        "certificates: [{names: [b.example], keys: [rsa-2048]}, {names: [a.example]}]\n",
        "certificates: [{names: [a.example]}, {names: [b.example], keys: [rsa-3072]}]\n",
        "certificates: [{names: [a.example]}, {names: [b.example], keys: [rsa-2048], name: x}]\n",
        "certificates: [{names: [a.example, c.example]}, {names: [b.example], keys: [rsa-2048]}]\n"};
    for (const std::string& other : others) {
        CAPTURE(other);
        CHECK(!(one == good(start + other)));
    }
    const std::vector<std::string> sections = {"data_dir: /srv/x\n",
                                               "control: {group: root}\n",
                                               "log: {level: debug}\n",
                                               "issuers: {letsencrypt: {profile: x}}\n",
                                               "deployments: {x: {command: [y]}}\n",
                                               "challenges: {x: {type: http-01}}\n",
                                               "issuers: {letsencrypt: {ari: false}}\n",
                                               "issuers: {letsencrypt: {limits: {requests: 99/1s}}}\n"};
    for (const std::string& more : sections) {
        CAPTURE(more);
        CHECK(!(one == good(yaml + more)));
    }
}
