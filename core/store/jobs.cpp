// The jobs part of the repository, and the key of an order under way.
#include "core/store/key_file.hpp"
#include "core/store/layout.hpp"
#include "core/store/repository.hpp"

namespace evercert::storage {

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
            return std::move(*record);
        }
        if (record.error().code != errc::corrupted) {
            return fail(record.error().within(files_.absolute(path)));
        }
        // Kept for a person to look at. When that fails the damaged file stays where it is until the next
        // save.
        if (auto aside = files_.write(path + ".bad", **text, 0600); aside) {
            (void)files_.remove(path);
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

result<std::optional<crypto::key>> repository::load_pending_key(std::string_view certificate) const {
    if (auto safe = check_name(certificate); !safe) {
        return fail(std::move(safe.error()));
    }
    return read_key(files_, layout::pending_key(certificate));
}

result<void> repository::save_pending_key(std::string_view certificate, const crypto::key& key) {
    if (auto safe = check_name(certificate); !safe) {
        return safe;
    }
    return write_key(files_, layout::pending_key(certificate), key);
}

result<void> repository::drop_pending_key(std::string_view certificate) {
    if (auto safe = check_name(certificate); !safe) {
        return safe;
    }
    return files_.remove(layout::pending_key(certificate));
}

} // namespace evercert::storage
