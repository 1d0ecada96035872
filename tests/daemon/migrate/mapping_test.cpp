// certbot's words as ours: one table for authenticators, one for what follows a certificate.
#include "tests/daemon/migrate/fake_certbot.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;
using enum remark_kind;

TEST_CASE("Each authenticator has its challenge, or stays with certbot") {
    struct row {
        const char* what;
        std::string params;
        std::string credentials; ///< of the plugin, in the folder
        std::string yaml;        ///< in the configuration; empty: nothing is made of it
        std::string remark;      ///< somewhere in the report on it
        std::string name = "a.example";
    };
    const std::string tsig =
        "dns_rfc2136_server = 192.0.2.1\ndns_rfc2136_name = k.\ndns_rfc2136_secret = c2VjcmV0\n"
        "dns_rfc2136_algorithm = HMAC-SHA512\n";
    const row table[] = {
        {"standalone", "authenticator = standalone\n", "", "http: { type: http-01, listen: [\"[::]:80\"] }",
         ""},
        {"standalone elsewhere",
         "authenticator = standalone\nhttp01_port = 8080\nhttp01_address = 127.0.0.1\n", "",
         "listen: [\"127.0.0.1:8080\"]", ""},
        {"an address of IPv6", "authenticator = standalone\nhttp01_address = ::1\n", "",
         "listen: [\"[::1]:80\"]", ""},
        {"a port that is none", "authenticator = standalone\nhttp01_port = x\n", "", "", "listen"},
        {"nginx", "authenticator = nginx\ninstaller = nginx\n", "", "listen: [\"127.0.0.1:5002\"]",
         "passes challenges on"},
        {"webroot", "authenticator = webroot\nwebroot_path = /var/www/,\n", "", "webroot: /var/www }", ""},
        {"webroot by name", "authenticator = webroot\n[[webroot_map]]\na.example = /srv/a\n", "",
         "webroot: /srv/a }", ""},
        {"webroot of nobody", "authenticator = webroot\n[[webroot_map]]\nb.example = /srv/a\n", "", "",
         "no webroot is said"},
        {"webroot somewhere", "authenticator = webroot\nwebroot_path = www\n", "", "", "no webroot is said"},
        {"manual DNS",
         "authenticator = manual\npref_challs = dns-01,\nmanual_auth_hook = /etc/a.sh x\n"
         "manual_cleanup_hook = rm -f /x\n",
         "",
         "{ type: dns-01, provider: exec, convention: certbot, command: [/etc/a.sh, x], cleanup_command: "
         "[/bin/sh, "
         "\"-c\", \"rm -f /x\"] }",
         ""},
        {"manual wildcard", "authenticator = manual\nmanual_auth_hook = /etc/a.sh\n", "",
         "command: [/etc/a.sh]", "not as root", "*.a.example"},
        {"manual HTTP", "authenticator = manual\nmanual_auth_hook = /etc/a.sh\n", "", "",
         "puts files for http-01"},
        {"by hand", "authenticator = manual\n", "", "", "proven by hand"},
        {"rfc2136", "authenticator = dns-rfc2136\ndns_rfc2136_credentials = @\n", tsig,
         "provider: rfc2136, server: \"192.0.2.1:53\", tsig_key_file: ", ""},
        {"rfc2136 with MD5", "authenticator = dns-rfc2136\ndns_rfc2136_credentials = @\n",
         "dns_rfc2136_server = 192.0.2.1\ndns_rfc2136_name = k.\ndns_rfc2136_secret = c2VjcmV0\n", "",
         "hmac-md5 is none of"},
        {"rfc2136 with quotes", "authenticator = dns-rfc2136\ndns_rfc2136_credentials = @\n",
         "dns_rfc2136_server = 192.0.2.1\ndns_rfc2136_name = 'k\"; }'\ndns_rfc2136_secret = c2VjcmV0\n", "",
         "cannot be used"},
        {"rfc2136 by name", "authenticator = dns-rfc2136\ndns_rfc2136_credentials = @\n",
         "dns_rfc2136_server = ns.a.example\ndns_rfc2136_name = k.\ndns_rfc2136_secret = c2VjcmV0\n"
         "dns_rfc2136_algorithm = HMAC-SHA256\n",
         "", "server"},
        {"cloudflare", "authenticator = dns-cloudflare\ndns_cloudflare_credentials = @\n",
         "dns_cloudflare_api_token = tok-en # mine\n", "provider: cloudflare, secret_file: ", ""},
        {"cloudflare's global key", "authenticator = dns-cloudflare\ndns_cloudflare_credentials = @\n",
         "dns_cloudflare_email = a@b.example\ndns_cloudflare_api_key = k\n", "", "global key"},
        {"a package in front",
         "authenticator = certbot-dns-desec:dns-desec\n\"certbot_dns_desec:dns_desec_credentials\" = @\n",
         "\"certbot_dns_desec:dns_desec_token\" = t\n", "provider: desec", ""},
        {"digitalocean", "authenticator = dns-digitalocean\ndns_digitalocean_credentials = @\n",
         "dns_digitalocean_token = t\n", "provider: digitalocean", ""},
        {"powerdns", "authenticator = dns-powerdns\ndns_powerdns_credentials = @\n",
         "dns_powerdns_api_url = http://127.0.0.1:8081\ndns_powerdns_api_key = k\n",
         "provider: powerdns, url: \"http://127.0.0.1:8081\", secret_file: ", ""},
        {"powerdns nowhere", "authenticator = dns-powerdns\ndns_powerdns_credentials = @\n",
         "dns_powerdns_api_key = k\n", "", "no token is in"},
        {"route53", "authenticator = dns-route53\n", "",
         "provider: route53, secret_file: ", "/etc/route53.credentials`"},
        {"route53 of old", "authenticator = certbot-route53:auth\n", "", "provider: route53", ""},
        {"a wait", "authenticator = dns-route53\ndns_route53_propagation_seconds = 90\n", "",
         "provider: route53", "does not wait 90 seconds"},
        {"another plugin", "authenticator = dns-ovh\n", "", "", "no counterpart to the plugin dns-ovh"},
        {"no credentials", "authenticator = dns-hetzner\n", "", "", "has no credentials file"},
        {"credentials gone", "authenticator = dns-hetzner\ndns_hetzner_credentials = /nowhere/x\n", "", "",
         "cannot be read"},
        {"credentials broken", "authenticator = dns-hetzner\ndns_hetzner_credentials = @\n", "a = 'b\n", "",
         "are broken"},
    };
    for (const row& each : table) {
        INFO(each.what);
        const fake_certbot tree;
        std::string params = each.params;
        if (const auto at = params.find('@'); at != params.npos) {
            tree.write("plugin.ini", each.credentials);
            params.replace(at, 1, tree.root() + "/plugin.ini");
        }
        tree.conf("a", params);
        tree.certificate("a", {each.name});
        const auto report = tree.run();
        REQUIRE(report);
        CHECK(!report->failed());
        const lineage_report& a = about(*report, "a");
        CHECK(a.entry == (each.yaml.empty() ? "" : "a"));
        if (each.yaml.empty()) {
            CHECK(has(remarks(a, left), each.remark));
        } else {
            CHECK(has(report->yaml, each.yaml));
            CHECK(has(remarks(a, changed) + remarks(a, to_do), each.remark));
        }
        CHECK(!has(report_text(*report) + report->yaml, "c2VjcmV0"));
    }
}

