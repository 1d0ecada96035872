// What is allowed but likely not meant.
#include "tests/config/loading.hpp"
#include "tests/support/temp_folder.hpp"

#include <string>
#include <vector>

using namespace evercert;
using config::warnings;
using testing::good;
using testing::temp_folder;
using texts = std::vector<std::string>;

namespace {

const std::string start = "email: ops@example.com\nagree_to_terms: true\n";

} // namespace

TEST_CASE("each issuer without a mail address is named once") {
    CHECK(warnings(good("certificates: []\n")).empty());
    const texts all = warnings(good(
        "agree_to_terms: true\nissuers: {corp: {directory: \"https://c/d\"}, mine: {directory: "
        "\"https://m/d\", "
        "email: a@b.example}, other: {directory: \"https://o/d\"}}\n"
        "certificates: [{names: [a.example], issuers: [mine, letsencrypt, corp]}, {names: [b.example]}]\n"));
    REQUIRE(all.size() == 2);
    CHECK(all[0].starts_with("no mail address is given for issuer corp:"));
    CHECK(all[1].starts_with("no mail address is given for issuer letsencrypt:"));
}

TEST_CASE("an IP address at Let's Encrypt wants its profile, from wherever it comes") {
    const std::string entry = "certificates: [{names: [192.0.2.7]}]\n";
    const texts told = {
        "certificate 192.0.2.7 has an IP address, which issuer letsencrypt signs only under its "
        "profile \"shortlived\"; give the certificate or the issuer `profile: shortlived`"};
    CHECK(warnings(good(start + entry)) == told);
    CHECK(warnings(good(start + "defaults: {profile: tlsserver}\n" + entry)) == told);
    CHECK(warnings(good(start + "issuers: {letsencrypt: {profile: classic}}\n" + entry)) == told);
    CHECK(warnings(good(start + "issuers: {letsencrypt: {profile: shortlived}}\n" + entry)).empty());
    CHECK(warnings(good(start + "defaults: {profile: shortlived}\n" + entry)).empty());
    CHECK(warnings(good(start + "certificates: [{names: [192.0.2.7], profile: shortlived}]\n")).empty());
    // The certificate's own profile goes before the issuer's.
    CHECK(warnings(good(start + "issuers: {letsencrypt: {profile: shortlived}}\n"
                                "certificates: [{names: [192.0.2.7], profile: classic}]\n")) == told);
    CHECK(warnings(good(start + "certificates: [{names: [a.example]}]\n")).empty());
    CHECK(warnings(good(start + "issuers: {letsencrypt: {directory: \"https://c/d\"}}\n" + entry)).empty());
}

TEST_CASE("an IP address is held to each of an entry's issuers") {
    const temp_folder files;
    const std::string issuers = "issuers: {corp: {directory: \"https://c/d\"}, zerossl: {eab: {key_id: k, "
                                "hmac_key_file: " +
                                files.write("hmac", "AAAA\n") + "}}}\n";
    const texts all = warnings(
        good(start + issuers +
             "certificates: [{names: [a.example, \"2001:db8::1\"], "
             "issuers: [corp, letsencrypt-staging, zerossl, letsencrypt]}, {names: [b.example]}]\n"));
    REQUIRE(all.size() == 3);
    CHECK(all[0].find("which issuer letsencrypt-staging signs only under its profile") != std::string::npos);
    CHECK(all[1] == "certificate a.example has an IP address, which issuer zerossl does not sign");
    CHECK(all[2].find("which issuer letsencrypt signs only under its profile") != std::string::npos);
}

TEST_CASE("many certificates with IP addresses are counted, not listed") {
    std::string yaml = start + "certificates:\n";
    for (int i = 0; i < 200; ++i) {
        yaml += "- {names: [192.0.2." + std::to_string(i) + "]}\n";
    }
    const texts all = warnings(good(yaml));
    REQUIRE(all.size() == 11);
    CHECK(all[9].starts_with("certificate 192.0.2.9 has"));
    CHECK(all[10] == "190 more such refusals are to be expected");
}

