#include "config/load.hpp"
#include "core/store/repository.hpp"
#include "tests/daemon/migrate/fake_certbot.hpp"
#include "tests/support/catch.hpp"

#include <sys/stat.h>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;
using enum remark_kind;

namespace {

const std::string standalone = "authenticator = standalone\nkey_type = ecdsa\n";

std::string live_link(const fake_certbot& tree, const std::string& file) {
    return std::filesystem::read_symlink(tree.root() + "/live/" + file).string();
}

} // namespace

TEST_CASE("A lineage becomes an entry, a version, a record, and keeps its account") {
    const fake_certbot tree;
    tree.conf("a", standalone + "reuse_key = True\npreferred_chain = ISRG Root X1\ninstaller = nginx\n");
    tree.certificate("a", {"a.example", "www.a.example"});
    tree.write("cli.ini", "email = ops@a.example\n");
    const auto report = tree.run(true);
    REQUIRE(report);
    CHECK(report->applied);
    CHECK(!report->failed());
    CHECK(about(*report, "a").certificate == "ecdsa-p256 until 2026-07-31");

    const auto settings = config::load_file(tree.path("etc/evercert.yaml"));
    REQUIRE(settings);
    REQUIRE(settings->certificates.size() == 1);
    const managed_certificate& entry = *settings->certificates.front();
    CHECK(entry.name == "a");
    CHECK(entry.names.front().value == "a.example");
    CHECK(entry.policy->reuse_key);
    CHECK(entry.policy->deploy == std::vector<std::string>{"nginx"});
    CHECK(settings->issuers.at("letsencrypt").preferred_chain == "ISRG Root X1");
    CHECK(settings->issuers.at("letsencrypt").contacts == std::vector<std::string>{"ops@a.example"});

    const auto files = open_store(tree.path("data"));
    REQUIRE(files);
    const storage::repository repository(**files);
    const auto inventory = repository.look("a");
    REQUIRE(inventory.live);
    CHECK(inventory.live->number == 1);
    const auto job = repository.load_job("a");
    REQUIRE((job && *job));
    CHECK((*job)->issuer == "letsencrypt");
    CHECK((*job)->deployed == inventory.live->leaf().fingerprint());
    CHECK(repository.load_account_key("letsencrypt")->value().type() == key_type::ecdsa_p256);
    CHECK(repository.load_account("letsencrypt")->value().url ==
          "https://acme-v02.api.letsencrypt.org/acme/acct/1");
}

TEST_CASE("Doing it again, or where something of ours is, changes nothing") {
    const fake_certbot tree;
    tree.conf("a", standalone);
    tree.certificate("a", {"a.example"});
    REQUIRE(tree.run(true));
    tree.certificate("a", {"a.example"}); // certbot went on
    tree.account("acc1", fake_certbot::server, "https://acme-v02.api.letsencrypt.org/acme/acct/2");
    const auto again = tree.run(true);
    REQUIRE(again);
    CHECK(!again->failed());
    CHECK(has(remarks(about(*again, "a"), changed), "already, which stays"));
    CHECK(has(report_text(*again), "says all this already"));
    {
        const auto files = open_store(tree.path("data"));
        REQUIRE(files);
        const storage::repository repository(**files);
        CHECK(repository.look("a").versions == std::vector<unsigned>{1});
        CHECK(repository.load_account("letsencrypt")->value().url ==
              "https://acme-v02.api.letsencrypt.org/acme/acct/1");
        // While somebody holds data_dir, nothing is done.
        const auto busy = tree.run(true);
        REQUIRE(!busy);
        CHECK(busy.error().code == errc::busy);
        CHECK(has(busy.error().message, "systemctl stop evercertd"));
    }
    std::filesystem::resize_file(tree.path("etc/evercert.yaml"), 0);
    tree.write("../etc/evercert.yaml", "certificates: [\n");
    const auto broken = tree.run(true);
    REQUIRE(!broken);
    CHECK(broken.error().code == errc::invalid_argument);
}

