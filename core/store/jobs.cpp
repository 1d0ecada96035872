// The jobs part of the repository, and the keys of orders under way.
#include "core/crypto/digest.hpp"
#include "core/store/key_file.hpp"
#include "core/store/layout.hpp"
#include "core/store/repository.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::storage {
namespace {

/// An order that was recorded in format 1 does not tell the type of its key; the key does.
void correct_key_type(const store& files, std::string_view certificate, std::vector<order_record>& orders) {
    if (orders.size() != 1) {
        return;
    }
    const auto key = read_key(files, layout::old_pending_key(certificate));
    if (key && *key && crypto::hex((*key)->public_digest()) == orders.front().key_digest) {
        orders.front().key = (*key)->type();
    }
}

} // namespace

result<std::optional<job_record>> repository::load_job(std::string_view certificate, bool* garbled) const {
    if (garbled != nullptr) {
        *garbled = false;
    }
    if (auto safe = check_name(certificate); !safe) {
        return fail(std::move(safe.error()));
    }
    std::string path = layout::job(certificate);
    auto text = files_.read(path);
    if (!text && text.error().code != errc::too_large) {
        return fail(std::move(text.error()));
    }
    if (text && !*text) {
        return std::nullopt;
    }
    if (text) {
        auto record = job_from_json(**text);
        if (record) {
            correct_key_type(files_, certificate, record->orders);
            return std::move(*record);
        }
        if (record.error().code != errc::corrupted) {
            return fail(record.error().within(files_.absolute(path)));
        }
        // Kept for a person to look at. When that fails the damaged file stays where it is until the next
        // save.
        if (auto aside = files_.write(path + ".bad", **text, 0600); aside) {
            [[maybe_unused]] const auto gone = files_.remove(path);
        }
    }
    if (garbled != nullptr) {
        *garbled = true;
    }
    return std::nullopt;
}

result<void> repository::save_job(std::string_view certificate, const job_record& record) {
    if (auto safe = check_name(certificate); !safe) {
        return safe;
    }
    return files_.write(layout::job(certificate), to_json(record), 0600);
}

result<std::vector<std::string>> repository::jobs() const {
    auto names = files_.list(layout::jobs);
    if (!names) {
        return names;
    }
    std::vector<std::string> certificates;
    certificates.reserve(names->size());
    for (const std::string& name : *names) {
        if (auto certificate = layout::certificate_of_job(name)) {
            certificates.push_back(std::move(*certificate));
        }
    }
    std::ranges::sort(certificates); // "a.json" comes after "a-b.json", but "a" before "a-b"
    return certificates;
}

result<std::optional<crypto::key>> repository::load_pending_key(std::string_view certificate,
                                                                key_type type) const {
    if (auto safe = check_name(certificate); !safe) {
        return fail(std::move(safe.error()));
    }
    auto key = read_key(files_, layout::pending_key(certificate, type));
    if (!key || *key) {
        return key;
    }
    key = read_key(files_, layout::old_pending_key(certificate));
    if (key && *key && (*key)->type() != type) {
        return std::nullopt;
    }
    return key;
}

result<void> repository::save_pending_key(std::string_view certificate, const crypto::key& key) {
    if (auto safe = check_name(certificate); !safe) {
        return safe;
    }
    return write_key(files_, layout::pending_key(certificate, key.type()), key, layout::versions_folder);
}

result<void> repository::drop_pending_keys(std::string_view certificate) {
    if (auto safe = check_name(certificate); !safe) {
        return safe;
    }
    const std::string folder = layout::certificate_folder(certificate);
    auto names = files_.list(folder);
    if (!names) {
        return fail(std::move(names.error()));
    }
    for (const std::string& name : *names) {
        if (!layout::is_pending_key(name)) {
            continue;
        }
        if (auto gone = files_.remove(fmt::format("{}/{}", folder, name)); !gone) {
            return gone;
        }
    }
    return {};
}

} // namespace evercert::storage
