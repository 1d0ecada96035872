// Records that an evercert before format 2 wrote.
#include "core/crypto/digest.hpp"
#include "core/store/records.hpp"
#include "tests/core/store/sample.hpp"
#include "tests/core/store/sample_records.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::testing;
using storage::job_from_json;
using storage::job_record;
using storage::repository;

namespace {

const std::string written_then = R"({
  "format": 1,
  "issuer": "letsencrypt",
  "order_issuer": "pebble",
  "order_url": "https://ca.example/order/1",
  "order_names": "example.com,www.example.com",
  "order_key": "00ff",
  "failures": 3,
  "first_failure": "2026-01-01T00:00:00Z",
  "last_failure": "2026-01-01T00:11:00.500Z",
  "attempted": "c0ffee",
  "problem_class": "later",
  "problem": "the CA could not reach port 80",
  "not_before": "2026-01-01T01:51:00Z",
  "renew_for": "ab",
  "renew_at": "2026-03-02T00:00:00.500Z",
  "renew_reason": "asked for by an operator",
  "deploying": 4,
  "deploy_failures": 1,
  "deploy_not_before": "2026-01-01T00:01:00Z",
  "deploy_problem": "nginx -t exited with 1",
  "deployed": "cd",
  "last_success": "2025-12-01T00:00:00Z",
  "revoked": "ef"
}
)";

wall_time day(unsigned month, unsigned day_of_month) {
    return std::chrono::sys_days(std::chrono::year(2026) / static_cast<int>(month) /
                                 static_cast<int>(day_of_month));
}

} // namespace

TEST_CASE("a record of format 1 is read whole") {
    auto read = job_from_json(written_then);
    REQUIRE(read.has_value());
    job_record expected;
    expected.issuer = "letsencrypt";
    storage::order_record& order = expected.orders.emplace_back();
    order.key = key_type::ecdsa_p256;
    order.issuer = "pebble";
    order.url = "https://ca.example/order/1";
    order.names = "example.com,www.example.com";
    order.key_digest = "00ff";
    storage::issuer_trouble& trouble = expected.troubles.emplace_back();
    trouble.issuer = "pebble";
    trouble.failures = 3;
    trouble.first_failure = day(1, 1);
    trouble.last_failure = day(1, 1) + std::chrono::minutes(11) + milliseconds(500);
    trouble.problem_class = "later";
    trouble.problem = "the CA could not reach port 80";
    trouble.not_before = day(1, 1) + std::chrono::minutes(111);
    expected.attempted = "c0ffee";
    expected.renew_for = "ab";
    expected.renew_at = day(3, 2) + milliseconds(500);
    expected.renew_reason = "asked for by an operator";
    expected.deploying = 4;
    expected.deploy_failures = 1;
    expected.deploy_not_before = day(1, 1) + std::chrono::minutes(1);
    expected.deploy_problem = "nginx -t exited with 1";
    expected.deployed = "cd";
    expected.last_success = std::chrono::sys_days(std::chrono::year(2025) / 12 / 1);
    expected.revoked = {"ef"};
    CHECK(*read == expected);
    // And goes on as format 2.
    CHECK(job_from_json(to_json(*read)).value() == expected);
}

TEST_CASE("what format 1 did not say stays unsaid") {
    CHECK(job_from_json(R"({"format":1})").value() == job_record());
    CHECK(job_from_json(R"({"format":1,"failures":null,"issuer":null})").value() == job_record());
    // An order that was begun and not accepted yet has no URL, but its key is durable.
    auto begun = job_from_json(R"({"format":1,"order_key":"00ff"})").value();
    REQUIRE(begun.orders.size() == 1);
    CHECK(begun.orders.front().url.empty());
    auto failing = job_from_json(R"({"format":1,"issuer":"le","failures":3})").value();
    CHECK(failing.orders.empty());
    REQUIRE(failing.troubles.size() == 1);
    CHECK(failing.troubles.front().issuer == "le");
    CHECK(failing.failures() == 3);
}

TEST_CASE("damage in a record of format 1 is told") {
    for (std::string bad :
         {R"({"format":1,"failures":"3"})", R"({"format":1,"failures":-1})",
          R"({"format":1,"failures":4294967296})", R"({"format":1,"not_before":"yesterday"})",
          R"({"format":1,"order_url":1})", R"({"format":1,"revoked":["ef"]})"}) {
        CAPTURE(bad);
        auto refused = job_from_json(bad);
        REQUIRE(!refused.has_value());
        CHECK(refused.error().code == errc::corrupted);
    }
    for (std::size_t length = 0; length + 2 < written_then.size(); ++length) {
        CHECK(job_from_json(written_then.substr(0, length)).error().code == errc::corrupted);
    }
}

TEST_CASE("an order under way survives the change of format, whatever its key is") {
    const sample& set = GENERATE(std::cref(samples()[0]), std::cref(rsa_samples()[0])).get();
    memory_store files;
    repository repo(files);
    // As the old daemon left it: one key for all types.
    const crypto::secret pem = set.key.to_pem();
    files.put("certificates/example/pending.key", std::string(pem.view()));
    files.put("jobs/example.json",
              R"({"format":1,"order_issuer":"le","order_url":"https://ca.example/order/1",)"
              R"("order_key":")" +
                  crypto::hex(set.key.public_digest()) + "\"}");
    auto job = repo.load_job("example").value();
    REQUIRE(job.has_value());
    REQUIRE(job->orders.size() == 1);
    CHECK(job->orders.front().key == set.key.type());
    CHECK(job->orders.front().url == "https://ca.example/order/1");
    auto key = repo.load_pending_key("example", job->orders.front().key).value();
    REQUIRE(key.has_value());
    CHECK(key->public_digest() == set.key.public_digest());
    REQUIRE(repo.drop_pending_keys("example").has_value());
    CHECK(files.snapshot().files.count("certificates/example/pending.key") == 0);
}