TEST_CASE("a certificate with more names than a profile takes is warned of") {
    const auto with_names = [](int count, const std::string& more) {
        std::string yaml = start + "certificates:\n- names:\n";
        for (int i = 0; i < count; ++i) {
            yaml += "  - n" + std::to_string(i) + ".example\n";
        }
        return yaml + more;
    };
    CHECK(warnings(good(with_names(100, ""))).empty());
    CHECK(warnings(good(with_names(25, "  profile: tlsserver\n"))).empty());
    CHECK(
        warnings(good(with_names(26, "  profile: tlsserver\n"))) ==
        texts{
            "certificate n0.example has 26 names, and issuer letsencrypt takes at most 25 under its profile "
            "\"tlsserver\"; make two of it, or choose another profile"});
    CHECK(warnings(
              good(with_names(40, "  profile: shortlived\n  issuers: [letsencrypt, letsencrypt-staging]\n")))
              .size() == 2);
    CHECK(warnings(good(with_names(100, "  profile: classic\n"))).empty());
}

TEST_CASE("a status page that others can reach is warned of") {
    const auto told = [](const std::string& listen) {
        return warnings(good(start + "status: {listen: " + listen + "}\ncertificates: []\n"));
    };
    CHECK(told("\"127.0.0.1:9402\"").empty());
    CHECK(told("[\"127.8.9.1:9402\", \"[::1]:9402\"]").empty());
    const texts open = told("[\"127.0.0.1:9402\", \"0.0.0.0:9402\", \"[::]:9403\"]");
    REQUIRE(open.size() == 2);
    CHECK(
        open[0].starts_with("status.listen has 0.0.0.0:9402: everyone who can reach that address can read"));
    CHECK(open[1].starts_with("status.listen has [::]:9403: "));
}

TEST_CASE("a status page is off unless given, and takes one address or several") {
    CHECK(good(start + "certificates: []\n").status.listen.empty());
    const auto one =
        good(start + "status: {listen: \"127.0.0.1:9402\", hosts: Status.Example.NET}\ncertificates: []\n");
    CHECK(one.status.listen == std::vector<endpoint>{{"127.0.0.1", 9402}});
    CHECK(one.status.hosts == texts{"status.example.net"});
}

TEST_CASE("a secret that cannot be read is told before it is needed") {
    const temp_folder files;
    const std::string there = files.write("token", "t");
    const auto told = [](const std::string& section) {
        return warnings(good(start + section + "\ncertificates: []\n"));
    };
    const auto by = [&](const std::string& provider_and_key, const std::string& path) {
        return told("challenges: {dns: {type: dns-01, provider: " + provider_and_key + ": " + path + "}}");
    };
    const std::string none = files / "none";
    const std::string trouble = ": the file \"" + none + "\" cannot be read: No such file or directory";
    for (const auto& [keys, key] : std::vector<std::pair<std::string, std::string>>{
             {"cloudflare, secret_file", "secret_file"},
             {"rfc2136, server: \"127.0.0.1:53\", tsig_key_file", "tsig_key_file"},
             {"exec, convention: lego, command: [/x], environment_file", "environment_file"},
             {"exec, convention: acme.sh, command: [/x], account_conf", "account_conf"}}) {
        CHECK(by(keys, there).empty());
        CHECK(by(keys, none) == texts{"challenge dns: " + key + trouble});
    }
    CHECK(told("notify: [{webhook: \"https://a.example\", secret_file: " + none + "}]") ==
          texts{"notification webhook: secret_file" + trouble});
    CHECK(by("hetzner, secret_file", files.path())[0].ends_with("cannot be read: it is not a file"));
    CHECK(by("hetzner, secret_file", files.write("empty", ""))[0].ends_with(
        "is empty: put the secret into it"));
    CHECK(by("hetzner, secret_credential", "none").empty()); // only the service has those
}
