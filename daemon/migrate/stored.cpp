#include "daemon/migrate/stored.hpp"

#include "core/base/text.hpp"
#include "core/store/repository.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon {
namespace {

void store_account(const planned_issuer& issuer, storage::repository& repository, import_report& report) {
    const certbot_account& account = *issuer.account;
    const auto present = repository.load_account_key(issuer.name);
    if (!present) {
        report.add(remark_kind::failed,
                   fmt::format("{}: there is an account already, which cannot be read: {}", issuer.name,
                               present.error().text()));
        return;
    }
    if (*present && (*present)->public_digest() != account.key.public_digest()) {
        report.add(
            remark_kind::to_do,
            fmt::format(
                "{}: evercert has an account of its own, which stays; certbot's {} was not carried over",
                issuer.name, escape(account.url, 200)));
        return;
    }
    auto saved = repository.save_account_key(issuer.name, account.key);
    const auto record = saved ? repository.load_account(issuer.name) : fail(saved.error());
    if (record && !*record) {
        storage::account_record made;
        made.directory = issuer.directory;
        made.url = account.url;
        saved = repository.save_account(issuer.name, made);
    } else if (!record) {
        saved = fail(record.error());
    }
    if (!saved) {
        report.add(remark_kind::failed,
                   fmt::format("{}: the account could not be stored: {}", issuer.name, saved.error().text()));
        return;
    }
    report.add(remark_kind::carried,
               fmt::format("{}: the account {} goes on{}", issuer.name,
                           account.url.empty() ? "(its URL is asked of the CA)" : escape(account.url, 200),
                           *present ? " (was there already)" : ""));
}

/// The complete version, made now or by a run that was interrupted; errc::exists if there is one of our own.
result<storage::stored_version> staged(const planned_entry& entry, std::vector<storage::key_pair> pairs,
                                       storage::repository& repository) {
    const storage::inventory there = repository.look(entry.name);
    if (there.live || there.versions.size() > 1) {
        return fail(errc::exists,
                    fmt::format("evercert has a certificate {} already, which stays", entry.name));
    }
    if (there.versions.empty()) {
        return repository.stage(entry.name, pairs);
    }
    auto version = repository.load(entry.name, there.versions.front());
    if (!version || version->leaf().fingerprint() != pairs.front().chain.front().fingerprint()) {
        return fail(errc::exists,
                    fmt::format("evercert has a version of {} already, which stays", entry.name));
    }
    return version;
}

result<void> store_certificate(const planned_entry& entry, const managed_certificate& wanted,
                               storage::repository& repository) {
    std::vector<storage::key_pair> pairs;
    for (const auto& each : entry.pairs) {
        pairs.push_back(*each);
    }
    auto version = staged(entry, std::move(pairs), repository);
    if (!version) {
        return fail(std::move(version.error()));
    }
    if (auto live = repository.make_live(entry.name, version->number, true); !live) {
        return live;
    }
    const auto record = repository.load_job(entry.name);
    if (!record || *record) {
        return record ? result<void>() : fail(record.error());
    }
    // The moment of the renewal is drawn by the daemon, from the certificate's dates.
    storage::job_record made;
    made.issuer = entry.issuer;
    made.profile = entry.profile;
    made.live = storage::facts_of(*version);
    if (wanted.policy->has_deployments()) {
        made.deployed = made.live->first().fingerprint; // no server is bothered for what it serves already
    }
    return repository.save_job(entry.name, made);
}

} // namespace

void store_plan(import_plan& plan, store& files, const config::settings& settings) {
    storage::repository repository(files);
    for (const planned_issuer& each : plan.issuers) {
        if (each.account) {
            store_account(each, repository, plan.report);
        }
    }
    for (const planned_entry& entry : plan.entries) {
        const auto wanted = std::ranges::find_if(
            settings.certificates, [&](const certificate_ptr& each) { return each->name == entry.name; });
        const bool whole =
            std::ranges::all_of(entry.pairs, [](const auto& pair) { return pair.has_value(); });
        if (!whole || wanted == settings.certificates.end()) {
            continue;
        }
        const auto done = store_certificate(entry, **wanted, repository);
        for (const std::size_t at : entry.lineages) {
            lineage_report& report = plan.report.lineages[at];
            if (done) {
                report.add(remark_kind::carried,
                           fmt::format("its certificate is version 1 of {}", entry.name));
            } else {
                report.add(done.error().code == errc::exists ? remark_kind::changed : remark_kind::failed,
                           done.error().text());
            }
        }
    }
}

} // namespace evercert::daemon
