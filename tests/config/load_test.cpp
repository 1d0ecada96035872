// Right files and what they mean.
#include "tests/config/loading.hpp"
#include "tests/support/temp_folder.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

using namespace evercert;
using namespace evercert::config;
using evercert::testing::good;
using evercert::testing::temp_folder;
using std::chrono::hours;

namespace {

identifier dns(std::string name) {
    return {identifier::kind::dns, std::move(name)};
}

} // namespace

TEST_CASE("the four-line file has everything else by default") {
    const settings s = good("email: ops@example.com\nagree_to_terms: true\ncertificates:\n"
                            "  - { names: [example.com, www.example.com], deploy: [nginx] }\n");
    CHECK(s.data_dir == "/var/lib/evercert");
    CHECK(s.control.socket == "/run/evercert/control.sock");
    CHECK(s.log == log_settings{});
    REQUIRE(s.certificates.size() == 1);
    const managed_certificate& c = *s.certificates.front();
    CHECK(c.name == "example.com");
    CHECK(c.names == std::vector<identifier>{dns("example.com"), dns("www.example.com")});
    CHECK(c.policy->issuers == std::vector<std::string>{"letsencrypt"});
    CHECK(c.policy->challenges == std::vector<std::string>{"http"});
    CHECK(c.policy->keys == std::vector<key_type>{key_type::ecdsa_p256});
    CHECK(!c.policy->reuse_key);
    CHECK(c.policy->profile.empty());
    CHECK(c.policy->deploy == std::vector<std::string>{"nginx"});

    CHECK(s.issuers.size() == 7);
    const issuer& le = s.issuers.at("letsencrypt");
    CHECK(le.name == "letsencrypt");
    CHECK(le.directory == "https://acme-v02.api.letsencrypt.org/directory");
    CHECK(le.contacts == std::vector<std::string>{"ops@example.com"});
    CHECK(le.agree_to_terms);
    CHECK(le.limits.concurrent_orders == 32);
    CHECK(le.limits.new_orders == rate{300, hours(3)});
    CHECK(le.profile.empty());
    CHECK(le.renewal_info);
    CHECK(!le.eab.has_value());
    CHECK(s.issuers.at("letsencrypt-staging").directory ==
          "https://acme-staging-v02.api.letsencrypt.org/directory");
    CHECK(s.issuers.at("zerossl").directory == "https://acme.zerossl.com/v2/DV90");
    CHECK(s.issuers.at("google").directory == "https://dv.acme-v02.api.pki.goog/directory");
    CHECK(s.issuers.at("google-staging").directory == "https://dv.acme-v02.test-api.pki.goog/directory");
    CHECK(s.issuers.at("sslcom").directory == "https://acme.ssl.com/sslcom-dv-ecc");
    CHECK(s.issuers.at("actalis").directory == "https://acme-api.actalis.com/acme/directory");

    REQUIRE(s.challenges.size() == 1);
    CHECK(s.challenges.at("http") == challenge{"http", http01_listener{{endpoint{"::", 80}}, false}});
    REQUIRE(s.deployments.size() == 5);
    const deployment& nginx = s.deployments.at("nginx");
    CHECK(nginx.name == "nginx");
    CHECK(nginx.test == std::vector<std::string>{"nginx", "-t"});
    CHECK(nginx.command.empty());
    CHECK(nginx.reload_unit == "nginx.service");
    CHECK(nginx.verify == std::vector<verify_target>{verify_target({"127.0.0.1", 443})});
    CHECK(nginx.timeout == seconds(30));
    CHECK(s.deployments.at("apache").test == std::vector<std::string>{"apache2ctl", "-t"});
    CHECK(s.deployments.at("apache").reload_unit == "apache2.service");
    const deployment& haproxy = s.deployments.at("haproxy");
    CHECK(haproxy.test == std::vector<std::string>{"haproxy", "-c", "-f", "/etc/haproxy/haproxy.cfg"});
    CHECK(haproxy.reload_unit == "haproxy.service");
    CHECK(haproxy.runtime == "/run/haproxy/admin.sock");
    const deployment& postfix = s.deployments.at("postfix");
    CHECK(postfix.test == std::vector<std::string>{"postfix", "check"});
    CHECK(postfix.verify == std::vector<verify_target>{verify_target({"127.0.0.1", 25}, tls_start::smtp)});
    const deployment& dovecot = s.deployments.at("dovecot");
    CHECK(dovecot.test == std::vector<std::string>{"doveconf", "-x", "protocols"});
    CHECK(dovecot.verify == std::vector<verify_target>{verify_target({"127.0.0.1", 143}, tls_start::imap)});
    for (const auto& [name, how] : s.deployments) {
        CHECK(how.runtime.empty() == (name != "haproxy"));
        CHECK(how.command.empty());
    }
    CHECK(warnings(s).empty());
}