TEST_CASE("Names of one lineage may have folders of their own") {
    const fake_certbot tree;
    tree.conf("a", "authenticator = webroot\nwebroot_path = /srv/b,\n[[webroot_map]]\na.example = /srv/a\n"
                   "b.example = /srv/b\n");
    tree.certificate("a", {"a.example", "b.example", "c.example"});
    const auto report = tree.run();
    REQUIRE(report);
    CHECK(has(
        report->yaml,
        "  webroot: { type: http-01, webroot: /srv/b }\n  webroot-2: { type: http-01, webroot: /srv/a }\n"));
    CHECK(has(report->yaml, "    challenge: webroot\n    challenges: { a.example: webroot-2 }\n"));
}

TEST_CASE("What follows a certificate") {
    struct row {
        const char* what;
        std::string params;
        std::string cli;
        std::string yaml;
        std::string remark;
    };
    const row table[] = {
        {"nothing", "", "", "", ""},
        {"an installer", "installer = apache\n", "", "deploy: [apache]", ""},
        {"another installer", "installer = exim\n", "", "", "no counterpart"},
        {"a hook", "renew_hook = /etc/r.sh\n", "", "r.sh: { command: [/etc/r.sh], convention: certbot }", ""},
        {"a hook called as a server", "renew_hook = /etc/nginx\n", "", "nginx-2: {", ""},
        {"a hook called as another server", "renew_hook = /etc/postfix\n", "", "postfix-2: {", ""},
        {"a shell's line", "renew_hook = systemctl reload nginx\n", "",
         "hook: { command: [/bin/sh, \"-c\", \"systemctl reload nginx\"], convention: certbot }", ""},
        {"a hook for all", "renew_hook = /etc/r.sh\n", "deploy-hook = /etc/all.sh\n", "deploy: [all.sh]", ""},
        {"a post-hook alone", "post_hook = /etc/p.sh\n", "", "deploy: [p.sh]", "no longer after failures"},
        {"hooks that stop a server", "pre_hook = systemctl stop nginx\npost_hook = systemctl start nginx\n",
         "", "", "its pre-hook `systemctl stop nginx` and its post-hook `systemctl start nginx` is not run"},
    };
    for (const row& each : table) {
        INFO(each.what);
        const fake_certbot tree;
        tree.conf("a", "authenticator = standalone\n" + each.params);
        tree.certificate("a", {"a.example"});
        if (!each.cli.empty()) {
            tree.write("cli.ini", each.cli);
        }
        const auto report = tree.run();
        REQUIRE(report);
        const lineage_report& a = about(*report, "a");
        CHECK(has(remarks(a, changed) + remarks(a, to_do), each.remark));
        CHECK((each.yaml.empty() ? !has(report->yaml, "deploy:") : has(report->yaml, each.yaml)));
    }
}

