#include "core/lifecycle/inspection.hpp"

#include "core/crypto/digest.hpp"

#include <fmt/format.h>

namespace evercert::lifecycle {
namespace {

std::optional<version_facts> load_facts(const storage::repository& files, std::string_view certificate,
                                        unsigned number) {
    auto version = files.load(certificate, number);
    if (!version) {
        return std::nullopt;
    }
    auto key = files.load_key(certificate, number);
    if (!key) {
        return std::nullopt;
    }
    return facts_of(*version, key->type());
}

std::optional<version_facts> newest_usable(const storage::repository& files, std::string_view certificate,
                                           const std::vector<unsigned>& versions) {
    for (auto number = versions.rbegin(); number != versions.rend(); ++number) {
        if (auto facts = load_facts(files, certificate, *number)) {
            return facts;
        }
    }
    return std::nullopt;
}

} // namespace

version_facts facts_of(const storage::stored_version& version, key_type key) {
    const crypto::certificate& leaf = version.leaf();
    auto names = leaf.names();
    return version_facts{.number = version.number,
                         .fingerprint = leaf.fingerprint(),
                         .serial = leaf.serial(),
                         .issuer_name = leaf.issuer_common_name(),
                         .names = names ? names_key(std::move(*names)) : std::string(),
                         .key_digest = crypto::hex(leaf.public_digest()),
                         .key = key,
                         .not_before = leaf.not_before(),
                         .not_after = leaf.not_after()};
}

result<inspection> inspect(const storage::repository& files, std::string_view certificate) {
    inspection found;
    bool garbled = false;
    auto job = files.load_job(certificate, &garbled);
    if (!job) {
        return fail(job.error());
    }
    found.seen.job = std::move(*job);
    if (garbled) {
        found.trouble = "its job record was damaged and is rebuilt from the files";
    }
    const storage::inventory inventory = files.look(certificate);
    if (!inventory.trouble.empty()) {
        found.trouble += (found.trouble.empty() ? "" : "; ") + inventory.trouble;
    }
    if (inventory.live) {
        found.seen.live = load_facts(files, certificate, inventory.live->number);
    }
    const auto& record = found.seen.job;
    const unsigned newest = inventory.versions.empty() ? 0 : inventory.versions.back();
    if (record && record->deploying != 0) {
        found.seen.staged = load_facts(files, certificate, record->deploying);
    } else if (found.seen.live && newest > found.seen.live->number && record && !record->order_key.empty()) {
        // Stored, but the crash came before the record said so.
        auto candidate = load_facts(files, certificate, newest);
        if (candidate && candidate->key_digest == record->order_key) {
            found.seen.staged = std::move(candidate);
        }
    }
    if (!found.seen.live && !found.seen.staged) {
        found.seen.staged = newest_usable(files, certificate, inventory.versions);
    }
    return found;
}

} // namespace evercert::lifecycle