TEST_CASE("a runtime API is named by its socket, or switched off") {
    const auto loaded = load_text("email: ops@example.com\nagree_to_terms: true\ncertificates: []\n"
                                  "deployments:\n"
                                  "  haproxy: { runtime: off, verify: smtp://127.0.0.1:25 }\n"
                                  "  other: { reload_unit: x.service, runtime: /run/x.sock }\n",
                                  "f");
    REQUIRE(loaded.has_value());
    CHECK(loaded->deployments.at("haproxy").runtime.empty());
    CHECK(loaded->deployments.at("haproxy").reload_unit == "haproxy.service");
    CHECK(loaded->deployments.at("haproxy").verify.front().how == tls_start::smtp);
    CHECK(loaded->deployments.at("other").runtime == "/run/x.sock");
}

TEST_CASE("every accepted key arrives") {
    const temp_folder files;
    const std::string root =
        files.write("root.pem", "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n");
    const std::string hmac = files.write("corp.eab", "c2VjcmV0LWtleQ\n");
    const settings s = good(fmt::format(R"(
email: [ops@example.com, sec@example.com]
agree_to_terms: true
data_dir: /srv/evercert/
control: {{ socket: /run/ec/c.sock, group: root }}
log: {{ level: debug, format: json }}
issuers:
  corp:
    directory: https://pki.corp:9000/acme/directory
    trust: {}
    eab: {{ key_id: kid-1, hmac_key_file: {} }}
    account_key: ed25519
    preferred_chain: "Corp Root X2"
    profile: device
    ari: false
    limits:
      concurrent_orders: 8
      new_orders: 300/3h
      certificates_per_domain: 50 / 7d
      certificates_per_set: 5/1d12h
      failed_validations: 1/500ms
      consecutive_failures: 1000000/3650d
      requests: off
    email: pki@example.com
  letsencrypt: {{ preferred_chain: "ISRG Root X2" }}
challenges:
  front: {{ type: http-01, listen: ["0.0.0.0:80", "[::1]:8080"], redirect_to_https: true }}
  lone: {{ type: http-01, listen: "127.0.0.1:5002" }}
deployments:
  nginx: {{ command: [nginx, -s, reload], verify: ["127.0.0.1:8443", "[::1]:8443"], timeout: 45s }}
  apache: {{ test: [], reload_unit: httpd.service, verify: [] }}
  app: {{ command: [/usr/local/bin/on-renew, "true", ""], timeout: 1m30s }}
defaults:
  issuers: [corp, letsencrypt]
  challenge: front
  keys: [ecdsa-p384, rsa-2048]
  reuse_key: true
  profile: tlsserver
  deploy: [nginx, app]
certificates:
  - {{ names: [b.example.com, A.Example.com, 192.0.2.1, "2001:DB8::1"] }}
  - names: [host]
    name: second
    issuers: [corp]
    challenge: lone
    keys: [ed25519, rsa-3072, rsa-4096, ecdsa-p256]
    reuse_key: false
    profile: shortlived
    deploy: []
)",
                                        root, hmac));
    CHECK(s.data_dir == "/srv/evercert");
    CHECK(s.control == control_settings{"/run/ec/c.sock", "root"});
    CHECK(s.log == log_settings{log_level::debug, log_format::json});
    const issuer& corp = s.issuers.at("corp");
    CHECK(corp.name == "corp");
    CHECK(corp.directory == "https://pki.corp:9000/acme/directory");
    CHECK(corp.trust == root);
    REQUIRE(corp.eab.has_value());
    CHECK(*corp.eab == external_account{"kid-1", hmac});
    CHECK(corp.account_key == key_type::ed25519);
    CHECK(corp.preferred_chain == "Corp Root X2");
    CHECK(corp.profile == "device");
    CHECK(!corp.renewal_info);
    CHECK(corp.limits == rate_limits{.concurrent_orders = 8,
                                     .new_orders = {300, hours(3)},
                                     .certificates_per_domain = {50, hours(168)},
                                     .certificates_per_set = {5, hours(36)},
                                     .failed_validations = {1, milliseconds(500)},
                                     .consecutive_failures = {1'000'000, hours(24 * 3650)},
                                     .requests = {}});
    CHECK(corp.contacts == std::vector<std::string>{"pki@example.com"});
    CHECK(corp.agree_to_terms);
    const issuer& le = s.issuers.at("letsencrypt");
    CHECK(le.preferred_chain == "ISRG Root X2");
    CHECK(le.directory == "https://acme-v02.api.letsencrypt.org/directory");
    CHECK(le.contacts == std::vector<std::string>{"ops@example.com", "sec@example.com"});
    CHECK(s.challenges.size() == 3);
    CHECK(s.challenges.at("front") ==
          challenge{"front", http01_listener{{endpoint{"0.0.0.0", 80}, endpoint{"::1", 8080}}, true}});
    CHECK(s.challenges.at("lone") ==
          challenge{"lone", http01_listener{{endpoint{"127.0.0.1", 5002}}, false}});
    const deployment& nginx = s.deployments.at("nginx");
    CHECK(nginx.test == std::vector<std::string>{"nginx", "-t"});
    CHECK(nginx.command == std::vector<std::string>{"nginx", "-s", "reload"});
    CHECK(nginx.reload_unit.empty());
    CHECK(nginx.verify ==
          std::vector<verify_target>{verify_target({"127.0.0.1", 8443}), verify_target({"::1", 8443})});
    CHECK(nginx.timeout == seconds(45));
    const deployment& apache = s.deployments.at("apache");
    CHECK(apache.test.empty());
    CHECK(apache.verify.empty());
    CHECK(apache.reload_unit == "httpd.service");
    const deployment& app = s.deployments.at("app");
    CHECK(app.command == std::vector<std::string>{"/usr/local/bin/on-renew", "true", ""});
    CHECK(app.test.empty());
    CHECK(app.timeout == seconds(90));

    REQUIRE(s.certificates.size() == 2);
    const managed_certificate& first = *s.certificates[0];
    CHECK(first.name == "b.example.com");
    CHECK(first.names == std::vector<identifier>{dns("b.example.com"),
                                                 dns("a.example.com"),
                                                 {identifier::kind::ip, "192.0.2.1"},
                                                 {identifier::kind::ip, "2001:db8::1"}});
    CHECK(*first.policy == issuance_policy{.issuers = {"corp", "letsencrypt"},
                                           .challenges = {"front"},
                                           .keys = {key_type::ecdsa_p384, key_type::rsa_2048},
                                           .reuse_key = true,
                                           .profile = "tlsserver",
                                           .deploy = {"nginx", "app"}});
    const managed_certificate& second = *s.certificates[1];
    CHECK(second.name == "second");
    CHECK(second.names == std::vector<identifier>{dns("host")});
    CHECK(*second.policy == issuance_policy{.issuers = {"corp"},
                                            .challenges = {"lone"},
                                            .keys = {key_type::ed25519, key_type::rsa_3072,
                                                     key_type::rsa_4096, key_type::ecdsa_p256},
                                            .reuse_key = false,
                                            .profile = "shortlived",
                                            .deploy = {}});
}

