// Wrong files and what is said about them.
#include "tests/config/loading.hpp"

#include <string>
#include <vector>

using namespace evercert;
using namespace evercert::testing;
using config::load_text;

TEST_CASE("the heads of the tables below are right") {
    CHECK(load_text(head, "f").has_value());
    CHECK(load_text(entry, "f").has_value());
    CHECK(load_text(no_certificates, "f").has_value());
}

TEST_CASE("a file that is not YAML, or not one map, is refused at its place") {
    const std::vector<wrong> table = {
        {"", "1:1: ", "the file is empty"},
        {"# only a comment\n", "1:1: ", "the file is empty"},
        {"~\n", "1:1: ", "the file is empty"},
        {"- a\n", "1:1: ", "must be a map of keys such as `certificates:`, not a list"},
        {"hello\n", "1:1: ", "must be a map of keys such as `certificates:`, not a single value"},
        {"a: [1, 2\nb: 3\n", "2:2: ", "this is not valid YAML"},
        {head + "log: {level: info\n", "5:1: ", "this is not valid YAML"},
        {head + "log: {level: \"info}\n", "4:14: ", "the quote that opens here is never closed"},
        {head + "data_dir: '/x''\nlog: {level: info}\n",
         "4:11: ", "the quote that opens here is never closed"},
        {head + "log: }\n", "4:6: ", "this is not valid YAML"},
        {head + "log:\n\tlevel: info\n", "5:1: ", "a tab stands in the indentation"},
        {head + "---\nlog: {}\n", "4:1: ", "a second document begins here"},
        {head + "log: !!map {}\n", "4:6: ", "a tag"},
        {head + "email: &a [*a]\n", "4:12: ", "an alias (*) must not stand inside what it repeats"},
        {head + "log: *nothing\n", "4:6: ", "this is not valid YAML"},
        {std::string("\xFF\xFE") + "a", "1:1: ", "save it as UTF-8"},
        {std::string("\xFE\xFF") + "a", "1:1: ", "save it as UTF-8"},
        {head + "# caf\xE9\n", "4:6: ", "not UTF-8 (byte 0xe9 here)"},
        {head + "# \xC0\xAF\n", "4:3: ", "not UTF-8"},
        {head + "# \xED\xA0\x80\n", "4:3: ", "not UTF-8"},
        {head + std::string("log: \0\n", 7), "4:6: ", "control character (byte 0x00)"},
        {head + "log: \x04\n", "4:6: ", "control character (byte 0x04)"},
    };
    check(table);
}

