#include "core/store/records.hpp"
#include "tests/core/store/sample_records.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <limits>

using namespace evercert;
using namespace evercert::testing;
namespace room = evercert::storage;
using room::account_from_json;
using room::account_record;
using room::job_from_json;
using room::job_record;
using room::to_json;

TEST_CASE("job records come back as they went") {
    CHECK(job_from_json(to_json(job_record())).value() == job_record());
    const job_record job = full_job();
    CHECK(job_from_json(to_json(job)).value() == job);
    // That a version was staged a moment ago is not true any more when it is read.
    job_record staged = job;
    staged.live->just_staged = true;
    CHECK(job_from_json(to_json(staged)).value() == job);
}

TEST_CASE("every member of a record is written and read by itself") {
    // Each of these differs from an empty record in one member only, so that no two share a name.
    const std::vector<job_record> each = one_member_each();
    for (std::size_t i = 0; i < each.size(); ++i) {
        CAPTURE(i);
        const std::string text = to_json(each[i]);
        CAPTURE(text);
        CHECK(each[i] != job_record());
        CHECK(job_from_json(text).value() == each[i]);
        for (std::size_t j = i + 1; j < each.size(); ++j) {
            CHECK(text != to_json(each[j]));
        }
    }
}

TEST_CASE("only what is set is written") {
    job_record job;
    job.deploy_failures = 2;
    CHECK(to_json(job) == "{\"format\":2,\"deploy_failures\":2}\n");
    CHECK(to_json(job_record()) == "{\"format\":2}\n");
    CHECK(to_json(account_record()) == "{\"format\":2}\n");
}

TEST_CASE("account records come back as they went") {
    account_record account;
    CHECK(account_from_json(to_json(account)).value() == account);
    account.directory = "https://ca.example/directory";
    account.url = "https://ca.example/acct/1";
    account.contacts = "a@example.com,b@example.com";
    CHECK(account_from_json(to_json(account)).value() == account);
    account.deactivated = true;
    CHECK(account_from_json(to_json(account)).value() == account);
    CHECK(account_from_json(R"({"format":1,"url":"https://ca.example/acct/1"})").value().url ==
          "https://ca.example/acct/1");
}

TEST_CASE("bytes that are no UTF-8 do not make a record unreadable") {
    job_record job;
    job.troubles.emplace_back().problem = "\xff\xfe broken";
    auto back = job_from_json(to_json(job));
    REQUIRE(back.has_value());
    CHECK(back->troubles.front().problem.ends_with(" broken"));
}

TEST_CASE("times that RFC 3339 cannot say do not make a record unreadable") {
    const wall_time last = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1) - milliseconds(1);
    const wall_time first = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
    for (const auto& [written, read] :
         std::initializer_list<std::pair<wall_time, wall_time>>{{wall_time::max(), last},
                                                                {last, last},
                                                                {last + milliseconds(1), last},
                                                                {wall_time::min(), first},
                                                                {first, first},
                                                                {first - milliseconds(1), first},
                                                                {at(-1), at(-1)},
                                                                {at(-1001), at(-1001)}}) {
        job_record job;
        job.renew_at = written;
        auto back = job_from_json(to_json(job));
        REQUIRE(back.has_value());
        CHECK(back->renew_at == read);
    }
    // An offset that leads out of the years that there are.
    for (const char* bad : {"9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01"}) {
        CAPTURE(bad);
        CHECK(job_from_json(std::string(R"({"format":2,"renew_at":")") + bad + "\"}").error().code ==
              errc::corrupted);
    }
}