TEST_CASE("What runs after certbot runs after each certificate, unless it starts what was stopped before") {
    const fake_certbot tree;
    const auto hook = [&](const std::string& name) {
        tree.write("renewal-hooks/" + name, "#!/bin/sh\n");
        std::filesystem::permissions(tree.root() + "/renewal-hooks/" + name,
                                     std::filesystem::perms::owner_all);
    };
    hook("post/reload");
    hook("deploy/copy");
    tree.conf("a", "authenticator = standalone\npost_hook = /etc/p.sh\n");
    tree.certificate("a", {"a.example"});
    auto report = tree.run();
    REQUIRE(report);
    CHECK(has(report->yaml, "deploy: [copy, p.sh, reload]\n"));
    CHECK(has(report_text(*report), "post/reload runs after each new certificate"));
    hook("pre/stop");
    report = tree.run();
    REQUIRE(report);
    CHECK(has(report->yaml, "deploy: [copy, p.sh]\n"));
    CHECK(has(report_text(*report), "post/reload is not run"));
    CHECK(has(report_text(*report), "pre/stop is not run"));
    tree.write("cli.ini", "no-directory-hooks\n");
    CHECK(!has(report_text(*tree.run()), "renewal-hooks"));
}

TEST_CASE("Hooks in the folder are for all, in certbot's order") {
    const fake_certbot tree;
    for (const char* name : {"20-second", "10-first", "30-old~", "40-not-executable"}) {
        tree.write(fmt::format("renewal-hooks/deploy/{}", name), "#!/bin/sh\n");
        if (std::string_view(name) != "40-not-executable") {
            std::filesystem::permissions(fmt::format("{}/renewal-hooks/deploy/{}", tree.root(), name),
                                         std::filesystem::perms::owner_all);
        }
    }
    tree.conf("a", fmt::format("authenticator = standalone\nrenew_hook = {}/renewal-hooks/deploy/10-first\n",
                               tree.root()));
    tree.certificate("a", {"a.example"});
    const auto report = tree.run();
    REQUIRE(report);
    CHECK(has(report->yaml, "deploy: [10-first, 20-second]\n"));
    tree.write("cli.ini", "no-directory-hooks\n");
    CHECK(has(tree.run()->yaml, "deploy: [10-first]\n"));
}
