#include "core/store/records.hpp"

#include "core/store/record_fields.hpp"
#include "core/store/record_format1.hpp"

#include <algorithm>
#include <concepts>
#include <limits>

namespace evercert::storage {

// Every member of a record stands here once; reading and writing walk the same list. The structured bindings
// name all members of a struct: one that is added there and not here does not compile.

template <class Record, class Described>
concept same_record = std::same_as<std::remove_const_t<Record>, Described>;

template <same_record<leaf_facts> Record, class Fields>
void members(Record& leaf, Fields& fields) {
    auto& [key, fingerprint, serial, key_digest, issuer_name, authority_id, crl_url, not_before, not_after] =
        leaf;
    fields.key("key", key);
    fields.text("fingerprint", fingerprint);
    fields.text("serial", serial);
    fields.text("key_digest", key_digest);
    fields.text("issuer_name", issuer_name);
    fields.text("authority_id", authority_id);
    fields.text("crl_url", crl_url);
    fields.time("not_before", not_before);
    fields.time("not_after", not_after);
}

template <same_record<version_facts> Record, class Fields>
void members(Record& version, Fields& fields) {
    [[maybe_unused]] auto& [number, names, leaves, just_staged] = version; // the last is not for later
    fields.count("number", number);
    fields.text("names", names);
    fields.parts("leaves", leaves);
}

template <same_record<order_record> Record, class Fields>
void members(Record& order, Fields& fields) {
    auto& [key, issuer, url, names, key_digest, profile, after, spent] = order;
    fields.key("key", key);
    fields.text("issuer", issuer);
    fields.text("url", url);
    fields.text("names", names);
    fields.text("key_digest", key_digest);
    fields.text("profile", profile);
    fields.count("after", after);
    fields.time("spent", spent);
}

template <same_record<issuer_trouble> Record, class Fields>
void members(Record& trouble, Fields& fields) {
    auto& [issuer, failures, first_failure, last_failure, problem_class, problem, not_before,
           issuer_rests_until] = trouble;
    fields.text("issuer", issuer);
    fields.count("failures", failures);
    fields.time("first_failure", first_failure);
    fields.time("last_failure", last_failure);
    fields.text("problem_class", problem_class);
    fields.text("problem", problem);
    fields.time("not_before", not_before);
    fields.time("issuer_rests_until", issuer_rests_until);
}

template <same_record<renewal_info_record> Record, class Fields>
void members(Record& info, Fields& fields) {
    auto& [fingerprint, start, end, moment, explanation_url] = info;
    fields.text("fingerprint", fingerprint);
    fields.time("start", start);
    fields.time("end", end);
    fields.time("moment", moment);
    fields.text("explanation_url", explanation_url);
}

template <same_record<spent_order_record> Record, class Fields>
void members(Record& spent, Fields& fields) {
    auto& [issuer, when, kind, set, domains] = spent;
    fields.text("issuer", issuer);
    fields.time("when", when);
    fields.text("kind", kind);
    fields.text("set", set);
    fields.texts("domains", domains);
}

template <same_record<failed_validation_record> Record, class Fields>
void members(Record& failed, Fields& fields) {
    auto& [issuer, when, name] = failed;
    fields.text("issuer", issuer);
    fields.time("when", when);
    fields.text("name", name);
}

template <same_record<revocation_wish> Record, class Fields>
void members(Record& wish, Fields& fields) {
    auto& [fingerprint, version, issuer, reason, asked, failures, not_before] = wish;
    fields.text("fingerprint", fingerprint);
    fields.count("version", version);
    fields.text("issuer", issuer);
    fields.number("reason", reason);
    fields.time("asked", asked);
    fields.count("failures", failures);
    fields.time("not_before", not_before);
}

template <same_record<job_record> Record, class Fields>
void members(Record& job, Fields& fields) {
    auto& [issuer, profile, live, orders, troubles, attempted, renew_for, renew_at, renewal_info,
           early_renewals, renew_reason, spent, failed_validations, deploying, deploy_failures,
           deploy_not_before, deploy_problem, deployed, last_success, revoked, barred_keys, revoking] = job;
    fields.text("issuer", issuer);
    fields.text("profile", profile);
    fields.part("live", live);
    fields.parts("orders", orders);
    fields.parts("troubles", troubles);
    fields.text("attempted", attempted);
    fields.text("renew_for", renew_for);
    fields.time("renew_at", renew_at);
    fields.parts("renewal_info", renewal_info);
    fields.count("early_renewals", early_renewals);
    fields.text("renew_reason", renew_reason);
    fields.parts("spent", spent);
    fields.parts("failed_validations", failed_validations);
    fields.count("deploying", deploying);
    fields.count("deploy_failures", deploy_failures);
    fields.time("deploy_not_before", deploy_not_before);
    fields.text("deploy_problem", deploy_problem);
    fields.text("deployed", deployed);
    fields.time("last_success", last_success);
    fields.texts("revoked", revoked);
    fields.texts("barred_keys", barred_keys);
    fields.part("revoking", revoking);
}

template <same_record<account_record> Record, class Fields>
void members(Record& account, Fields& fields) {
    auto& [directory, url, contacts, deactivated] = account;
    fields.text("directory", directory);
    fields.text("url", url);
    fields.text("contacts", contacts);
    fields.flag("deactivated", deactivated);
}

namespace {

constexpr std::int64_t current_format = 2;

struct opened_record {
    json::value document;
    std::int64_t format;
};

result<opened_record> open_record(std::string_view text) {
    auto document = json::parse(text, record_limit);
    if (!document) {
        return fail(errc::corrupted, std::move(document.error().message),
                    std::move(document.error().foreign));
    }
    const auto format = document->integer("format");
    if (!format || *format < 1) {
        return fail(errc::corrupted, "no record: a member \"format\" with a number is missing");
    }
    if (*format > current_format) {
        return fail(errc::unsupported,
                    fmt::format("the record has format {}, this evercert knows up to {}: it was written by a "
                                "newer one, which is needed to go on with it",
                                *format, current_format));
    }
    return opened_record{std::move(*document), *format};
}

template <class Record>
result<Record> read_record(json::value document) {
    Record record;
    record_reader in(std::move(document));
    members(record, in);
    if (in.problem()) {
        return fail(*in.problem());
    }
    return record;
}

template <class Record>
std::string write_record(const Record& record, std::size_t longest = list_limit) {
    record_writer out(current_format, longest);
    members(record, out);
    return out.finish();
}

} // namespace

std::string to_json(const job_record& record) {
    std::string text = write_record(record);
    if (text.size() > record_limit) {
        // Could not be read again, and an order under way counts for more than what has been spent long ago.
        constexpr std::size_t few = 8;
        text = write_record(record, few);
    }
    return text;
}

std::string to_json(const account_record& record) {
    return write_record(record);
}

result<job_record> job_from_json(std::string_view text) {
    auto opened = open_record(text);
    if (!opened) {
        return fail(std::move(opened.error()));
    }
    auto record = opened->format == 1 ? job_from_format1(std::move(opened->document))
                                      : read_record<job_record>(std::move(opened->document));
    if (record && record->live && record->live->leaves.empty()) {
        record->live.reset(); // it only saves looking at the files
    }
    return record;
}

result<account_record> account_from_json(std::string_view text) {
    auto opened = open_record(text);
    if (!opened) {
        return fail(std::move(opened.error()));
    }
    return read_record<account_record>(std::move(opened->document)); // format 1 had fewer members
}

wall_time version_facts::not_before() const {
    const auto last = std::ranges::max_element(leaves, {}, &leaf_facts::not_before);
    return last == leaves.end() ? wall_time() : last->not_before;
}

wall_time version_facts::not_after() const {
    const auto first = std::ranges::min_element(leaves, {}, &leaf_facts::not_after);
    return first == leaves.end() ? wall_time() : first->not_after;
}

unsigned job_record::failures() const noexcept {
    unsigned all = 0;
    for (const issuer_trouble& trouble : troubles) {
        all += std::min(trouble.failures, std::numeric_limits<unsigned>::max() - all);
    }
    return all;
}

const issuer_trouble* job_record::latest_trouble() const noexcept {
    const auto latest = std::ranges::max_element(troubles, {}, &issuer_trouble::last_failure);
    return latest == troubles.end() ? nullptr : &*latest;
}

const issuer_trouble* job_record::trouble_at(std::string_view where) const noexcept {
    const auto at = std::ranges::find(troubles, where, &issuer_trouble::issuer);
    return at == troubles.end() ? nullptr : &*at;
}

bool job_record::is_revoked(std::string_view fingerprint) const noexcept {
    return std::ranges::find(revoked, fingerprint) != revoked.end();
}

} // namespace evercert::storage
