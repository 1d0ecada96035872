#include "tests/core/store/sample.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::testing;
using storage::job_record;
using storage::repository;

namespace {

struct fixture {
    memory_store files;
    repository repo{files};
};

} // namespace

TEST_CASE_METHOD(fixture, "jobs are kept, and a garbled one is set aside") {
    bool garbled = true;
    CHECK(repo.load_job("example", &garbled).value() == std::nullopt);
    CHECK(!garbled);
    job_record job;
    job.orders.emplace_back().url = "https://ca.example/order/1";
    REQUIRE(repo.save_job("example", job).has_value());
    CHECK(repo.load_job("example", &garbled).value() == job);
    CHECK(!garbled);
    for (std::string bad : {"", "{", "garbage", "{\"format\":2,\"orders\":\"x\"}"}) {
        files.put("jobs/example.json", bad);
        CHECK(repo.load_job("example", &garbled).value() == std::nullopt);
        CHECK(garbled);
        CHECK(files.read("jobs/example.json.bad").value() == bad);
        CHECK(files.read("jobs/example.json").value() == std::nullopt);
    }
    files.put("jobs/example.json", std::string(2 * 1024 * 1024, 'x'));
    CHECK(repo.load_job("example", &garbled).value() == std::nullopt);
    CHECK(garbled);
    // On a full disk it cannot be set aside; that is no reason to stop.
    files.put("jobs/example.json", "garbage");
    files.fail_from(1);
    CHECK(repo.load_job("example", &garbled).value() == std::nullopt);
    CHECK(garbled);
    CHECK(files.read("jobs/example.json").value() == "garbage");
    files.heal();
    files.put("jobs/example.json", R"({"format":3})");
    CHECK(repo.load_job("example", &garbled).error().code == errc::unsupported);
    CHECK(files.read("jobs/example.json").value() == R"({"format":3})");
    CHECK(repo.load_job("a/b").error().code == errc::invalid_argument);
    CHECK(repo.save_job("..", job).error().code == errc::invalid_argument);
}

TEST_CASE_METHOD(fixture, "all recorded certificates are listed, configured or not") {
    CHECK(repo.jobs().value().empty());
    for (const char* name : {"example", "a-b", "a", "www.example.com", "odd.json"}) {
        REQUIRE(repo.save_job(name, job_record()).has_value());
    }
    files.put("jobs/a.json.bad", "set aside");
    files.put("jobs/notes.txt", "somebody's");
    files.put("jobs/.json", "no name");
    CHECK(repo.jobs().value() ==
          std::vector<std::string>{"a", "a-b", "example", "odd.json", "www.example.com"});
}

TEST_CASE_METHOD(fixture, "pending keys come and go, one for each key type") {
    const crypto::key& one = samples()[0].key;
    const crypto::key& two = samples()[1].key;
    const crypto::key& rsa = rsa_samples()[0].key;
    auto pending = [&](key_type type) { return repo.load_pending_key("example", type).value(); };
    CHECK(!pending(key_type::ecdsa_p256));
    REQUIRE(repo.save_pending_key("example", one).has_value());
    CHECK(pending(key_type::ecdsa_p256)->public_digest() == one.public_digest());
    CHECK(!pending(key_type::rsa_2048));
    CHECK(repo.look("example").versions.empty());
    REQUIRE(repo.save_pending_key("example", rsa).has_value());
    REQUIRE(repo.save_pending_key("example", two).has_value());
    CHECK(pending(key_type::ecdsa_p256)->public_digest() == two.public_digest());
    CHECK(pending(key_type::rsa_2048)->public_digest() == rsa.public_digest());
    CHECK(files.list("certificates/example").value() ==
          std::vector<std::string>{"pending.ecdsa-p256.key", "pending.rsa-2048.key"});
    REQUIRE(repo.save_pending_key("other", one).has_value());
    REQUIRE(repo.stage("example", {samples()[0]}).has_value());
    REQUIRE(repo.drop_pending_keys("example").has_value());
    REQUIRE(repo.drop_pending_keys("example").has_value());
    CHECK(files.list("certificates/example").value() == std::vector<std::string>{"versions"});
    CHECK(!pending(key_type::ecdsa_p256));
    CHECK(repo.load_pending_key("other", key_type::ecdsa_p256).value().has_value());
    files.put("certificates/example/pending.ecdsa-p256.key", "garbage");
    CHECK(repo.load_pending_key("example", key_type::ecdsa_p256).error().code == errc::corrupted);
    CHECK(repo.load_pending_key("..", key_type::ecdsa_p256).error().code == errc::invalid_argument);
    CHECK(repo.drop_pending_keys("a/b").error().code == errc::invalid_argument);
}

TEST_CASE_METHOD(fixture, "the one pending key of before is found under its type, and dropped") {
    const crypto::secret pem = rsa_samples()[0].key.to_pem();
    files.put("certificates/example/pending.key", std::string(pem.view()));
    CHECK(!repo.load_pending_key("example", key_type::ecdsa_p256).value());
    CHECK(repo.load_pending_key("example", key_type::rsa_2048).value().has_value());
    // A newer one counts.
    REQUIRE(repo.save_pending_key("example", rsa_samples()[1].key).has_value());
    CHECK(repo.load_pending_key("example", key_type::rsa_2048).value()->public_digest() ==
          rsa_samples()[1].key.public_digest());
    REQUIRE(repo.drop_pending_keys("example").has_value());
    CHECK(files.list("certificates/example").value().empty());
}