TEST_CASE("keys that are unknown, doubled, missing or empty are refused at their place") {
    const std::vector<wrong> table = {
        {head + "emial: x\n", "4:1: emial", "did you mean \"email\"?"},
        {head + "nonsense: x\n", "4:1: nonsense",
         "unknown key; allowed here: email, agree_to_terms, data_dir"},
        {head + "Log: {}\n", "4:1: Log", "did you mean \"log\"?"},
        {head + "status: {}\n", "4:9: status.listen", "this key is needed"},
        {head + "status: {listen: \"localhost:1\"}\n", "4:18: status.listen", "not accepted"},
        {head + "status: {listen: \"127.0.0.1:1\", hosts: [a_b]}\n", "4:41: status.hosts[0]",
         "is not a DNS name"},
        {head + "status: {listen: [\"127.0.0.1:1\", \"127.0.0.1:1\"]}\n", "4:34: status.listen",
         "stands here twice"},
        {head + "keys: [rsa-2048]\n", "4:1: keys", "it belongs in defaults.keys or certificates[].keys"},
        {head + "log: {levle: info}\n", "4:7: log.levle",
         "allowed here: level, format; did you mean \"level\"?"},
        {head + "issuers: {corp: {directory: \"https://c/d\", profil: x}}\n", "4:44: issuers.corp.profil",
         "did you mean \"profile\"?"},
        {head + "issuers: {corp: {directory: \"https://c/d\", renewal_info: true}}\n",
         "4:44: issuers.corp.renewal_info", "unknown key; allowed here: directory, trust, eab"},
        {head + "profile: x\n", "4:1: profile",
         "it belongs in issuers.*.profile or defaults.profile or certificates[].profile"},
        {head + "issuers: {letsencrypt: {new_orders: 300/3h}}\n", "4:25: issuers.letsencrypt.new_orders",
         "it belongs in issuers.*.limits.new_orders"},
        {head + "issuers: {letsencrypt: {limits: {new_order: 300/3h}}}\n",
         "4:34: issuers.letsencrypt.limits.new_order", "did you mean \"new_orders\"?"},
        {head + "\"*\": {}\n", "4:1: *", "unknown key"},
        {entry + "    copies: []\n", "5:5: certificates[0].copies", "unknown key; allowed here: names, name"},
        {entry + "    reuse_keys: true\n", "5:5: certificates[0].reuse_keys", "did you mean \"reuse_key\"?"},
        {entry + "    ari: true\n", "5:5: certificates[0].ari", "it belongs in issuers.*.ari"},
        {entry + "    \"\": false\n", "5:5: certificates[0].", "unknown key"},
        {head + "log: {}\nlog: {}\n", "5:1: log", "the key is given twice, first at line 4, column 1"},
        {head + "log: {level: info, level: info}\n", "4:20: log.level", "first at line 4, column 7"},
        {entry + "    names: [b.example]\n", "5:5: certificates[0].names", "first at line 4, column 5"},
        {head + "challenges:\n  a: {type: http-01}\n  a: {type: http-01}\n", "6:3: challenges.a",
         "given twice"},
        {head + "[a, b]: c\n", "4:1: ", "a key must be a plain word, not a list"},
        {"email: a@b.example\n", "1:1: certificates", "this key is needed"},
        {list + "  - name: x\n", "4:5: certificates[0].names",
         "this key is needed; allowed: a list of DNS names"},
        {head + "log:\n", "4:1: log", "there is no value; allowed: a map of keys"},
        {head + "log: {level: ~}\n", "4:7: log.level",
         "there is no value; allowed: debug, info, warning, error"},
        {"agree_to_terms: true\ncertificates:\n", "2:1: certificates", "there is no value"},
        {head + "issuers: {Corp: {directory: \"https://c/d\"}}\n", "4:11: issuers.Corp",
         "a name here is 1 to 100 of"},
        {head + "issuers: {../x: {directory: \"https://c/d\"}}\n", "4:11: issuers.../x", "a name here is"},
    };
    check(table);
}