TEST_CASE("a data folder of one's own takes the control socket with it") {
    const std::string rest = "certificates: []\n";
    CHECK(good("data_dir: /srv/ec\n" + rest).control.socket == "/srv/ec/control.sock");
    CHECK(good("data_dir: /var/lib/evercert/\n" + rest).control.socket == "/run/evercert/control.sock");
    const settings relative = good("data_dir: ./state/../here\n" + rest);
    CHECK(relative.data_dir == (std::filesystem::current_path() / "here").string());
    CHECK(relative.control.socket == relative.data_dir + "/control.sock");
    CHECK(good("data_dir: /srv/ec\ncontrol: {socket: run/c.sock}\n" + rest).control.socket ==
          (std::filesystem::current_path() / "run/c.sock").string());
    // 107 bytes fit into sockaddr_un, 108 do not (mistakes_test).
    const std::string longest = "/" + std::string(106, 'x');
    CHECK(good("control: {socket: " + longest + "}\n" + rest).control.socket == longest);
}

TEST_CASE("an issuer changed by name keeps what was not given, and its demands end with its directory") {
    const std::string text =
        "agree_to_terms: true\nissuers: {zerossl: {directory: \"https://127.0.0.1:14000/dir\"}}\n"
        "certificates: [{names: [localhost], issuers: [zerossl]}]\n";
    const settings s = good(text);
    CHECK(s.issuers.at("zerossl").directory == "https://127.0.0.1:14000/dir");
    CHECK(s.certificates.front()->names.front() == dns("localhost"));
}

