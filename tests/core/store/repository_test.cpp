#include "core/store/repository.hpp"
#include "tests/core/store/sample.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::testing;
using storage::repository;

namespace {

const std::string dir = "certificates/example/versions/";

struct fixture {
    memory_store files;
    repository repo{files};
};

} // namespace

TEST_CASE_METHOD(fixture, "a staged version is complete, numbered and not live") {
    const sample& set = samples()[0];
    auto one = repo.stage("example", {set});
    REQUIRE(one.has_value());
    CHECK(one->number == 1);
    REQUIRE(one->pairs.size() == 1);
    CHECK(one->leaf().fingerprint() == leaf_of(set).fingerprint());
    CHECK(one->pairs.front().chain.size() == set.chain.size());
    CHECK(files.list("certificates/example/versions/0001").value() ==
          std::vector<std::string>{"cert.pem", "chain.pem", "fullchain.pem", "privkey.pem"});
    for (const auto& [path, file] : files.snapshot().files) {
        CHECK(file.mode == 0600);
    }
    auto disk = files.snapshot();
    CHECK(disk.files[dir + "0001/fullchain.pem"].contents ==
          disk.files[dir + "0001/cert.pem"].contents + disk.files[dir + "0001/chain.pem"].contents);
    CHECK(repo.look("example").live == std::nullopt);
    CHECK(repo.look("example").trouble.empty());
    CHECK(repo.look("example").versions == std::vector<unsigned>{1});

    REQUIRE(repo.make_live("example", 1).has_value());
    auto found = repo.look("example");
    REQUIRE(found.live.has_value());
    CHECK(found.live->number == 1);
    CHECK(found.trouble.empty());
    CHECK(files.read_link("live/example").value() == dir + "0001");
    CHECK(repo.live_directory("example") == "/memory/live/example");
    CHECK(repo.load("example", 1).value().pairs.front().key.public_digest() == set.key.public_digest());
}

TEST_CASE_METHOD(fixture, "a leaf without chain is a set too") {
    const sample& set = samples()[0];
    REQUIRE(repo.stage("example", {{{leaf_of(set)}, set.key}}).has_value());
    CHECK(files.read(dir + "0001/chain.pem").value() == "");
    CHECK(repo.load("example", 1).value().pairs.front().chain.size() == 1);
}

TEST_CASE_METHOD(fixture, "numbers only grow") {
    const sample& set = samples()[0];
    REQUIRE(repo.stage("example", {set}).value().number == 1);
    REQUIRE(repo.stage("example", {set}).value().number == 2);
    files.put(dir + "0007/cert.pem", "incomplete");
    CHECK(repo.stage("example", {set}).value().number == 8);
    // The live version was deleted by hand: its number must not come back by itself.
    files.put_link("live/example", dir + "0020");
    CHECK(repo.stage("example", {set}).value().number == 21);
    files.put(dir + "9999/cert.pem", "incomplete");
    CHECK(repo.stage("example", {set}).value().number == 10000);
    CHECK(repo.stage("example", {set}).value().number == 10001);
    files.put(dir + "notes/cert.pem", "not ours");
    CHECK(repo.look("example").versions == std::vector<unsigned>{1, 2, 7, 8, 21, 9999, 10000, 10001});
    CHECK(repo.stage("other", {set}).value().number == 1);
}

TEST_CASE_METHOD(fixture, "a key that does not fit is never stored") {
    auto refused = repo.stage("example", {{samples()[0].chain, samples()[1].key}});
    REQUIRE(!refused.has_value());
    CHECK(refused.error().code == errc::invalid_argument);
    CHECK(!repo.stage("example", {{{}, samples()[1].key}}).has_value());
    CHECK(repo.stage("example", {}).error().code == errc::invalid_argument);
    CHECK(files.mutations() == 0);
}

