#include "core/store/records.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <limits>

using namespace evercert;
namespace room = evercert::storage;
using room::account_from_json;
using room::account_record;
using room::job_from_json;
using room::job_record;
using room::to_json;

namespace {

wall_time at(std::int64_t ms) {
    return wall_time(milliseconds(ms));
}

job_record full_job() {
    job_record job;
    job.issuer = "letsencrypt";
    job.order_url = "https://ca.example/order/1";
    job.order_names = "example.com,www.example.com";
    job.order_key = "00ff";
    job.failures = 10000;
    job.first_failure = at(1'700'000'000'001);
    job.last_failure = at(1'700'000'100'999);
    job.problem_class = "later";
    job.problem = "line\n\"quoted\" \x01 \xc3\xa9";
    job.not_before = at(0);
    job.renew_for = "ab";
    job.renew_at = at(4'102'444'800'500);
    job.renew_reason = "asked for by an operator";
    job.deploying = std::numeric_limits<unsigned>::max();
    job.deploy_failures = 3;
    job.deploy_not_before = at(1'700'000'000'010);
    job.deploy_problem = "nginx -t exited with 1";
    job.deployed = "cd";
    job.last_success = at(951'782'400'000); // 29 February
    job.revoked = "ef";
    return job;
}

} // namespace

TEST_CASE("job records come back as they went") {
    CHECK(job_from_json(to_json(job_record())).value() == job_record());
    CHECK(job_from_json(to_json(full_job())).value() == full_job());
    // Each member alone, so that two of them cannot share a name.
    std::string text = to_json(full_job());
    CHECK(std::count(text.begin(), text.end(), '\n') == 23); // format, 20 members, two braces
}

TEST_CASE("only what is set is written") {
    job_record job;
    job.failures = 2;
    std::string text = to_json(job);
    CHECK(text.find("\"format\": 1") != std::string::npos);
    CHECK(text.find("failures") != std::string::npos);
    CHECK(text.find("order_url") == std::string::npos);
    CHECK(text.find("renew_at") == std::string::npos);
    CHECK(text.find("null") == std::string::npos);
}

TEST_CASE("account records come back as they went") {
    account_record account;
    CHECK(account_from_json(to_json(account)).value() == account);
    account.directory = "https://ca.example/directory";
    account.url = "https://ca.example/acct/1";
    account.contacts = "a@example.com,b@example.com";
    CHECK(account_from_json(to_json(account)).value() == account);
}

TEST_CASE("bytes that are no UTF-8 do not make a record unreadable") {
    job_record job;
    job.problem = "\xff\xfe broken";
    auto back = job_from_json(to_json(job));
    REQUIRE(back.has_value());
    CHECK(back->problem.ends_with(" broken"));
}

TEST_CASE("a newer format is not guessed at, unknown members are") {
    CHECK(job_from_json(R"({"format":2})").error().code == errc::unsupported);
    CHECK(account_from_json(R"({"format":99,"url":"x"})").error().code == errc::unsupported);
    CHECK(job_from_json(R"({"format":1,"of_the_future":[1,{}],"failures":3})").value().failures == 3);
    CHECK(job_from_json(R"({"format":1,"failures":null,"issuer":null})").value() == job_record());
}

TEST_CASE("a record in another shape is corrupted, whatever is wrong") {
    for (std::string bad : {"",
                            " ",
                            "null",
                            "[]",
                            "1",
                            "{}",
                            "{",
                            "garbage",
                            R"({"format":"1"})",
                            R"({"format":0})",
                            R"({"format":-1})",
                            R"({"format":1.5})",
                            R"({"format":null})",
                            R"({"format":1,"failures":"3"})",
                            R"({"format":1,"failures":-1})",
                            R"({"format":1,"failures":4294967296})",
                            R"({"format":1,"failures":1e400})",
                            R"({"format":1,"failures":99999999999999999999999999999999999999})",
                            R"({"format":1,"issuer":1})",
                            R"({"format":1,"issuer":{}})",
                            R"({"format":1,"not_before":"yesterday"})",
                            R"({"format":1,"not_before":17})",
                            R"({"format":1,"renew_at":"2026-13-01T00:00:00Z"})",
                            R"({"format":1,"renew_at":""})",
                            R"({"format":1,"deploying":true})",
                            R"({"format":1} trailing)"}) {
        CAPTURE(bad);
        auto refused = job_from_json(bad);
        REQUIRE(!refused.has_value());
        CHECK(refused.error().code == errc::corrupted);
    }
    CHECK(account_from_json(R"({"format":1,"url":[]})").error().code == errc::corrupted);
    CHECK(job_from_json(std::string(1024 * 1024, ' ')).error().code == errc::corrupted);
    CHECK(job_from_json(R"({"format":1,"a":)" + std::string(100'000, '[')).error().code == errc::corrupted);
}

TEST_CASE("a record cut or changed anywhere reads as damaged or as a record, never worse") {
    std::string text = to_json(full_job());
    std::string body = text.substr(0, text.size() - 1);
    for (std::size_t length = 0; length < body.size(); ++length) {
        CHECK(job_from_json(body.substr(0, length)).error().code == errc::corrupted);
    }
    constexpr std::array<char, 7> replacements = {'\0', '"', '{', '0', '\\', '\xff', ','};
    unsigned damaged = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        for (char each : replacements) {
            std::string changed = text;
            changed[i] = each;
            auto outcome = job_from_json(changed);
            if (!outcome) {
                ++damaged;
                CHECK((outcome.error().code == errc::corrupted || outcome.error().code == errc::unsupported));
            }
        }
    }
    CHECK(damaged > text.size());
}