TEST_CASE("values of a wrong type or out of bounds are refused at their place") {
    const std::vector<wrong> table = {
        {"agree_to_terms: yes\ncertificates: []\n", "1:17: agree_to_terms",
         "\"yes\" is not accepted; allowed: true or false"},
        {no_certificates + "email: ops\n", "3:8: email", "\"ops\" is not a mail address"},
        {no_certificates + "email: mailto:ops@example.com\n", "3:8: email", "without mailto:"},
        {no_certificates + "email: [a@example.com, 'b c@example.com']\n", "3:24: email[1]",
         "is not a mail address"},
        {no_certificates + "email: []\n", "3:8: email", "the list is empty"},
        {no_certificates + "email: \"a@example.com\\r\\nBcc: x\"\n", "3:8: email", "has a control character"},
        {head + "data_dir: /\n", "4:11: data_dir", "the root folder cannot be the data folder"},
        {head + "data_dir: [a]\n", "4:11: data_dir", "a list is not accepted here; allowed: a path"},
        {head + "control: {socket: /" + std::string(107, 'x') + "}\n", "4:19: control.socket",
         "has 108 bytes; a Unix socket's may have 107"},
        {head + "data_dir: /" + std::string(100, 'x') + "\n", "4:11: data_dir",
         "give control.socket a shorter one"},
        {head + "control: {group: no-such-group-here}\n", "4:18: control.group", "there is no group"},
        {head + "log: {level: inof}\n", "4:14: log.level",
         "allowed: debug, info, warning, error; did you mean \"info\"?"},
        {head + "log: {format: xml}\n", "4:15: log.format",
         "\"xml\" is not accepted; allowed: auto, text, json"},
        {head + "issuers: []\n", "4:10: issuers", "a list is not accepted here; allowed: a map of keys"},
        {head + "issuers: {corp: {}}\n", "4:17: issuers.corp.directory",
         "this key is needed, since \"corp\" is not a built-in"},
        {head + "issuers: {letsencypt: {}}\n", "4:23: issuers.letsencypt.directory",
         "did you mean \"letsencrypt\"?"},
        {head + "issuers: {c: {directory: \"http://c/d\"}}\n", "4:26: issuers.c.directory",
         "over https only"},
        {head + "issuers: {c: {directory: \"https://u@c/d\"}}\n", "4:26: issuers.c.directory",
         "user and password"},
        {head + "issuers: {c: {directory: \"https:///d\"}}\n", "4:26: issuers.c.directory",
         "the host of the URL"},
        {head + "issuers: {c: {directory: \"https://c:70000/d\"}}\n", "4:26: issuers.c.directory",
         "the port of the URL"},
        {head + "issuers: {c: {directory: \"https://c/d e\"}}\n", "4:26: issuers.c.directory", "no spaces"},
        {head + "issuers: {c: {directory: \"https://c/\\nX: y\"}}\n", "4:26: issuers.c.directory",
         "control character"},
        {head + "issuers: {letsencrypt: {trust: /no/such/file}}\n", "4:32: issuers.letsencrypt.trust",
         "cannot be read: No such file"},
        {head + "issuers: {letsencrypt: {trust: /dev/null}}\n", "4:32: issuers.letsencrypt.trust",
         "it is not a file"},
        {head + "issuers: {zerossl: {eab: {key_id: k, hmac_key_file: /no/file}}}\n",
         "4:53: issuers.zerossl.eab.hmac_key_file", "cannot be read"},
        {head + "issuers: {zerossl: {eab: {key_id: k}}}\n", "4:26: issuers.zerossl.eab",
         "give either hmac_key_file or hmac_key_credential"},
        {head + "issuers: {zerossl: {eab: {key_id: k, hmac_key_credential: c, hmac_key_file: "
                "/proc/sys/kernel/ostype}}}\n",
         "4:26: issuers.zerossl.eab", "give either hmac_key_file or hmac_key_credential"},
        {head + "issuers: {letsencrypt: {account_key: dsa}}\n", "4:38: issuers.letsencrypt.account_key",
         "allowed: ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096, ed25519"},
        {head + "issuers: {letsencrypt: {limits: {concurrent_orders: 0}}}\n",
         "4:53: issuers.letsencrypt.limits.concurrent_orders", "a whole number from 1 to 1000"},
        {head + "issuers: {letsencrypt: {limits: {concurrent_orders: 1001}}}\n",
         "4:53: issuers.letsencrypt.limits.concurrent_orders", "a whole number from 1 to 1000"},
        {head + "challenges: {d: {type: dns-02}}\n", "4:24: challenges.d.type",
         "allowed: http-01, tls-alpn-01, dns-01, dns-account-01, dns-persist-01"},
        {head + "challenges: {d: {type: dns-01}}\n", "4:17: challenges.d.provider",
         "who puts the TXT record into the DNS"},
        {head + "challenges: {d: {listen: \"[::]:80\"}}\n", "4:17: challenges.d.type", "this key is needed"},
        {head + "challenges: {d: {type: http-01, listen: localhost:80}}\n", "4:41: challenges.d.listen",
         "an IP address and a port"},
        {head + "challenges: {d: {type: http-01, listen: [\"0.0.0.0:0\"]}}\n", "4:42: challenges.d.listen[0]",
         "an IP address and a port"},
        {head + "challenges: {d: {type: http-01, listen: []}}\n", "4:41: challenges.d.listen",
         "the list is empty"},
        {head + "challenges: {d: {type: http-01, listen: [\"[::]:80\", \"[::]:80\"]}}\n",
         "4:53: challenges.d.listen", "stands here twice"},
        {head + "challenges: {d: {type: http-01, redirect_to_https: 1}}\n",
         "4:52: challenges.d.redirect_to_https", "true or false"},
        {head + "deployments: {a: {}}\n", "4:18: deployments.a", "either command or reload_unit is needed"},
        {head + "deployments: {a: {command: [x], reload_unit: x.service}}\n", "4:46: deployments.a",
         "exclude each other"},
        {head + "deployments: {a: {command: systemctl reload x}}\n", "4:28: deployments.a.command",
         "write [\"systemctl\", \"reload\", \"x\"], since no shell"},
        {head + "deployments: {a: {command: []}}\n", "4:28: deployments.a.command", "the list is empty"},
        {head + "deployments: {a: {command: [\"\", x]}}\n", "4:29: deployments.a.command[0]",
         "the first word is the program"},
        {head + "deployments: {a: {command: [x, [y]]}}\n", "4:32: deployments.a.command[1]",
         "a list is not accepted here"},
        {head + "deployments: {a: {command: [x, \"a\\0b\"]}}\n", "4:32: deployments.a.command[1]",
         "zero byte"},
        {head + "deployments: {a: {reload_unit: nginx}}\n", "4:32: deployments.a.reload_unit",
         "is not the name of a systemd service"},
        {head + "deployments: {a: {reload_unit: -x.service}}\n", "4:32: deployments.a.reload_unit",
         "is not the name of a systemd service"},
        {head + "deployments: {a: {command: [x], convention: lego}}\n", "4:45: deployments.a.convention",
         "certbot"},
        {head + "deployments: {a: {command: [x], test: [y], convention: certbot}}\n",
         "4:56: deployments.a.convention", "for hooks"},
        {head + "deployments: {a: {command: [x], runtime: /r, convention: certbot}}\n",
         "4:58: deployments.a.convention", "for hooks"},
        {head + "deployments: {nginx: {convention: certbot}}\n", "4:35: deployments.nginx.convention",
         "for hooks"},
        {head + "deployments: {nginx: {timeout: 30}}\n", "4:32: deployments.nginx.timeout",
         "the unit is missing"},
        {head + "deployments: {nginx: {timeout: 1ms}}\n", "4:32: deployments.nginx.timeout",
         "a duration from 1s to 1h"},
        {head + "deployments: {nginx: {timeout: 2h}}\n", "4:32: deployments.nginx.timeout",
         "a duration from 1s to 1h"},
        {head + "deployments: {nginx: {verify: \"127.0.0.1\"}}\n", "4:31: deployments.nginx.verify",
         "an IP address and a port"},
        {head + "deployments: {nginx: {verify: [\"smtp://mail.example:25\"]}}\n",
         "4:32: deployments.nginx.verify[0]", "an IP address and a port"},
        {head + "deployments: {nginx: {verify: \"imaps://127.0.0.1:993\"}}\n",
         "4:31: deployments.nginx.verify", "TLS that begins at once is written tls://127.0.0.1:993"},
        {head + "deployments: {nginx: {verify: \"submission://127.0.0.1:587\"}}\n",
         "4:31: deployments.nginx.verify", "write smtp://127.0.0.1:587"},
        {head + "deployments: {nginx: {verify: \"xmpp://127.0.0.1:5222\"}}\n",
         "4:31: deployments.nginx.verify", "one of tls://, smtp://, lmtp://, imap:// and pop3://"},
        {head + "deployments: {haproxy: {runtime: /" + std::string(107, 'x') + "}}\n",
         "4:34: deployments.haproxy.runtime", "at most 107 bytes"},
        {head + "certificates[]: []\n", "4:1: certificates[]", "unknown key"},
    };
    check(table);
}