TEST_CASE_METHOD(fixture, "every damage to any file of a version is found") {
    REQUIRE(repo.stage("example", {samples()[0]}).has_value());
    REQUIRE(repo.stage("example", {samples()[1]}).has_value());
    REQUIRE(repo.make_live("example", 2).has_value());
    auto whole = files.snapshot();
    for (const char* name : {"cert.pem", "chain.pem", "fullchain.pem", "privkey.pem"}) {
        const std::string path = dir + "0002/" + name;
        const std::string good = whole.files[path].contents;
        std::vector<std::string> damaged = {"",
                                            "\n",
                                            good.substr(0, good.size() / 2),
                                            good.substr(good.size() / 2),
                                            "garbage",
                                            std::string(good.size(), '\0'),
                                            std::string(2 * 1024 * 1024, 'x'),
                                            whole.files[dir + "0001/" + name].contents,
                                            good + good,
                                            whole.files[dir + "0002/privkey.pem"].contents + good};
        if (std::string_view(name) == "privkey.pem") {
            // Junk around a whole key is still the right key.
            damaged.resize(damaged.size() - 2);
        }
        // Both samples have the same CA, so their chains are the same bytes.
        if (std::string_view(name) == "chain.pem") {
            damaged.erase(damaged.begin() + 7);
        }
        for (std::size_t i = 0; i <= damaged.size(); ++i) {
            CAPTURE(name, i);
            files.restore(whole);
            if (i < damaged.size()) {
                files.put(path, damaged[i]);
            } else {
                files.lose(path);
            }
            auto refused = repo.load("example", 2);
            REQUIRE(!refused.has_value());
            CHECK((refused.error().code == errc::corrupted || refused.error().code == errc::too_large));
            CHECK(!repo.make_live("example", 2).has_value());
            auto found = repo.look("example");
            CHECK(!found.live.has_value());
            CHECK(found.trouble.find("live version 2") != std::string::npos);
            CHECK(found.versions == std::vector<unsigned>{1, 2});
            CHECK(repo.load("example", 1).has_value());
        }
    }
    files.restore(whole);
    CHECK(repo.look("example").live.has_value());
}

TEST_CASE_METHOD(fixture, "a version that is not there is not found") {
    CHECK(repo.load("example", 1).error().code == errc::not_found);
    CHECK(repo.make_live("example", 1).error().code == errc::not_found);
    CHECK(repo.load("../example", 1).error().code == errc::invalid_argument);
    files.put(dir + "0003/other", "x");
    CHECK(repo.load("example", 3).error().code == errc::corrupted);
    CHECK(files.mutations() == 0);
}

TEST_CASE_METHOD(fixture, "a live link that leads nowhere or elsewhere is told") {
    REQUIRE(repo.stage("example", {samples()[0]}).has_value());
    for (std::string target : {dir + "0009", std::string("certificates/other/versions/0001"),
                               std::string("jobs"), dir + "0001/cert.pem", std::string("../../etc")}) {
        CAPTURE(target);
        files.put_link("live/example", target);
        auto found = repo.look("example");
        CHECK(!found.live.has_value());
        CHECK(!found.trouble.empty());
        CHECK(found.versions == std::vector<unsigned>{1});
    }
    files.lose("live/example");
    files.put("live/example", "a file");
    CHECK(!repo.look("example").trouble.empty());
    CHECK(!repo.look("no/name").trouble.empty());
    CHECK(repo.look("unknown").trouble.empty());
}

TEST_CASE_METHOD(fixture, "pruning keeps the newest, the live one and one more") {
    for (int i = 0; i < 8; ++i) {
        REQUIRE(repo.stage("example", {samples()[0]}).has_value());
    }
    REQUIRE(repo.make_live("example", 2).has_value());
    REQUIRE(repo.prune("example", 3, 4).has_value());
    CHECK(repo.look("example").versions == std::vector<unsigned>{2, 4, 6, 7, 8});
    REQUIRE(repo.prune("example", 10).has_value());
    CHECK(repo.look("example").versions.size() == 5);
    // When it cannot be known what is live nothing is removed.
    files.put_link("live/example", "jobs");
    CHECK(!repo.prune("example", 1).has_value());
    CHECK(repo.look("example").versions.size() == 5);
    files.put_link("live/example", dir + "0006");
    REQUIRE(repo.prune("example", 0).has_value());
    CHECK(repo.look("example").versions == std::vector<unsigned>{6});
    CHECK(repo.look("example").live.has_value());
}

TEST_CASE_METHOD(fixture, "the live version is told without reading it") {
    CHECK(repo.live_version("example").value() == 0);
    REQUIRE(repo.stage("example", {samples()[0]}).has_value());
    CHECK(repo.live_version("example").value() == 0);
    REQUIRE(repo.make_live("example", 1).has_value());
    files.lose(dir + "0001/cert.pem");
    CHECK(repo.live_version("example").value() == 1);
    files.put_link("live/example", "certificates/other/versions/0001");
    CHECK(repo.live_version("example").error().code == errc::corrupted);
    CHECK(repo.live_version("../x").error().code == errc::invalid_argument);
}
