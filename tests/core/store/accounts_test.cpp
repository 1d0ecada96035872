#include "tests/core/store/sample.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::testing;
using storage::account_record;
using storage::repository;

namespace {

struct fixture {
    memory_store files;
    repository repo{files};
};

} // namespace

TEST_CASE_METHOD(fixture, "account keys are never replaced, only retired") {
    const crypto::key& one = samples()[0].key;
    const crypto::key& two = samples()[1].key;
    CHECK(!repo.load_account_key("le").value().has_value());
    REQUIRE(repo.save_account_key("le", one).has_value());
    REQUIRE(repo.save_account_key("le", one).has_value());
    CHECK(repo.save_account_key("le", two).error().code == errc::exists);
    account_record record;
    record.url = "https://ca.example/acct/1";
    REQUIRE(repo.save_account("le", record).has_value());
    CHECK(repo.load_account("le").value() == record);
    const std::string old_key = files.read("accounts/le/account.key").value().value();

    REQUIRE(repo.retire_account("le").has_value());
    CHECK(!repo.load_account_key("le").value().has_value());
    CHECK(repo.load_account("le").value() == std::nullopt);
    CHECK(files.read("accounts/le/account.key.1").value() == old_key);
    CHECK(files.read("accounts/le/account.json.1").value().has_value());
    REQUIRE(repo.save_account_key("le", two).has_value());
    REQUIRE(repo.retire_account("le").has_value());
    CHECK(files.list("accounts/le").value() ==
          std::vector<std::string>{"account.json.1", "account.key.1", "account.key.2"});
    REQUIRE(repo.retire_account("le").has_value());
    CHECK(files.list("accounts/le").value().size() == 3);

    files.put("accounts/le/account.key", "garbage");
    CHECK(repo.load_account_key("le").error().code == errc::corrupted);
    CHECK(repo.save_account_key("le", one).error().code == errc::corrupted);
    REQUIRE(repo.retire_account("le").has_value());
    CHECK(files.read("accounts/le/account.key.3").value() == "garbage");
    files.put("accounts/le/account.json", "garbage");
    CHECK(repo.load_account("le").value() == std::nullopt);
    files.put("accounts/le/account.json", R"({"format":7})");
    CHECK(repo.load_account("le").error().code == errc::unsupported);
    CHECK(repo.load_account_key("../le").error().code == errc::invalid_argument);
}

TEST_CASE_METHOD(fixture, "the next account key takes the place of the present one") {
    const crypto::key& present = samples()[0].key;
    const crypto::key& next = samples()[1].key;
    auto digest_of = [](const result<std::optional<crypto::key>>& key) {
        return key.value()->public_digest();
    };
    CHECK(!repo.load_next_account_key("le").value().has_value());
    CHECK(repo.promote_next_account_key("le").error().code == errc::not_found);
    REQUIRE(repo.save_account_key("le", present).has_value());
    CHECK(repo.promote_next_account_key("le").error().code == errc::not_found);
    // One that never came to anything is replaced.
    REQUIRE(repo.save_next_account_key("le", present).has_value());
    REQUIRE(repo.save_next_account_key("le", next).has_value());
    CHECK(digest_of(repo.load_next_account_key("le")) == next.public_digest());
    CHECK(digest_of(repo.load_account_key("le")) == present.public_digest());
    const std::string old_key = files.read("accounts/le/account.key").value().value();

    REQUIRE(repo.promote_next_account_key("le").has_value());
    CHECK(digest_of(repo.load_account_key("le")) == next.public_digest());
    CHECK(!repo.load_next_account_key("le").value().has_value());
    CHECK(files.read("accounts/le/account.key.1").value() == old_key);
    CHECK(files.list("accounts/le").value() == std::vector<std::string>{"account.key", "account.key.1"});
    for (const auto& [path, file] : files.snapshot().files) {
        CHECK(file.mode == 0600);
    }

    REQUIRE(repo.save_next_account_key("le", present).has_value());
    REQUIRE(repo.drop_next_account_key("le").has_value());
    REQUIRE(repo.drop_next_account_key("le").has_value());
    CHECK(!repo.load_next_account_key("le").value().has_value());
    files.put("accounts/le/account.next.key", "garbage");
    CHECK(repo.load_next_account_key("le").error().code == errc::corrupted);
    CHECK(repo.promote_next_account_key("le").error().code == errc::corrupted);
    CHECK(digest_of(repo.load_account_key("le")) == next.public_digest());
    for (auto outcome : {repo.save_next_account_key("..", next), repo.promote_next_account_key("a/b"),
                         repo.drop_next_account_key("")}) {
        REQUIRE(!outcome.has_value());
        CHECK(outcome.error().code == errc::invalid_argument);
    }
}

TEST_CASE_METHOD(fixture, "a next key without a present one, or beside a damaged one, is promoted too") {
    REQUIRE(repo.save_next_account_key("le", samples()[0].key).has_value());
    REQUIRE(repo.promote_next_account_key("le").has_value());
    CHECK(files.list("accounts/le").value() == std::vector<std::string>{"account.key"});
    files.put("accounts/le/account.key", "garbage");
    REQUIRE(repo.save_next_account_key("le", samples()[1].key).has_value());
    REQUIRE(repo.promote_next_account_key("le").has_value());
    CHECK(files.read("accounts/le/account.key.1").value() == "garbage");
    CHECK(repo.load_account_key("le").value()->public_digest() == samples()[1].key.public_digest());
}

TEST_CASE_METHOD(fixture, "retiring an account sets its next key aside as well") {
    REQUIRE(repo.save_account_key("le", samples()[0].key).has_value());
    REQUIRE(repo.save_next_account_key("le", samples()[1].key).has_value());
    REQUIRE(repo.retire_account("le").has_value());
    CHECK(!repo.load_next_account_key("le").value().has_value());
    CHECK(files.list("accounts/le").value() ==
          std::vector<std::string>{"account.key.1", "account.next.key.1"});
    REQUIRE(repo.save_account_key("le", samples()[1].key).has_value());
    REQUIRE(repo.retire_account("le").has_value());
    CHECK(files.read("accounts/le/account.key.2").value().has_value());
}

TEST_CASE_METHOD(fixture, "accounts are the folders below accounts") {
    CHECK(repo.accounts().value().empty());
    REQUIRE(repo.save_account("zerossl", account_record()).has_value());
    REQUIRE(repo.save_account_key("letsencrypt", samples()[0].key).has_value());
    files.put("accounts/notes", "a file");
    files.put_link("accounts/link", "accounts/zerossl");
    CHECK(repo.accounts().value() == std::vector<std::string>{"letsencrypt", "zerossl"});
}
