// Versions with a pair for each of several key types: all of them or none.
#include "core/crypto/digest.hpp"
#include "tests/core/store/sample.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::testing;
using storage::key_pair;
using storage::repository;

namespace {

const std::string dir = "certificates/example/versions/0001/";

struct fixture {
    memory_store files;
    repository repo{files};
};

std::vector<key_type> types_of(const storage::stored_version& version) {
    std::vector<key_type> types;
    for (const key_pair& pair : version.pairs) {
        types.push_back(pair.key.type());
    }
    return types;
}

} // namespace

TEST_CASE_METHOD(fixture, "each further key type has four files of its own") {
    auto staged = repo.stage("example", {samples()[0], rsa_samples()[0]});
    REQUIRE(staged.has_value());
    CHECK(files.mutations() == 1); // visible all at once
    CHECK(files.list("certificates/example/versions/0001").value() ==
          std::vector<std::string>{"cert.pem", "cert.rsa-2048.pem", "chain.pem", "chain.rsa-2048.pem",
                                   "fullchain.pem", "fullchain.rsa-2048.pem", "privkey.pem",
                                   "privkey.rsa-2048.pem"});
    auto disk = files.snapshot();
    for (const auto& [path, file] : disk.files) {
        CHECK(file.mode == 0600);
    }
    CHECK(disk.files[dir + "fullchain.rsa-2048.pem"].contents ==
          disk.files[dir + "cert.rsa-2048.pem"].contents + disk.files[dir + "chain.rsa-2048.pem"].contents);
    REQUIRE(repo.make_live("example", 1).has_value());
    auto found = repo.look("example");
    CHECK(found.trouble.empty());
    REQUIRE(found.live.has_value());
    REQUIRE(found.live->pairs.size() == 2);
    for (std::size_t i : {0U, 1U}) {
        const key_pair& expected = i == 0 ? samples()[0] : rsa_samples()[0];
        CHECK(leaf_of(found.live->pairs[i]).fingerprint() == leaf_of(expected).fingerprint());
        CHECK(found.live->pairs[i].chain.size() == expected.chain.size());
        CHECK(found.live->pairs[i].key.public_digest() == expected.key.public_digest());
    }
}

TEST_CASE_METHOD(fixture, "the first pair stays first, staged and read back the others have one order") {
    static const sample edwards = make_sample(key_type::ed25519);
    REQUIRE(repo.stage("example", {rsa_samples()[0], samples()[0]}).has_value());
    CHECK(types_of(repo.load("example", 1).value()) ==
          std::vector<key_type>{key_type::rsa_2048, key_type::ecdsa_p256});
    CHECK(files.read(dir + "cert.pem").value() == leaf_of(rsa_samples()[0]).pem());
    const std::vector<key_type> expected{key_type::rsa_2048, key_type::ecdsa_p256, key_type::ed25519};
    CHECK(types_of(repo.stage("example", {rsa_samples()[0], edwards, samples()[0]}).value()) == expected);
    CHECK(types_of(repo.load("example", 2).value()) == expected);
}

TEST_CASE_METHOD(fixture, "pairs that do not belong together are never stored") {
    static const sample other_name = make_sample(key_type::rsa_2048, "other.example");
    for (const std::vector<key_pair>& bad : {std::vector<key_pair>{samples()[0], samples()[1]},
                                             {samples()[0], samples()[0]},
                                             {samples()[0], other_name},
                                             {samples()[0], {rsa_samples()[0].chain, rsa_samples()[1].key}},
                                             {samples()[0], {{}, rsa_samples()[0].key}}}) {
        auto refused = repo.stage("example", bad);
        REQUIRE(!refused.has_value());
        CHECK(refused.error().code == errc::invalid_argument);
    }
    CHECK(files.mutations() == 0);
}

TEST_CASE_METHOD(fixture, "a further pair that is not whole makes the version damaged") {
    REQUIRE(repo.stage("example", {samples()[0], rsa_samples()[0]}).has_value());
    REQUIRE(repo.stage("example", {samples()[1], rsa_samples()[1]}).has_value());
    REQUIRE(repo.make_live("example", 1).has_value());
    auto whole = files.snapshot();
    for (std::string name : {"cert", "chain", "fullchain", "privkey"}) {
        const std::string file = name + ".rsa-2048.pem";
        const std::string elsewhere = "certificates/example/versions/0002/" + file;
        for (const char* damage : {"gone", "empty", "first", "older", "twice"}) {
            if (name == "chain" && std::string_view(damage) != "gone" &&
                std::string_view(damage) != "empty" && std::string_view(damage) != "twice") {
                continue; // one CA, one chain: the same bytes
            }
            if (name == "privkey" && std::string_view(damage) == "twice") {
                continue; // junk behind a whole key is still the right key
            }
            CAPTURE(file, damage);
            files.restore(whole);
            const std::string good = whole.files[dir + file].contents;
            if (damage == std::string_view("gone")) {
                files.lose(dir + file);
            } else {
                files.put(dir + file, damage == std::string_view("empty") ? ""
                                      : damage == std::string_view("first")
                                          ? whole.files[dir + name + ".pem"].contents
                                      : damage == std::string_view("older") ? whole.files[elsewhere].contents
                                                                            : good + good);
            }
            auto refused = repo.load("example", 1);
            REQUIRE(!refused.has_value());
            CHECK(refused.error().code == errc::corrupted);
            CHECK(!repo.make_live("example", 1).has_value());
            CHECK(!repo.look("example").live.has_value());
            CHECK(repo.load("example", 2).has_value());
        }
    }
}