TEST_CASE("an external account binding satisfies a CA that needs one") {
    const temp_folder files;
    const std::string hmac = files.write("h", "AAAA_-\n");
    CHECK(good("agree_to_terms: true\nemail: a@example.com\nissuers: {sslcom: {eab: {key_id: 12345, "
               "hmac_key_file: " +
               hmac + "}}}\ncertificates: [{names: [a.example], issuers: [sslcom]}]\n")
              .issuers.at("sslcom")
              .eab->key_id == "12345");
    const std::string not_base64 = files.write("bad", "two words\n");
    const auto loaded = load_text(
        "certificates: []\nissuers: {sslcom: {eab: {key_id: k, hmac_key_file: " + not_base64 + "}}}\n", "f");
    REQUIRE(!loaded.has_value());
    CHECK(loaded.error().front().text.find("base64url") != std::string::npos);
    CHECK(loaded.error().front().text.find("two words") == std::string::npos);
    const auto no_pem = load_text("certificates: []\nissuers: {sslcom: {trust: " + hmac + "}}\n", "f");
    REQUIRE(!no_pem.has_value());
    CHECK(no_pem.error().front().text.find("holds no certificate in PEM form") != std::string::npos);
}

TEST_CASE("aliases repeat what they name") {
    const settings s = good(
        "agree_to_terms: true\ncertificates:\n  - {names: [a.example], deploy: &servers [nginx, apache]}\n"
        "  - {names: [b.example], deploy: *servers}\n");
    CHECK(s.certificates[1]->policy->deploy == std::vector<std::string>{"nginx", "apache"});
    const auto wrong_alias =
        load_text("agree_to_terms: true\ncertificates:\n  - {names: &n [a.example]}\n  - {names: *n}\n", "f");
    REQUIRE(!wrong_alias.has_value());
    CHECK(wrong_alias.error().front().to_string().starts_with("f:4:13: certificates[1].names: "));
}

TEST_CASE("encodings: a byte order mark, CR LF and international text") {
    const settings s = good("\xEF\xBB\xBF"
                            "agree_to_terms: true\r\ncertificates:\r\n  - names: [Bücher.example]\r\n");
    CHECK(s.certificates.front()->names.front() == dns("xn--bcher-kva.example"));
    CHECK(s.certificates.front()->name == "xn--bcher-kva.example");
    const auto places = load_text("\xEF\xBB\xBF"
                                  "emial: ü\r\ncertificates: []\r\nlog: {level: ä}\r\n",
                                  "f");
    REQUIRE(!places.has_value());
    REQUIRE(places.error().size() == 2);
    CHECK(places.error()[0].to_string().starts_with("f:1:1: emial: "));
    CHECK(places.error()[1].to_string().starts_with("f:3:14: log.level: \"ä\" is not accepted"));
}

TEST_CASE("a file with ten mistakes gives ten lines with the right places") {
    const std::string path = std::string(EVERCERT_TEST_DATA) + "/ten_mistakes.yaml";
    const auto loaded = load_file(path);
    REQUIRE(!loaded.has_value());
    std::vector<std::string> lines;
    for (const auto& m : loaded.error()) {
        std::string line = m.to_string();
        REQUIRE(line.starts_with(path + ":"));
        lines.push_back(line.substr(path.size() + 1));
    }
    const std::vector<std::string> expected = {
        "2:1: emial: unknown key; allowed here: email, agree_to_terms, data_dir, control, status, log, "
        "resolvers, "
        "issuers, "
        "challenges, "
        "deployments, notify, defaults, certificates; did you mean \"email\"?",
        "3:17: agree_to_terms: \"yes\" is not accepted; allowed: true or false",
        "4:15: log.level: \"loud\" is not accepted; allowed: debug, info, warning, error",
        "7:16: issuers.corp.directory: ACME is spoken over https only; write https://",
        "9:33: challenges.web.listen: \"web:80\" is not accepted; allowed: an IP address and a port, such as "
        "0.0.0.0:80 or "
        "[::]:80",
        "11:19: deployments.app.command: \"/usr/local/bin/hook now\" is not a list; write "
        "[\"/usr/local/bin/hook\", "
        "\"now\"], since no shell takes it apart",
        "12:21: deployments.nginx.timeout: \"30\" is not a duration (the unit is missing); write it like "
        "500ms, 30s, 5m, "
        "2h, 10d or 1h30m",
        "14:26: certificates[0].names[1]: \"EXAMPLE.com\" is the same as the name at line 14, column 13; "
        "leave one out",
        "15:14: certificates[0].deploy[0]: there is no deployment \"ngnix\"; defined under `deployments` or "
        "built in: "
        "apache, app, dovecot, haproxy, nginx, postfix; did you mean \"nginx\"?",
        "16:13: certificates[1].names[0]: \"*.bücher.example\" is a wildcard, which only dns-01 and "
        "dns-persist-01 can prove; "
        "its challenge is http (http-01)",
    };
    REQUIRE(lines.size() == expected.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        CHECK(lines[i] == expected[i]);
    }
}
