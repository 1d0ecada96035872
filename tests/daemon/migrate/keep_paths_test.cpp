// The paths that servers read, when not all goes well.
#include "daemon/migrate/keep_paths.hpp"
#include "tests/daemon/migrate/fake_certbot.hpp"
#include "tests/support/catch.hpp"

#include <sys/stat.h>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;
using enum remark_kind;
namespace files = std::filesystem;

namespace {

std::string link_of(const fake_certbot& tree, const std::string& kind) {
    return files::read_symlink(fmt::format("{}/live/a/{}.pem", tree.root(), kind)).string();
}

} // namespace

TEST_CASE("A switch that was broken off is told, and made again as a whole") {
    const fake_certbot tree;
    tree.conf("a", "authenticator = standalone\nkey_type = ecdsa\n");
    tree.certificate("a", {"a.example"});
    REQUIRE(tree.run(true, true));
    const std::string ours = tree.path("data") + "/live/a/";
    REQUIRE(link_of(tree, "privkey") == ours + "privkey.pem");
    // As if the machine had lost power before the last two links.
    for (const std::string kind : {"fullchain", "privkey"}) {
        const std::string link = fmt::format("{}/live/a/{}.pem", tree.root(), kind);
        files::remove(link);
        files::create_symlink(fmt::format("../../archive/a/{}1.pem", kind), link);
    }
    const auto looked = tree.run();
    REQUIRE(looked);
    CHECK(has(report_text(*looked), "switch of a's paths was broken off"));
    CHECK(!files::exists(tree.root() + "/renewal/a.conf"));
    const auto again = tree.run(true, true);
    REQUIRE(again);
    CHECK(!again->failed());
    CHECK(has(report_text(*again), "a, whose switch was broken off, is taken up again"));
    CHECK(about(*again, "a").entry == "a");
    for (const char* kind : {"cert", "chain", "fullchain", "privkey"}) {
        CHECK(link_of(tree, kind) == ours + kind + ".pem");
        CHECK(files::read_symlink(fmt::format("{}/live/a.before-evercert/{}.pem", tree.root(), kind)) ==
              fmt::format("../../archive/a/{}1.pem", kind));
    }
    CHECK(!files::exists(tree.root() + "/renewal/a.conf"));
    CHECK(!has(report_text(*tree.run()), "broken off"));
}

TEST_CASE("A switch that fails leaves the lineage to certbot") {
    const fake_certbot tree;
    tree.conf("a", "authenticator = standalone\nkey_type = ecdsa\n");
    tree.certificate("a", {"a.example"});
    // In the way of the third link.
    tree.write("live/a/fullchain.pem.new-by-evercert/x", "");
    auto report = tree.run(true, true);
    REQUIRE(report);
    CHECK(has(remarks(about(*report, "a"), failed), "cannot point a link at our file"));
    CHECK(files::exists(tree.root() + "/renewal/a.conf"));
    CHECK(!files::exists(tree.root() + "/live/a.before-evercert"));
    for (const std::string kind : {"cert", "chain", "fullchain", "privkey"}) {
        CHECK(link_of(tree, kind) == fmt::format("../../archive/a/{}1.pem", kind));
    }
    files::remove_all(tree.root() + "/live/a/fullchain.pem.new-by-evercert");
    report = tree.run(true, true);
    REQUIRE(report);
    CHECK(!report->failed());
    CHECK(link_of(tree, "fullchain") == tree.path("data") + "/live/a/fullchain.pem");
}

TEST_CASE("Paths that others than root read are not led to where only root may go") {
    const fake_certbot tree;
    tree.conf("a", "authenticator = standalone\nkey_type = ecdsa\n");
    tree.certificate("a", {"a.example"});
    const std::string key = tree.root() + "/archive/a/privkey1.pem";
    const auto told = [&](bool apply) {
        const auto report = tree.run(apply, true);
        REQUIRE(report);
        CHECK(!report->failed());
        return remarks(about(*report, "a"), to_do);
    };
    files::permissions(key, files::perms(0640));
    CHECK(has(told(false), "group "));
    files::permissions(tree.root() + "/live", files::perms(0700)); // nobody comes so far
    CHECK(told(false).empty());
    files::permissions(tree.root() + "/live", files::perms(0755));
    files::permissions(key, files::perms(0644));
    CHECK(has(told(true), "its paths stay as they are: everybody can read privkey.pem"));
    CHECK(link_of(tree, "privkey") == "../../archive/a/privkey1.pem");
    CHECK(files::exists(tree.root() + "/renewal/a.conf"));
    files::permissions(key, files::perms(0600));
    CHECK(told(true).empty());
    CHECK(link_of(tree, "privkey") == tree.path("data") + "/live/a/privkey.pem");
}

TEST_CASE("A second run for the rest of the paths asks for nothing to be merged") {
    const fake_certbot tree;
    for (const std::string name : {"a", "b"}) {
        tree.write(name + ".ini", fmt::format("dns_hetzner_api_token = token-{}\n", name));
        tree.conf(name,
                  fmt::format("authenticator = dns-hetzner\nkey_type = ecdsa\ndns_hetzner_credentials = "
                              "{}/{}.ini\n",
                              tree.root(), name));
        tree.certificate(name, {name + ".example"});
    }
    const std::string key = tree.root() + "/archive/b/privkey1.pem";
    files::permissions(key, files::perms(0644));
    REQUIRE(tree.run(true, true));
    CHECK(!files::exists(tree.root() + "/renewal/a.conf"));
    CHECK(files::exists(tree.root() + "/renewal/b.conf"));
    files::permissions(key, files::perms(0600));
    const auto looked = tree.run(false, true);
    REQUIRE(looked);
    CHECK(looked->yaml.empty());
    const auto again = tree.run(true, true);
    REQUIRE(again);
    CHECK(!again->failed()); // b's token would have a's place now
    CHECK(has(report_text(*again), "has an entry for each already, and stays as it is"));
    CHECK(!files::exists(tree.path("etc/evercert.yaml.imported")));
    CHECK(!files::exists(tree.root() + "/renewal/b.conf"));
    CHECK(files::read_symlink(tree.root() + "/live/b/privkey.pem") ==
          tree.path("data") + "/live/b/privkey.pem");
}