TEST_CASE("certificates that cannot be kept alive are refused at their place") {
    const std::vector<wrong> table = {
        {"agree_to_terms: true\ncertificates: {}\n", "2:15: certificates",
         "a map is not accepted here; allowed: a list"},
        {list + "  - a.example\n", "4:5: certificates[0]", "a single value is not accepted here"},
        {list + "  -\n\n  # later\n  - names: [a.example]\n", "4:3: certificates[0]", "there is no value"},
        {list + "  - names: [a.example]\n  - # what was here?\n", "5:3: certificates[1]",
         "there is no value"},
        {list + "  - names: [a.example]\n  - ~\n", "5:5: certificates[1]", "there is no value"},
        {list + "  - {names: a.example}\n", "4:13: certificates[0].names",
         "\"a.example\" is not a list; write [\"a.example\"]"},
        {list + "  - {names: []}\n", "4:13: certificates[0].names", "the list is empty"},
        {list + "  - {names: [a.example, ~]}\n", "4:25: certificates[0].names[1]", "nothing is not accepted"},
        {list + "  - {names: [\"*.a.example\"]}\n", "4:14: certificates[0].names[0]",
         "only dns-01 and dns-persist-01 can prove"},
        {list + "  - {names: [a.example, A.EXAMPLE.]}\n", "4:25: certificates[0].names[1]",
         "is the same as the name at line 4, column 14"},
        {list + "  - {names: [localhost]}\n", "4:14: certificates[0].names[0]", "at least two labels"},
        {list + "  - {names: [a_b.example]}\n", "4:14: certificates[0].names[0]",
         "only letters, digits, hyphens"},
        {list + "  - {names: [a..example]}\n", "4:14: certificates[0].names[0]", "empty label"},
        {list + "  - {names: [300.1.1.1]}\n", "4:14: certificates[0].names[0]",
         "neither a name nor a correct IP"},
        {list + "  - {names: [\"a.example/../x\"]}\n", "4:14: certificates[0].names[0]",
         "only letters, digits, hyphens"},
        {list + "  - {names: [xn--99999999999.example]}\n", "4:14: certificates[0].names[0]",
         "not correct Punycode"},
        {list + "  - {names: [\"a\\u2028b.example\"]}\n", "4:14: certificates[0].names[0]",
         "cannot be an international domain name"},
        {entry + "    name: Example\n", "5:11: certificates[0].name", "1 to 100 of a-z, 0-9"},
        {entry + "    name: ../x\n", "5:11: certificates[0].name", "1 to 100 of a-z, 0-9"},
        {entry + "    name: " + std::string(101, 'a') + "\n", "5:11: certificates[0].name",
         "1 to 100 of a-z, 0-9"},
        {entry + "  - names: [a.example]\n", "5:12: certificates[1].names",
         "the certificate at line 4, column 12 has exactly these names"},
        {entry + "  - names: [a.example, b.example]\n", "5:12: certificates[1].name",
         "the certificate at line 4, column 12 is called \"a.example\" too"},
        {entry + "    name: x\n  - {names: [b.example], name: x}\n", "6:32: certificates[1].name",
         "the certificate at line 5, column 11 is called"},
        {entry + "    challenge: htpp\n", "5:16: certificates[0].challenge",
         "there is no challenge \"htpp\"; defined under `challenges` or built in: http; did you mean"},
        {entry + "    deploy: nginx\n", "5:13: certificates[0].deploy", "write [\"nginx\"]"},
        {entry + "    deploy: [apache, ngin]\n", "5:22: certificates[0].deploy[1]",
         "there is no deployment \"ngin\"; defined under `deployments` or built in: apache, dovecot, "
         "haproxy, nginx, postfix; did you "
         "mean \"nginx\"?"},
        {entry + "    deploy: [nginx, nginx]\n", "5:21: certificates[0].deploy[1]", "stands here twice"},
        {head + "defaults: {deploy: [sendmail]}\n", "4:21: defaults.deploy[0]", "there is no deployment"},
        {head + "defaults: {challenge: x}\n", "4:23: defaults.challenge", "there is no challenge"},
        {"certificates: [{names: [a.example]}]\n", "1:1: agree_to_terms",
         "this must be true before letsencrypt may be used"},
        {"\nagree_to_terms: false\ncertificates: [{names: [a.example]}]\n", "2:17: agree_to_terms",
         "write `agree_to_terms: true`"},
    };
    check(table);
}

