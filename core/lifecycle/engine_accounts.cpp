// Accounts, as people ask for them.
#include "core/base/text.hpp"
#include "core/lifecycle/engine_impl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace evercert::lifecycle {
namespace {

error told(const acme::failure& what) {
    return error(what.cause.code, explain(what, classify(what)));
}

} // namespace

/// The CA hears of changed contacts when they change, not when something is ordered next.
awaitable<void> engine_impl::see_to_contacts(std::string issuer_name) {
    auto read = [this, &issuer_name] { return parts_.repository.load_account(issuer_name); };
    auto found = co_await parts_.workers.run(read);
    const auto settings = issuers_.find(issuer_name);
    if (!found || !*found || settings == issuers_.end() || stopping_) {
        co_return;
    }
    const storage::account_record& record = **found;
    if (record.url.empty() || record.deactivated || record.directory != settings->second.directory ||
        record.contacts == join(settings->second.contacts, ",")) {
        co_return;
    }
    // Opening an account tells them. If that fails now, the next order opens it.
    (void)co_await session_of(issuer_name)->ready();
}

awaitable<std::vector<account_status>> engine_impl::accounts() {
    auto list = [this] { return parts_.repository.accounts(); };
    auto on_disk = co_await parts_.workers.run(list);
    std::vector<account_status> all;
    std::set<std::string> names;
    if (on_disk) {
        names.insert(on_disk->begin(), on_disk->end());
    }
    const issuance_policy* last = nullptr; // many certificates share one
    for (const auto& [name, who] : entries_) {
        if (std::exchange(last, who->wanted->policy.get()) != who->wanted->policy.get()) {
            names.insert(last->issuers.begin(), last->issuers.end());
        }
    }
    for (const std::string& name : names) {
        auto one = co_await recorded_account(name);
        all.push_back(std::move(one));
    }
    co_return all;
}

/// What is on disk and in the ledger.
awaitable<account_status> engine_impl::recorded_account(std::string issuer_name) {
    account_status shown;
    shown.issuer = issuer_name;
    auto read = [this,
                 &issuer_name]() -> result<std::pair<storage::account_record, std::optional<crypto::key>>> {
        auto record = parts_.repository.load_account(issuer_name);
        auto key = parts_.repository.load_account_key(issuer_name);
        if (!record || !key) {
            return fail(!record ? record.error() : key.error());
        }
        return std::pair(record->value_or(storage::account_record{}), std::move(*key));
    };
    auto found = co_await parts_.workers.run(read);
    if (!found) {
        shown.trouble = found.error().text();
        co_return shown;
    }
    auto& [record, key] = *found;
    shown.directory = record.directory;
    shown.url = record.url;
    shown.contacts = record.contacts;
    shown.deactivated = record.deactivated;
    if (key) {
        shown.key = std::string(evercert::to_string(key->type()));
        shown.thumbprint = key->jwk_thumbprint();
    }
    const auto settings = issuers_.find(issuer_name);
    shown.configured = settings != issuers_.end();
    if (shown.configured) {
        shown.limits = ledger_of(settings->second)->levels(parts_.time.now());
    }
    co_return shown;
}

awaitable<result<account_status>> engine_impl::account(std::string issuer_name) {
    if (!issuers_.contains(issuer_name)) {
        co_return fail(no_such_issuer(issuer_name));
    }
    auto shown = co_await recorded_account(issuer_name);
    if (shown.url.empty() || shown.deactivated) {
        co_return shown; // asking would register one
    }
    const auto session = session_of(issuer_name);
    auto client = co_await session->ready();
    if (!client) {
        shown.trouble = told(client.error()).text();
        co_return shown;
    }
    auto details = co_await (*client)->read_account();
    if (!details) {
        shown.trouble = told(details.error()).text();
        co_return shown;
    }
    shown.at_the_ca = details->status;
    co_return shown;
}

awaitable<result<account_status>> engine_impl::roll_over_account(std::string issuer_name) {
    if (!issuers_.contains(issuer_name)) {
        co_return fail(no_such_issuer(issuer_name));
    }
    const auto session = session_of(issuer_name);
    auto done = co_await session->roll_over();
    admit(issuer_name);
    if (!done) {
        co_return fail(told(done.error()));
    }
    co_return co_await recorded_account(issuer_name);
}

awaitable<result<account_status>> engine_impl::deactivate_account(std::string issuer_name) {
    if (!issuers_.contains(issuer_name)) {
        co_return fail(no_such_issuer(issuer_name));
    }
    auto known = co_await recorded_account(issuer_name);
    if (known.url.empty()) {
        co_return fail(errc::not_found, fmt::format("there is no account at issuer {}", issuer_name));
    }
    const auto session = session_of(issuer_name);
    auto done = co_await session->deactivate();
    if (!done) {
        co_return fail(told(done.error()));
    }
    co_return co_await recorded_account(issuer_name);
}

} // namespace evercert::lifecycle