TEST_CASE_METHOD(fixture, "whole pairs that do not belong together are damage too") {
    static const sample other_name = make_sample(key_type::rsa_2048, "other.example");
    REQUIRE(repo.stage("example", {samples()[0], rsa_samples()[0]}).has_value());
    REQUIRE(repo.stage("other", {other_name}).has_value());
    auto whole = files.snapshot();
    auto put_pair = [&](const std::string& type, const std::string& from) {
        for (std::string name : {"cert", "chain", "fullchain", "privkey"}) {
            files.put(dir + name + "." + type + ".pem", whole.files[from + name + ".pem"].contents);
        }
    };
    // A pair for other names, one twice under another type, and one whose key is not of the type it says.
    put_pair("rsa-2048", "certificates/other/versions/0001/");
    CHECK(repo.load("example", 1).error().code == errc::corrupted);
    files.restore(whole);
    put_pair("ecdsa-p256", dir);
    CHECK(repo.load("example", 1).error().code == errc::corrupted);
    files.restore(whole);
    put_pair("ed25519", dir);
    CHECK(repo.load("example", 1).error().code == errc::corrupted);
    // What has no key type's name is not ours.
    files.restore(whole);
    for (std::string name : {"cert.rsa-1024.pem", "cert..pem", "fullchain.rsa-2048.pem.orig", "notes"}) {
        files.put(dir + name, "x");
    }
    CHECK(repo.load("example", 1).value().pairs.size() == 2);
}

TEST_CASE_METHOD(fixture, "the facts of a version tell all that deciding needs") {
    REQUIRE(repo.stage("example", {rsa_samples()[0], samples()[0]}).has_value());
    const auto facts = facts_of(repo.load("example", 1).value());
    CHECK(facts.number == 1);
    CHECK(facts.names == "example.com");
    CHECK(!facts.just_staged);
    REQUIRE(facts.leaves.size() == 2);
    for (std::size_t i : {0U, 1U}) {
        const key_pair& pair = i == 0 ? rsa_samples()[0] : samples()[0];
        const storage::leaf_facts& leaf = facts.leaves[i];
        CHECK(leaf.key == pair.key.type());
        CHECK(leaf.fingerprint == leaf_of(pair).fingerprint());
        CHECK(leaf.serial == leaf_of(pair).serial());
        CHECK(leaf.key_digest == crypto::hex(pair.key.public_digest()));
        CHECK(leaf.issuer_name == leaf_of(pair).issuer_common_name());
        CHECK(leaf.authority_id == leaf_of(pair).authority_key_id());
        CHECK(leaf.crl_url.empty());
        CHECK(leaf.not_before == leaf_of(pair).not_before());
        CHECK(leaf.not_after == leaf_of(pair).not_after());
    }
}

TEST_CASE("names are joined in the order of their text, and the first CRL is taken") {
    const authority root = authority::make_root("Root");
    const auto key = crypto::key::generate(key_type::ecdsa_p256).value();
    certificate_plan plan;
    plan.san = {{san_kind::dns, "www.example.com"},
                {san_kind::dns, "*.example.com"},
                {san_kind::ip, std::string("\x0a\x00\x00\x01", 4)}};
    plan.crl_urls = {"http://ca.example/1.crl", "http://ca.example/2.crl"};
    storage::stored_version version;
    version.number = 3;
    version.pairs.push_back({{root.issue(key.native(), plan)}, key});
    const auto facts = facts_of(version);
    CHECK(facts.names == "*.example.com,10.0.0.1,www.example.com");
    CHECK(facts.first().crl_url == "http://ca.example/1.crl");
    // A certificate without names the store would not refuse: it has none then.
    plan.san.clear();
    version.pairs.front().chain.front() = root.issue(key.native(), plan);
    CHECK(facts_of(version).names.empty());
}