TEST_CASE("A configuration of the operator's is never overwritten") {
    const fake_certbot tree;
    tree.conf("a", standalone);
    tree.certificate("a", {"a.example"});
    tree.write("../etc/evercert.yaml", "email: mine@a.example\ncertificates: []\n");
    const auto report = tree.run(true, true);
    REQUIRE(report);
    CHECK(report->config == tree.path("etc/evercert.yaml.imported"));
    CHECK(has(remarks(about(*report, "a"), to_do), "its paths stay"));
    CHECK(live_link(tree, "a/cert.pem") == "../../archive/a/cert1.pem");
    CHECK(config::load_file(tree.path("etc/evercert.yaml"))->certificates.empty());
    CHECK(config::load_file(tree.path("etc/evercert.yaml.imported"))->certificates.size() == 1);
}

TEST_CASE("Two lineages of the same names are one entry with two keys, and both paths go on") {
    const fake_certbot tree;
    tree.conf("a", standalone);
    tree.certificate("a", {"a.example", "b.example"});
    tree.conf("a-rsa", "authenticator = standalone\nkey_type = rsa\n");
    tree.certificate("a-rsa", {"b.example", "a.example"}, key_type::rsa_2048);
    tree.conf("a-twin", standalone);
    tree.certificate("a-twin", {"a.example", "b.example"}, key_type::ecdsa_p256, std::chrono::days(10));
    const auto report = tree.run(true, true);
    REQUIRE(report);
    CHECK(!report->failed());
    CHECK(has(report->yaml, "keys: [ecdsa-p256, rsa-2048]"));
    CHECK(about(*report, "a").entry.empty()); // the twin is newer
    CHECK(has(remarks(about(*report, "a"), left), "a-twin has exactly the same names"));
    const std::string live = tree.path("data") + "/live/a/";
    CHECK(live_link(tree, "a-twin/fullchain.pem") == live + "fullchain.pem");
    CHECK(live_link(tree, "a-rsa/privkey.pem") == live + "privkey.rsa-2048.pem");
    CHECK(live_link(tree, "a-rsa.before-evercert/privkey.pem") == "../../archive/a-rsa/privkey1.pem");
    CHECK(live_link(tree, "a/cert.pem") == "../../archive/a/cert1.pem");
    CHECK(std::filesystem::exists(tree.root() + "/renewal/a.conf"));
    CHECK(!std::filesystem::exists(tree.root() + "/renewal/a-rsa.conf"));
    CHECK(has(report_text(*report), "Leave certbot's timer on: it still has to renew a"));
}

TEST_CASE("Of two lineages of the same names the newer one says how, and a test CA never counts") {
    const fake_certbot tree;
    const std::string staging = "https://acme-staging-v02.api.letsencrypt.org/directory";
    tree.account("acc1", staging, "https://acme-staging-v02.api.letsencrypt.org/acme/acct/9");
    const auto pair_of = [&](const std::string& name, const std::string& first, const std::string& second) {
        tree.conf(name, standalone + "renew_hook = /etc/old.sh\n", first);
        tree.certificate(name, {name + ".example"});
        tree.conf(name + "-0001",
                  "authenticator = webroot\nwebroot_path = /srv/new,\nrenew_hook = /etc/new.sh\n", second);
        tree.certificate(name + "-0001", {name + ".example"}, key_type::rsa_2048, std::chrono::days(10));
    };
    const std::string real(fake_certbot::server);
    pair_of("tried", staging, real); // first for a try, then in earnest
    pair_of("trying", real, staging);
    tree.conf("moved", standalone + "renew_hook = /etc/old.sh\n");
    tree.certificate("moved", {"moved.example"});
    tree.conf("moved-0001", "authenticator = webroot\nwebroot_path = /srv/new,\nrenew_hook = /etc/new.sh\n");
    tree.certificate("moved-0001", {"moved.example"}, key_type::ecdsa_p256, std::chrono::days(10));
    const auto report = tree.run();
    REQUIRE(report);
    CHECK(!has(report->yaml, "issuers"));
    CHECK(has(report->yaml, "  - name: tried\n    names: [tried.example]\n    challenge: webroot\n"
                            "    keys: [rsa-2048]\n    deploy: [new.sh]\n"));
    CHECK(has(report->yaml, "  - name: trying\n    names: [trying.example]\n    keys: [ecdsa-p256]\n"
                            "    deploy: [old.sh]\n"));
    CHECK(has(report->yaml, "  - name: moved\n    names: [moved.example]\n    challenge: webroot\n"
                            "    keys: [ecdsa-p256]\n    deploy: [new.sh]\n"));
    CHECK(has(remarks(about(*report, "tried"), left),
              "tried-0001 has exactly the same names from a CA that is trusted"));
    CHECK(has(remarks(about(*report, "trying-0001"), left), "trying has exactly the same names"));
    CHECK(about(*report, "tried-0001").entry == "tried");
    CHECK(has(remarks(about(*report, "moved"), left), "is newer"));
}