TEST_CASE("a newer format is not guessed at, unknown members are") {
    CHECK(job_from_json(R"({"format":3})").error().code == errc::unsupported);
    CHECK(account_from_json(R"({"format":99,"url":"x"})").error().code == errc::unsupported);
    CHECK(job_from_json(R"({"format":2,"of_the_future":[1,{}],"deploying":3})").value().deploying == 3);
    CHECK(
        job_from_json(R"({"format":2,"deploying":null,"live":null,"orders":null,"revoked":null})").value() ==
        job_record());
    // Members of the old format mean nothing in the new one.
    CHECK(job_from_json(R"({"format":2,"failures":7,"order_url":"x"})").value() == job_record());
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
                            R"({"format":2,"format":1})",
                            R"({"format":2,"deploying":"3"})",
                            R"({"format":2,"deploying":-1})",
                            R"({"format":2,"deploying":4294967296})",
                            R"({"format":2,"deploying":1e400})",
                            R"({"format":2,"deploying":99999999999999999999999999999999999999})",
                            R"({"format":2,"deploying":true})",
                            R"({"format":2,"issuer":1})",
                            R"({"format":2,"issuer":{}})",
                            R"({"format":2,"renew_at":"yesterday"})",
                            R"({"format":2,"renew_at":17})",
                            R"({"format":2,"renew_at":"2026-13-01T00:00:00Z"})",
                            R"({"format":2,"renew_at":""})",
                            R"({"format":2,"live":[]})",
                            R"({"format":2,"live":"x"})",
                            R"({"format":2,"live":{"leaves":{}}})",
                            R"({"format":2,"live":{"leaves":[1]}})",
                            R"({"format":2,"live":{"leaves":[null]}})",
                            R"({"format":2,"live":{"leaves":[{"key":"rsa-1024"}]}})",
                            R"({"format":2,"live":{"leaves":[{"key":2}]}})",
                            R"({"format":2,"live":{"leaves":[{"not_after":"soon"}]}})",
                            R"({"format":2,"orders":{}})",
                            R"({"format":2,"orders":["x"]})",
                            R"({"format":2,"orders":[{},[]]})",
                            R"({"format":2,"orders":[{"after":-1}]})",
                            R"({"format":2,"troubles":[{"failures":"1"}]})",
                            R"({"format":2,"troubles":[{"not_before":1}]})",
                            R"({"format":2,"renewal_info":[{"moment":"x"}]})",
                            R"({"format":2,"spent":[{"domains":"x"}]})",
                            R"({"format":2,"spent":[{"domains":[1]}]})",
                            R"({"format":2,"failed_validations":[{"name":[]}]})",
                            R"({"format":2,"revoked":"x"})",
                            R"({"format":2,"revoked":[1]})",
                            R"({"format":2,"barred_keys":[["x"]]})",
                            R"({"format":2,"revoking":[]})",
                            R"({"format":2,"revoking":{"reason":"1"}})",
                            R"({"format":2,"revoking":{"reason":2147483648}})",
                            R"({"format":2,"revoking":{"reason":-2147483649}})",
                            R"({"format":2} trailing)"}) {
        CAPTURE(bad);
        auto refused = job_from_json(bad);
        REQUIRE(!refused.has_value());
        CHECK(refused.error().code == errc::corrupted);
    }
    CHECK(account_from_json(R"({"format":1,"url":[]})").error().code == errc::corrupted);
    CHECK(account_from_json(R"({"format":2,"deactivated":"no"})").error().code == errc::corrupted);
    CHECK(job_from_json(std::string(2 * 1024 * 1024, ' ')).error().code == errc::corrupted);
    CHECK(job_from_json(R"({"format":2,"a":)" + std::string(100'000, '[')).error().code == errc::corrupted);
    // The message leads to the place.
    CHECK(job_from_json(R"({"format":2,"live":{"leaves":[{"key":"x"}]}})").error().message ==
          "live: leaves: key: no type of key that there is");
}

TEST_CASE("what is remembered of the live version is of no use without a leaf") {
    CHECK(job_from_json(R"({"format":2,"live":{"number":3}})").value().live == std::nullopt);
    CHECK(job_from_json(R"({"format":2,"live":{"number":3,"leaves":[]}})").value().live == std::nullopt);
    CHECK(job_from_json(R"({"format":2,"live":{"number":3,"leaves":[{}]}})").value().live->number == 3);
}

TEST_CASE("lists are bounded, the newest entries stay") {
    job_record job;
    for (int i = 0; i < 250; ++i) {
        job.revoked.push_back(std::to_string(i));
        job.failed_validations.emplace_back().name = std::to_string(i);
    }
    auto back = job_from_json(to_json(job));
    REQUIRE(back.has_value());
    CHECK(back->revoked.size() == 200);
    CHECK(back->revoked.back() == "249");
    CHECK(back->failed_validations.size() == 200);
    CHECK(back->failed_validations.front().name == "50");

    auto list_of = [](std::size_t size, const std::string& entry) {
        std::string list = entry;
        for (std::size_t i = 1; i < size; ++i) {
            list += "," + entry;
        }
        return list;
    };
    for (const auto& [name, entry] : {std::pair("revoked", "\"x\""), std::pair("orders", "{}"),
                                      std::pair("spent", "{\"kind\":\"ari\"}")}) {
        CAPTURE(name);
        auto with = [&](std::size_t size) {
            return job_from_json(std::string(R"({"format":2,")") + name + "\":[" + list_of(size, entry) +
                                 "]}");
        };
        CHECK(with(200).has_value());
        REQUIRE(!with(201).has_value());
        CHECK(with(201).error().code == errc::corrupted);
    }
}

TEST_CASE("a record never grows so large that it could not be read again") {
    job_record job = full_job();
    room::spent_order_record spent;
    spent.domains.assign(200, std::string(60, 'd'));
    job.spent.assign(200, spent);
    const std::string text = to_json(job);
    CHECK(text.size() < 1024 * 1024);
    auto back = job_from_json(text);
    REQUIRE(back.has_value());
    CHECK(back->orders == job.orders);
    CHECK(back->live == job.live);
    CHECK(!back->spent.empty());
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
            } else {
                CHECK(job_from_json(to_json(*outcome)).value() == *outcome);
            }
        }
    }
    CHECK(damaged > text.size());
}

TEST_CASE("a version begins with its last leaf and ends with its first") {
    room::version_facts version;
    CHECK(version.not_before() == wall_time());
    CHECK(version.not_after() == wall_time());
    for (const auto& [begin, end] : {std::pair(10, 100), std::pair(20, 90), std::pair(5, 95)}) {
        room::leaf_facts& leaf = version.leaves.emplace_back();
        leaf.not_before = at(begin);
        leaf.not_after = at(end);
    }
    CHECK(version.not_before() == at(20));
    CHECK(version.not_after() == at(90));
}

TEST_CASE("failures are counted over all issuers, and the latest is found") {
    job_record job;
    CHECK(job.failures() == 0);
    CHECK(job.latest_trouble() == nullptr);
    for (const auto& [issuer, failures, when] :
         {std::tuple("a", 3U, 50), std::tuple("b", 4U, 70), std::tuple("c", 1U, 60)}) {
        room::issuer_trouble& trouble = job.troubles.emplace_back();
        trouble.issuer = issuer;
        trouble.failures = failures;
        trouble.last_failure = at(when);
    }
    CHECK(job.failures() == 8);
    REQUIRE(job.latest_trouble() != nullptr);
    CHECK(job.latest_trouble()->issuer == "b");
    job.troubles.front().failures = std::numeric_limits<unsigned>::max();
    CHECK(job.failures() == std::numeric_limits<unsigned>::max());
    job.revoked = {"aa", "bb"};
    CHECK(job.is_revoked("bb"));
    CHECK(!job.is_revoked("b"));
    CHECK(!job.is_revoked(""));
}
