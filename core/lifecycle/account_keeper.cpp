#include "core/lifecycle/account_keeper.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <utility>

namespace evercert::lifecycle {
namespace {

acme::failure account_failure(error cause) {
    return acme::failure(acme::step::account, std::move(cause));
}

} // namespace

void account_keeper::tell(std::string_view id, severity level, std::string message) const {
    const event told{.id = id,
                     .level = level,
                     .certificate = {},
                     .message = std::move(message),
                     .fields = {{"issuer", settings_.name}}};
    parts_.events.emit(told);
}

awaitable<acme::outcome<void>> account_keeper::retire() {
    auto aside = [this] { return parts_.repository.retire_account(settings_.name); };
    auto done = co_await parts_.workers.run(aside);
    if (!done) {
        co_return std::unexpected(account_failure(done.error()));
    }
    co_return acme::outcome<void>{};
}

awaitable<acme::outcome<crypto::key>> account_keeper::account_key(storage::account_record* record) {
    const std::string& name = settings_.name;
    auto load = [this, &name] { return parts_.repository.load_account_key(name); };
    auto stored = co_await parts_.workers.run(load);
    if (stored && *stored) {
        co_return **stored;
    }
    if (!stored && stored.error().code != errc::corrupted && stored.error().code != errc::too_large) {
        // A disk in trouble for a moment is no reason to give up an account.
        co_return std::unexpected(account_failure(stored.error().within("the account key cannot be read")));
    }
    // ACME has no recovery without the key: what is left of the account is kept aside, and a new one is made.
    if (!stored) {
        tell("account.key_unusable", severity::error,
             fmt::format(
                 "the account key for issuer {} cannot be read ({}): it is set aside and a new account is "
                 "registered",
                 name, stored.error().text()));
    } else if (!record->url.empty()) {
        tell("account.key_lost", severity::error,
             fmt::format("the account key for issuer {} is gone: a new account is registered", name));
    }
    if (!stored || !record->url.empty()) {
        if (auto aside = co_await retire(); !aside) {
            co_return std::unexpected(aside.error());
        }
    }
    *record = {}; // never the old account's URL with the new key
    auto make = [this, &name]() -> result<crypto::key> {
        auto fresh = crypto::key::generate(settings_.account_key);
        if (!fresh) {
            return fresh;
        }
        if (auto saved = parts_.repository.save_account_key(name, *fresh); !saved) {
            return fail(saved.error().within("the new account key could not be stored"));
        }
        return fresh;
    };
    auto fresh = co_await parts_.workers.run(make);
    if (!fresh) {
        co_return std::unexpected(account_failure(fresh.error()));
    }
    co_return *fresh;
}

awaitable<void> account_keeper::save(storage::account_record record) {
    auto write = [this, &record] { return parts_.repository.save_account(settings_.name, record); };
    if (auto saved = co_await parts_.workers.run(write); !saved) {
        // The key is durable, so the account is found again by lookup: worth a warning, not a failure.
        tell("account.not_recorded", severity::warning,
             fmt::format("the account at issuer {} could not be recorded: {}", settings_.name,
                         saved.error().text()));
    }
}

/// A CA that does not take the new contacts still issues.
awaitable<void> account_keeper::tell_contacts(storage::account_record record) {
    std::vector<std::string> contacts = settings_.contacts;
    auto updated = co_await client_.update_contacts(std::move(contacts));
    if (client_.account_lost()) {
        co_return; // they are told with the new one
    }
    if (!updated) {
        tell("account.contacts_not_updated", severity::warning,
             fmt::format("issuer {} did not take the changed mail addresses: {}", settings_.name,
                         explain(updated.error(), classify(updated.error()))));
        co_return;
    }
    record.contacts = join(settings_.contacts, ",");
    tell("account.contacts_updated", severity::info,
         fmt::format("issuer {} has the changed mail addresses", settings_.name));
    co_await save(std::move(record));
}

awaitable<acme::outcome<void>> account_keeper::promote() {
    auto move_up = [this] { return parts_.repository.promote_next_account_key(settings_.name); };
    auto done = co_await parts_.workers.run(move_up);
    if (!done) {
        co_return std::unexpected(
            account_failure(done.error().within("the CA has taken the new account key, which lies beside the "
                                                "old one, but it could not be put in its "
                                                "place")));
    }
    co_return acme::outcome<void>{};
}

/// After a crash in the middle of a key change: the CA knows which key counts.
awaitable<acme::outcome<void>> account_keeper::settle_key_change() {
    auto load = [this] { return parts_.repository.load_next_account_key(settings_.name); };
    auto next = co_await parts_.workers.run(load);
    if (!next) {
        co_return std::unexpected(account_failure(next.error()));
    }
    if (!*next) {
        co_return acme::outcome<void>{};
    }
    crypto::key candidate = **next;
    auto known = co_await client_.find_account(std::move(candidate));
    if (known) {
        tell("account.key_changed", severity::info,
             fmt::format("the account at issuer {} has its new key since an interrupted key change",
                         settings_.name));
        co_return co_await promote();
    }
    if (!acme::account_unknown(known.error())) {
        co_return std::unexpected(known.error()); // which key counts must be known
    }
    auto drop = [this] { return parts_.repository.drop_next_account_key(settings_.name); };
    if (auto dropped = co_await parts_.workers.run(drop); !dropped) {
        co_return std::unexpected(account_failure(dropped.error()));
    }
    co_return acme::outcome<void>{};
}

awaitable<acme::outcome<void>> account_keeper::open() {
    const std::string& name = settings_.name;
    auto load = [this, &name] { return parts_.repository.load_account(name); };
    auto stored = co_await parts_.workers.run(load);
    if (!stored) {
        co_return std::unexpected(account_failure(stored.error()));
    }
    storage::account_record record = stored->value_or(storage::account_record{});
    if (!record.directory.empty() && record.directory != settings_.directory) {
        // Another CA under the same name: neither its account nor its key is carried over.
        if (auto aside = co_await retire(); !aside) {
            co_return std::unexpected(aside.error());
        }
        record = {};
    }
    if (record.deactivated) {
        co_return std::unexpected(account_failure(error(
            errc::invalid_argument,
            fmt::format(
                "the account at issuer {} was deactivated by an operator: to register a new one, remove "
                "accounts/{} under data_dir",
                name, name))));
    }
    if (auto settled = co_await settle_key_change(); !settled) {
        co_return std::unexpected(settled.error());
    }
    auto key = co_await account_key(&record);
    if (!key) {
        co_return std::unexpected(key.error());
    }
    const bool forgotten = client_.account_lost();
    client_.use_account(*key, forgotten ? std::string() : record.url);
    if (!record.url.empty() && !forgotten) {
        if (record.contacts != join(settings_.contacts, ",")) {
            co_await tell_contacts(record);
        }
        if (!client_.account_lost()) {
            co_return acme::outcome<void>{};
        }
    }
    if (client_.account_lost() && !record.url.empty()) {
        tell(
            "account.forgotten", severity::warning,
            fmt::format("issuer {} does not know its account {} any more: it is made anew, with the same key",
                        name, record.url));
    }
    acme::registration terms;
    terms.contacts = settings_.contacts;
    terms.agree_to_terms = settings_.agree_to_terms;
    if (settings_.eab) {
        auto hmac = parts_.read_hmac_key(*settings_.eab);
        if (!hmac) {
            co_return std::unexpected(account_failure(hmac.error()));
        }
        terms.eab = acme::binding{settings_.eab->key_id, std::move(*hmac)};
    }
    auto url = co_await client_.open_account(std::move(terms));
    if (!url) {
        co_return std::unexpected(url.error());
    }
    record.directory = settings_.directory;
    record.url = *url;
    record.contacts = join(settings_.contacts, ",");
    client_.use_account(*key, record.url);
    co_await save(std::move(record));
    co_return acme::outcome<void>{};
}

awaitable<acme::outcome<void>> account_keeper::roll_over() {
    auto make = [this]() -> result<crypto::key> {
        auto fresh = crypto::key::generate(settings_.account_key);
        if (!fresh) {
            return fresh;
        }
        if (auto saved = parts_.repository.save_next_account_key(settings_.name, *fresh); !saved) {
            return fail(saved.error().within("the new account key could not be stored"));
        }
        return fresh;
    };
    auto next = co_await parts_.workers.run(make);
    if (!next) {
        co_return std::unexpected(account_failure(next.error()));
    }
    crypto::key wanted = *next;
    auto changed = co_await client_.change_key(std::move(wanted));
    if (changed) {
        tell("account.key_changed", severity::info,
             fmt::format("the account at issuer {} has a new key", settings_.name));
        co_return co_await promote();
    }
    // Whatever became of it, the CA knows which key counts; without an answer the next opening asks again.
    auto settled = co_await settle_key_change();
    auto left = [this] { return parts_.repository.load_next_account_key(settings_.name); };
    auto still = co_await parts_.workers.run(left);
    auto load = [this] { return parts_.repository.load_account_key(settings_.name); };
    auto current = co_await parts_.workers.run(load);
    if (settled && still && !*still && current && *current &&
        (*current)->public_digest() == next->public_digest()) {
        co_return acme::outcome<void>{};
    }
    co_return std::unexpected(changed.error());
}

awaitable<acme::outcome<void>> account_keeper::deactivate() {
    auto done = co_await client_.deactivate_account();
    if (!done) {
        co_return std::unexpected(done.error());
    }
    tell("account.deactivated", severity::warning,
         fmt::format("the account at issuer {} was deactivated: nothing more is ordered there",
                     settings_.name));
    auto load = [this] { return parts_.repository.load_account(settings_.name); };
    auto stored = co_await parts_.workers.run(load);
    storage::account_record record = stored && *stored ? std::move(**stored) : storage::account_record{};
    record.directory = settings_.directory;
    record.deactivated = true;
    co_await save(std::move(record));
    co_return acme::outcome<void>{};
}

} // namespace evercert::lifecycle
