// The accounts part of the repository.
#include "core/store/key_file.hpp"
#include "core/store/layout.hpp"
#include "core/store/repository.hpp"

#include <fmt/format.h>

#include <charconv>

namespace evercert::storage {
namespace {

/// One more than the highest number behind "account.key." or the like.
unsigned next_retired(const std::vector<std::string>& names) {
    unsigned next = 1;
    for (const std::string_view name : names) {
        const std::size_t dot = name.rfind('.');
        unsigned number = 0;
        if (!name.starts_with("account.") || dot == name.npos) {
            continue;
        }
        const char* const end = name.data() + name.size();
        const auto [stop, wrong] = std::from_chars(name.data() + dot + 1, end, number);
        if (wrong == std::errc() && stop == end && number >= next && number < 1'000'000'000) {
            next = number + 1;
        }
    }
    return next;
}

/// Whether both files are there with the same bytes.
result<bool> same_secret(const store& files, const std::string& one, const std::string& other) {
    auto first = files.read(one);
    if (!first) {
        return fail(std::move(first.error()));
    }
    const crypto::secret kept(first->has_value() ? std::move(**first) : std::string());
    auto second = files.read(other);
    if (!second) {
        return fail(std::move(second.error()));
    }
    const crypto::secret compared(second->has_value() ? std::move(**second) : std::string());
    return first->has_value() && second->has_value() && kept.view() == compared.view();
}

/// Copies a file behind the number, unless a crash came after that was done.
result<void> set_aside(store& files, const std::string& path, unsigned number) {
    const auto done = same_secret(files, path, fmt::format("{}.{}", path, number - 1));
    if (!done) {
        return fail(done.error());
    }
    return *done ? result<void>() : copy_secret(files, path, fmt::format("{}.{}", path, number));
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
    // Copies first, and the key goes last: at every instant each key is there in at least one place.
    const unsigned number = next_retired(*names);
    const std::string next = layout::next_account_key(issuer);
    const std::string record = layout::account_record(issuer);
    const std::string key = layout::account_key(issuer);
    for (const std::string& each : {key, record, next}) {
        if (auto copied = copy_secret(files_, each, fmt::format("{}.{}", each, number)); !copied) {
            return copied;
        }
    }
    for (const std::string& each : {next, record, key}) {
        if (auto gone = files_.remove(each); !gone) {
            return gone;
        }
    }
    return {};
}

result<std::optional<crypto::key>> repository::load_next_account_key(std::string_view issuer) const {
    if (auto safe = check_name(issuer); !safe) {
        return fail(std::move(safe.error()));
    }
    return read_key(files_, layout::next_account_key(issuer));
}

result<void> repository::save_next_account_key(std::string_view issuer, const crypto::key& key) {
    if (auto safe = check_name(issuer); !safe) {
        return safe;
    }
    return write_key(files_, layout::next_account_key(issuer), key);
}

result<void> repository::promote_next_account_key(std::string_view issuer) {
    const auto wanted = load_next_account_key(issuer);
    if (!wanted) {
        return fail(wanted.error());
    }
    if (!*wanted) {
        return fail(errc::not_found, fmt::format("there is no next account key for {}", issuer));
    }
    const std::string next = layout::next_account_key(issuer);
    const std::string key = layout::account_key(issuer);
    const auto promoted = same_secret(files_, next, key);
    if (!promoted) {
        return fail(promoted.error());
    }
    if (!*promoted) {
        auto names = files_.list(layout::account_folder(issuer));
        if (!names) {
            return fail(std::move(names.error()));
        }
        if (auto kept = set_aside(files_, key, next_retired(*names)); !kept) {
            return kept;
        }
        if (auto taken = copy_secret(files_, next, key); !taken) {
            return taken;
        }
    }
    return files_.remove(next);
}

result<void> repository::drop_next_account_key(std::string_view issuer) {
    if (auto safe = check_name(issuer); !safe) {
        return safe;
    }
    return files_.remove(layout::next_account_key(issuer));
}

result<std::vector<std::string>> repository::accounts() const {
    auto names = files_.list(layout::accounts);
    if (!names) {
        return names;
    }
    std::vector<std::string> folders;
    for (std::string& name : *names) {
        if (!check_name(name)) {
            continue;
        }
        const auto inside = files_.list(layout::account_folder(name));
        if (inside) {
            folders.push_back(std::move(name));
        } else if (inside.error().code != errc::corrupted) { // which is what a file in place of a folder is
            return fail(inside.error());
        }
    }
    return folders;
}

} // namespace evercert::storage
