#pragma once
#include "core/store/records.hpp"

#include <limits>
#include <vector>

namespace evercert::testing {

inline wall_time at(std::int64_t ms) {
    return wall_time(milliseconds(ms));
}

/// With something in every member.
inline storage::job_record full_job() {
    storage::job_record job;
    job.issuer = "letsencrypt";
    job.profile = "tlsserver";
    job.live =
        storage::version_facts{7,
                               "example.com,www.example.com",
                               {{key_type::ecdsa_p256, "aa", "04ff", "0102", "R13", "e7ab",
                                 "http://ca.example/1.crl", at(1'700'000'000'000), at(1'707'776'000'000)},
                                {key_type::rsa_2048, "bb", "04fe", "0304", "R13", "e7ac", "",
                                 at(1'700'000'000'000), at(1'707'776'001'000)}},
                               false};
    job.orders = {{key_type::ecdsa_p256, "letsencrypt", "https://ca.example/order/1", "example.com", "00ff",
                   "tlsserver", 7},
                  {key_type::rsa_2048, "letsencrypt", "", "example.com", "00fe", "", 0}};
    job.troubles = {{"letsencrypt", 10000, at(1'700'000'000'001), at(1'700'000'100'999), "later",
                     "line\n\"quoted\" \x01 \xc3\xa9", at(1'700'000'200'000)},
                    {"zerossl", 1, at(1'700'000'000'002), at(1'700'000'000'002), "daily", "CAA forbids", {}}};
    job.attempted = "c0ffee";
    job.renew_for = "ab";
    job.renew_at = at(4'102'444'800'500);
    job.renewal_info = {{"aa", at(1'704'000'000'000), at(1'704'100'000'000), at(1'704'050'123'456),
                         "https://ca.example/why"}};
    job.early_renewals = 2;
    job.renew_reason = "asked for by an operator";
    job.spent = {{"letsencrypt", at(1'700'000'000'000), "ari", "d1", {"example.com", "example.net"}},
                 {"zerossl", at(1'700'000'001'000), "fresh", "d2", {}}};
    job.failed_validations = {{"letsencrypt", at(1'700'000'002'000), "www.example.com"}};
    job.deploying = std::numeric_limits<unsigned>::max();
    job.deploy_failures = 3;
    job.deploy_not_before = at(1'700'000'000'010);
    job.deploy_problem = "nginx -t exited with 1";
    job.deployed = "cd";
    job.last_success = at(951'782'400'000); // 29 February
    job.revoked = {"ef", "f0"};
    job.barred_keys = {"0a"};
    job.revoking =
        storage::revocation_wish{"aa", 7, "letsencrypt", 0, at(1'700'000'300'000), 4, at(1'700'000'400'000)};
    return job;
}

/// Records that have one member of full_job each.
inline std::vector<storage::job_record> one_member_each() {
    const storage::job_record full = full_job();
    std::vector<storage::job_record> all;
    auto add = [&](auto member) { all.emplace_back().*member = full.*member; };
    using job = storage::job_record;
    add(&job::issuer);
    add(&job::profile);
    add(&job::live);
    add(&job::orders);
    add(&job::troubles);
    add(&job::attempted);
    add(&job::renew_for);
    add(&job::renew_at);
    add(&job::renewal_info);
    add(&job::early_renewals);
    add(&job::renew_reason);
    add(&job::spent);
    add(&job::failed_validations);
    add(&job::deploying);
    add(&job::deploy_failures);
    add(&job::deploy_not_before);
    add(&job::deploy_problem);
    add(&job::deployed);
    add(&job::last_success);
    add(&job::revoked);
    add(&job::barred_keys);
    add(&job::revoking);
    return all;
}

} // namespace evercert::testing
