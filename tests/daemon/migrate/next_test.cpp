// What the report tells people to do.
#include "tests/daemon/migrate/fake_certbot.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

TEST_CASE("certbot's timer is stopped only when nothing needs it any more") {
    const fake_certbot tree;
    tree.conf("a", "authenticator = standalone\nkey_type = ecdsa\n");
    tree.certificate("a", {"a.example"});
    std::string text = report_text(*tree.run(false, true));
    CHECK(has(text, "disable --now certbot.timer"));
    CHECK(has(text, "snap.certbot.renew.timer"));
    CHECK(!has(text, "purge"));

    tree.conf("b c", "authenticator = standalone\nkey_type = ecdsa\n");
    tree.certificate("b c", {"b.example"}, key_type::ecdsa_p256, std::chrono::days(100));
    CHECK(!has(report_text(*tree.run(false, true)), ".conf.imported-by-evercert"));
    text = report_text(*tree.run(true, true));
    CHECK(has(text, "The paths of b c were not switched"));
    CHECK(has(text, "Leave certbot's timer on: it still has to renew b c\n"));
    CHECK(!has(text, "disable --now certbot.timer"));

    const fake_certbot whole;
    whole.conf("a", "authenticator = standalone\nkey_type = ecdsa\n");
    whole.certificate("a", {"a.example"});
    text = report_text(*whole.run(true, true));
    CHECK(has(text, "disable --now certbot.timer"));
    CHECK(has(text, "`apt purge certbot` may delete it"));
}

TEST_CASE("What is left with certbot leaves it the rest too, unless paths are switched") {
    const fake_certbot tree;
    tree.conf("a b", "authenticator = standalone\nkey_type = ecdsa\n");
    tree.certificate("a b", {"a.example"});
    tree.conf("hand", "authenticator = manual\n");
    tree.certificate("hand", {"hand.example"});
    std::string text = report_text(*tree.run(true));
    CHECK(has(text, "for l in 'a b'; do mv \"$l.conf\" \"$l.conf.imported-by-evercert\"; done\n"));
    CHECK(has(text, "Leave certbot's timer on: it still has to renew hand\n"));
    for (int i = 0; i < 25; ++i) {
        const std::string name = fmt::format("m{:02}{}", i, std::string(190, 'x'));
        tree.conf(name, "authenticator = manual\n");
        tree.certificate(name, {fmt::format("m{}.example", i)});
        tree.conf("n" + name, "authenticator = standalone\n");
        tree.certificate("n" + name, {fmt::format("n{}.example", i)});
    }
    text = report_text(*tree.run());
    CHECK(has(text, "nm24xxx"));
    CHECK(has(text, "x; do mv")); // no command is cut
    CHECK(has(text, "and 6 more\n"));
}

TEST_CASE("The command to do it is the one that was given") {
    const fake_certbot tree;
    tree.conf("a", "authenticator = standalone\n");
    tree.certificate("a", {"a.example"});
    CHECK(has(report_text(*tree.run()),
              fmt::format("evercert import certbot {} --config {} --data-dir {} --apply --keep-paths",
                          tree.root(), tree.path("etc/evercert.yaml"), tree.path("data"))));
}

TEST_CASE("A webroot in a home needs more than to be writable") {
    const fake_certbot tree;
    tree.conf(
        "a",
        "authenticator = webroot\n[[webroot_map]]\na.example = /run/user/7/www\nb.example = /srv/my site\n");
    tree.certificate("a", {"a.example", "b.example"});
    const std::string text = report_text(*tree.run());
    CHECK(has(text, "setfacl -m u:evercert:rwx /run/user/7/www '/srv/my site'"));
    CHECK(has(text, "ReadWritePaths=/srv/my site, ProtectHome=tmpfs, BindPaths=/run/user/7/www"));
}

TEST_CASE("Of many webroots the report gives the number, and no command that is cut") {
    const fake_certbot tree;
    for (int i = 0; i < 30; ++i) {
        const std::string name = fmt::format("n{}", i);
        tree.conf(name, fmt::format("authenticator = webroot\nwebroot_path = /srv/{},\n", name));
        tree.certificate(name, {name + ".example"});
    }
    const auto report = tree.run();
    REQUIRE(report);
    CHECK(has(report->yaml, "  webroot-30: { type: http-01, webroot: /srv/n9 }\n"));
    CHECK(has(report_text(*report), "each of the 30 webroots"));
    CHECK(has(report_text(*report), " and 10 more: setfacl"));
}