TEST_CASE("What is broken is told, and hinders nothing else") {
    const fake_certbot tree;
    tree.write("renewal/good.conf",
               "renew_before_expiry = 14 days\n[renewalparams]\naccount = acc1\n" + standalone);
    tree.certificate("good", {"good.example"});
    tree.conf("expired", standalone);
    tree.certificate("expired", {"expired.example"}, key_type::ecdsa_p256, std::chrono::days(100));
    tree.conf("keyless", standalone);
    tree.certificate("keyless", {"keyless.example"});
    std::filesystem::remove(tree.root() + "/archive/keyless/privkey1.pem");
    tree.conf("swapped", standalone);
    tree.certificate("swapped", {"swapped.example"});
    tree.write("archive/swapped/privkey1.pem", crypto::key::generate(key_type::ecdsa_p256)->to_pem().view());
    tree.conf("gone", standalone);
    tree.conf("outside", standalone);
    tree.certificate("outside", {"outside.example"});
    std::filesystem::rename(tree.root() + "/archive/outside/fullchain1.pem", tree.path("elsewhere.pem"));
    std::filesystem::create_symlink(tree.path("elsewhere.pem"),
                                    tree.root() + "/archive/outside/fullchain1.pem");
    tree.write("renewal/garbled.conf", "[renewalparams\n");
    tree.write("renewal/aimless.conf", "version = 2.1.0\n");
    tree.write("renewal/huge.conf", std::string(1024 * 1024, '#'));
    std::filesystem::create_directory(tree.root() + "/renewal/folder.conf");
    tree.conf("off", standalone + "autorenew = False\n");
    tree.certificate("off", {"off.example"});
    tree.conf("no", standalone + "autorenew = no\n");
    tree.certificate("no", {"no.example"});
    tree.conf("Strange Name", standalone);
    tree.certificate("Strange Name", {"strange.example"});
    tree.conf("http", standalone, "http://ca.example/directory");
    tree.certificate("http", {"http.example"});
    tree.conf("zerossl", standalone, "https://acme.zerossl.com/v2/DV90");
    tree.certificate("zerossl", {"zerossl.example"});
    const auto report = tree.run(true);
    REQUIRE(report);
    CHECK(report->failed());
    const auto failure = [&](const char* lineage) { return remarks(about(*report, lineage), failed); };
    CHECK(failure("good").empty());
    CHECK(has(remarks(about(*report, "good"), changed), "no longer 14 days before its end"));
    CHECK(has(failure("gone"), "its names are not known"));
    CHECK(has(failure("outside"), "leads out of"));
    CHECK(has(failure("garbled"), "line 1"));
    CHECK(has(failure("aimless"), "does not say how"));
    CHECK(has(failure("huge"), "more than"));
    CHECK(has(failure("folder"), "not a file"));
    const auto ordered_anew = [&](const char* lineage) { return remarks(about(*report, lineage), to_do); };
    CHECK(has(ordered_anew("expired"), "a new one is ordered"));
    CHECK(has(ordered_anew("keyless"), "leads nowhere"));
    CHECK(has(ordered_anew("swapped"), "a new one is ordered"));
    CHECK(about(*report, "expired").entry == "expired");
    CHECK(about(*report, "expired").certificate.empty());
    CHECK(has(remarks(about(*report, "off"), left), "autorenew"));
    CHECK(has(remarks(about(*report, "no"), left), "autorenew"));
    CHECK(about(*report, "Strange Name").entry == "strange-name");
    CHECK(has(remarks(about(*report, "http"), left), "https"));
    CHECK(has(remarks(about(*report, "zerossl"), left), "external account binding"));
    // Until there is a certificate, servers read certbot's.
    const auto kept = tree.run(true, true);
    REQUIRE(kept);
    CHECK(has(remarks(about(*kept, "expired"), to_do), "its paths stay"));
    CHECK(remarks(about(*kept, "expired"), failed).empty());
    CHECK(std::filesystem::exists(tree.root() + "/renewal/expired.conf"));
    CHECK(!std::filesystem::exists(tree.root() + "/renewal/good.conf"));
    const auto settings = config::load_file(tree.path("etc/evercert.yaml"));
    REQUIRE(settings);
    CHECK(settings->certificates.size() == 5);
    CHECK(!report_json(*report).empty());
}

