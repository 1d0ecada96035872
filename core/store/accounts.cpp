// The accounts part of the repository.
#include "core/store/key_file.hpp"
#include "core/store/layout.hpp"
#include "core/store/repository.hpp"

#include <fmt/format.h>

#include <charconv>

namespace evercert::storage {
namespace {

/// One more than the highest number behind "account.key." or "account.json.".
unsigned next_retired(const std::vector<std::string>& names) {
    unsigned next = 1;
    for (std::string_view name : names) {
        for (std::string_view prefix : {"account.key.", "account.json."}) {
            unsigned number = 0;
            if (!name.starts_with(prefix)) {
                continue;
            }
            name.remove_prefix(prefix.size());
            auto [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), number);
            if (wrong == std::errc() && end == name.data() + name.size() && number >= next &&
                number < 1'000'000'000) {
                next = number + 1;
            }
            break;
        }
    }
    return next;
}

} // namespace

result<std::optional<crypto::key>> repository::load_account_key(std::string_view issuer) const {
    if (auto safe = check_name(issuer); !safe) {
        return fail(std::move(safe.error()));
    }
    return read_key(files_, layout::account_key(issuer));
}

result<void> repository::save_account_key(std::string_view issuer, const crypto::key& key) {
    auto there = load_account_key(issuer);
    if (!there) {
        return fail(std::move(there.error()));
    }
    if (*there) {
        if ((*there)->public_digest() == key.public_digest()) {
            return {};
        }
        return fail(errc::exists,
                    fmt::format("there is an account key for {} already, and keys are never replaced: set "
                                "it aside first",
                                issuer));
    }
    return write_key(files_, layout::account_key(issuer), key);
}

result<std::optional<account_record>> repository::load_account(std::string_view issuer) const {
    if (auto safe = check_name(issuer); !safe) {
        return fail(std::move(safe.error()));
    }
    auto text = files_.read(layout::account_record(issuer));
    if (!text) {
        if (text.error().code == errc::too_large) {
            return std::nullopt;
        }
        return fail(std::move(text.error()));
    }
    if (!*text) {
        return std::nullopt;
    }
    auto record = account_from_json(**text);
    if (record) {
        return std::move(*record);
    }
    if (record.error().code == errc::corrupted) {
        return std::nullopt;
    }
    return fail(record.error().within(files_.absolute(layout::account_record(issuer))));
}

result<void> repository::save_account(std::string_view issuer, const account_record& record) {
    if (auto safe = check_name(issuer); !safe) {
        return safe;
    }
    return files_.write(layout::account_record(issuer), to_json(record), 0600);
}

result<void> repository::retire_account(std::string_view issuer) {
    if (auto safe = check_name(issuer); !safe) {
        return safe;
    }
    auto names = files_.list(layout::account_folder(issuer));
    if (!names) {
        return fail(std::move(names.error()));
    }
    // Copies first, and the key goes last: at every instant the key is there in at least one place.
    unsigned number = next_retired(*names);
    std::string key = layout::account_key(issuer);
    std::string record = layout::account_record(issuer);
    auto done = copy_secret(files_, key, fmt::format("{}.{}", key, number));
    if (done) {
        done = copy_secret(files_, record, fmt::format("{}.{}", record, number));
    }
    if (done) {
        done = files_.remove(record);
    }
    if (done) {
        done = files_.remove(key);
    }
    return done;
}

} // namespace evercert::storage