TEST_CASE("one value with two troubles has two mistakes") {
    const auto loaded =
        load_text("agree_to_terms: true\ncertificates: [{names: [a.example], issuers: [sslcom]}]\n", "f");
    REQUIRE(!loaded.has_value());
    REQUIRE(loaded.error().size() == 2);
    CHECK(loaded.error()[0].text.find("needs a mail address") != std::string::npos);
    CHECK(loaded.error()[1].text.find("external account binding") != std::string::npos);
    CHECK(place_and_key(loaded.error()[0]) == "2:47: certificates[0].issuers[0]");
    CHECK(place_and_key(loaded.error()[1]) == "2:47: certificates[0].issuers[0]");
}

TEST_CASE("a mistake has no place when the file cannot be read") {
    const auto loaded = config::load_file("/no/such/evercert.yaml");
    REQUIRE(!loaded.has_value());
    REQUIRE(loaded.error().size() == 1);
    CHECK(loaded.error().front().to_string() ==
          "/no/such/evercert.yaml: the file cannot be read: No such file or directory");
    const auto folder = config::load_file("/");
    REQUIRE(!folder.has_value());
    CHECK(folder.error().front().to_string() == "/: the file cannot be read: it is not a file");
}

TEST_CASE("hostile text in a mistake is escaped") {
    const auto loaded = load_text(no_certificates + "\"a\\e[31m\\nb\": 1\n", "f");
    REQUIRE(!loaded.has_value());
    const std::string line = loaded.error().front().to_string();
    CHECK(line.find('\n') == std::string::npos);
    CHECK(line.find('\x1b') == std::string::npos);
    CHECK(line.starts_with("f:3:1: a\\x1b[31m\\nb: unknown key"));
}