TEST_CASE("Keys stay what they are, whatever certbot would make next") {
    struct row {
        std::string params;
        std::optional<key_type> live;
        std::string yaml;
        std::string remark;
    };
    const row table[] = {
        {"", key_type::rsa_2048, "keys: [rsa-2048]", ""},
        {"key_type = ecdsa\nelliptic_curve = secp384r1\n", key_type::ecdsa_p384, "keys: [ecdsa-p384]", ""},
        {"key_type = ecdsa\n", key_type::rsa_2048, "keys: [rsa-2048]", "its key stays rsa-2048"},
        {"key_type = rsa\nrsa_key_size = 4096\n", key_type::ecdsa_p256, "keys: [ecdsa-p256]",
         "would have made rsa-4096"},
        {"key_type = ecdsa\nelliptic_curve = secp521r1\n", std::nullopt, "keys: [ecdsa-p384]",
         "no CA takes secp521r1"},
        {"key_type = rsa\nrsa_key_size = 8192\n", std::nullopt, "keys: [rsa-4096]",
         "in place of RSA with 8192 bits"},
        {"key_type = rsa\nrsa_key_size = x\n", std::nullopt, "keys: [rsa-2048]", "with x bits"},
        {"key_type = ecdsa\nmust_staple = True\nallow_subset_of_names = True\npreferred_profile = short\n",
         key_type::ecdsa_p256, "profile: short", "must-staple"},
    };
    for (const row& each : table) {
        INFO(each.params);
        const fake_certbot tree;
        tree.conf("a", "authenticator = standalone\n" + each.params);
        tree.certificate("a", {"a.example"}, each.live.value_or(key_type::ecdsa_p256));
        if (!each.live) {
            tree.write("archive/a/privkey1.pem",
                       "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        }
        const auto report = tree.run();
        REQUIRE(report);
        CHECK(has(report->yaml, each.yaml));
        CHECK(has(remarks(about(*report, "a"), changed), each.remark));
    }
}

TEST_CASE("Accounts: the one of most lineages, or none where it cannot be read") {
    const fake_certbot tree;
    const std::string own = "https://ca.example:14000/dir";
    tree.account("acc1", own, "https://elsewhere.example/acct/1");
    tree.conf("a", standalone, own);
    tree.certificate("a", {"a.example"});
    tree.conf("b", standalone);
    tree.certificate("b", {"b.example"});
    for (const char* name : {"c", "d"}) {
        tree.conf(name, standalone);
        tree.write(fmt::format("renewal/{}.conf", name),
                   fmt::format("[renewalparams]\nauthenticator = standalone\naccount = acc2\nserver = {}\n",
                               "https://acme-v01.api.letsencrypt.org/directory"));
        tree.certificate(name, {fmt::format("{}.example", name)});
    }
    tree.account("acc2", fake_certbot::server, "https://acme-v02.api.letsencrypt.org/acme/acct/2");
    auto report = tree.run(true);
    REQUIRE(report);
    CHECK(!report->failed());
    CHECK(has(report_text(*report), "the lineages use 2 accounts"));
    CHECK(has(report->yaml, "ca.example-14000: { directory: \"https://ca.example:14000/dir\" }"));
    {
        const auto files = open_store(tree.path("data"));
        REQUIRE(files);
        const storage::repository repository(**files);
        CHECK(has(repository.load_account("letsencrypt")->value().url, "acct/2"));
        CHECK(repository.load_account("ca.example-14000")
                  ->value()
                  .url.empty()); // not of that host: asked of the CA
    }
    const fake_certbot other;
    other.conf("a", standalone);
    other.certificate("a", {"a.example"});
    other.write("accounts/acme-v02.api.letsencrypt.org/directory/acc1/private_key.json", "{\"kty\": 5}");
    report = other.run(true);
    REQUIRE(report);
    CHECK(!report->failed());
    CHECK(has(report_text(*report), "a new one is registered"));
    other.conf("a", standalone + "x = 1\n", "https://x/../../etc");
    CHECK(has(report_text(*other.run()), "cannot name a folder"));
}

TEST_CASE("An account of ten years ago lies under the CA's earlier name") {
    const fake_certbot tree;
    std::filesystem::remove_all(tree.root() + "/accounts/acme-v02.api.letsencrypt.org");
    tree.account("acc1", "https://acme-v01.api.letsencrypt.org/directory",
                 "https://acme-v01.api.letsencrypt.org/acme/reg/1");
    tree.conf("a", standalone);
    tree.certificate("a", {"a.example"});
    const auto report = tree.run(true);
    REQUIRE(report);
    CHECK(has(report_text(*report), "letsencrypt: the account (its URL is asked of the CA) goes on"));
}

TEST_CASE("A secret of a provider lies in a file of its own, for evercertd only") {
    const fake_certbot tree;
    tree.write("token.ini", "dns_hetzner_api_token = sekrit-token\n");
    for (const char* name : {"a", "b"}) {
        tree.conf(
            name,
            fmt::format(
                "authenticator = dns-hetzner\nkey_type = ecdsa\ndns_hetzner_credentials = {}/token.ini\n",
                tree.root()));
        tree.certificate(name, {fmt::format("*.{}.example", name)});
    }
    const auto report = tree.run(true);
    REQUIRE(report);
    const std::string file = tree.path("etc/hetzner.token");
    struct stat info{};
    REQUIRE(::stat(file.c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0600);
    CHECK(std::filesystem::file_size(file) == std::string_view("sekrit-token\n").size());
    CHECK(!has(report_text(*report) + report_json(*report), "sekrit"));
    CHECK(!tree.run(true)->failed()); // the same again
    std::filesystem::resize_file(file, 3);
    CHECK(tree.run(true)->failed()); // another one stays
    CHECK(std::filesystem::file_size(file) == 3);
}

TEST_CASE("A folder that is none of certbot's") {
    const fake_certbot tree;
    import_options options = tree.options();
    options.folder = tree.path("nowhere");
    const auto report = import_certbot(options, open_store, fake_certbot::now);
    REQUIRE(!report);
    CHECK(report.error().code == errc::not_found);
    const auto nothing = tree.run(true);
    REQUIRE(nothing);
    CHECK(!nothing->applied);
    CHECK(!std::filesystem::exists(tree.path("etc")));
}
