#include "core/lifecycle/vault.hpp"

#include "core/lifecycle/machine_events.hpp"

namespace evercert::lifecycle {
namespace {

std::optional<version_facts> newest_usable(const std::vector<unsigned>& versions,
                                           const version_reader& read) {
    for (auto number = versions.rbegin(); number != versions.rend(); ++number) {
        if (auto usable = read(*number)) {
            return usable;
        }
    }
    return std::nullopt;
}

} // namespace

looked take_stock(std::optional<storage::job_record> record, std::optional<version_facts> live,
                  const std::vector<unsigned>& versions, const version_reader& read) {
    looked seen;
    seen.live = std::move(live);
    const unsigned newest = versions.empty() ? 0 : versions.back();
    if (record && record->deploying != 0) {
        seen.staged = read(record->deploying);
    } else if (seen.live && newest > seen.live->number && record && !record->orders.empty()) {
        // Stored, but the crash came before the record said so.
        if (auto candidate = read(newest); candidate && orders_are_done(*record, *candidate)) {
            seen.staged = std::move(candidate);
        }
    }
    if (!seen.live && !seen.staged) {
        seen.staged = newest_usable(versions, read);
    }
    seen.job = std::move(record);
    return seen;
}

void check_against_link(storage::job_record& record, std::optional<unsigned> linked) {
    if (record.live &&
        (record.live->leaves.empty() || record.deploying != 0 || linked != record.live->number)) {
        record.live.reset();
    }
}

} // namespace evercert::lifecycle
