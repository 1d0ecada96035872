#include "core/store/record_format1.hpp"

#include "core/store/record_fields.hpp"

namespace evercert::storage {
namespace {

struct format1_job {
    std::string order_issuer;
    std::string order_url;
    std::string order_names;
    std::string order_key;
    issuer_trouble trouble;
    std::string revoked;
    job_record same; ///< members that mean what they mean today
};

void read_members(format1_job& job, record_reader& fields) {
    fields.text("issuer", job.same.issuer);
    fields.text("order_issuer", job.order_issuer);
    fields.text("order_url", job.order_url);
    fields.text("order_names", job.order_names);
    fields.text("order_key", job.order_key);
    fields.count("failures", job.trouble.failures);
    fields.time("first_failure", job.trouble.first_failure);
    fields.time("last_failure", job.trouble.last_failure);
    fields.text("attempted", job.same.attempted);
    fields.text("problem_class", job.trouble.problem_class);
    fields.text("problem", job.trouble.problem);
    fields.time("not_before", job.trouble.not_before);
    fields.text("renew_for", job.same.renew_for);
    fields.time("renew_at", job.same.renew_at);
    fields.text("renew_reason", job.same.renew_reason);
    fields.count("deploying", job.same.deploying);
    fields.count("deploy_failures", job.same.deploy_failures);
    fields.time("deploy_not_before", job.same.deploy_not_before);
    fields.text("deploy_problem", job.same.deploy_problem);
    fields.text("deployed", job.same.deployed);
    fields.time("last_success", job.same.last_success);
    fields.text("revoked", job.revoked);
}

} // namespace

result<job_record> job_from_format1(json::value document) {
    format1_job old;
    record_reader in(std::move(document));
    read_members(old, in);
    if (in.problem()) {
        return fail(*in.problem());
    }
    job_record job = std::move(old.same);
    // Failures were not told apart by issuer: they belong to the only one there was.
    old.trouble.issuer = old.order_issuer.empty() ? job.issuer : old.order_issuer;
    issuer_trouble none;
    none.issuer = old.trouble.issuer;
    if (old.trouble != none) {
        job.troubles.push_back(std::move(old.trouble));
    }
    if (!old.order_url.empty() || !old.order_key.empty()) {
        order_record order;
        order.issuer = std::move(old.order_issuer);
        order.url = std::move(old.order_url);
        order.names = std::move(old.order_names);
        order.key_digest = std::move(old.order_key);
        job.orders.push_back(std::move(order));
    }
    if (!old.revoked.empty()) {
        job.revoked.push_back(std::move(old.revoked));
    }
    return job;
}

} // namespace evercert::storage
