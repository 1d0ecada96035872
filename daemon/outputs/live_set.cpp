#include "daemon/outputs/live_set.hpp"

#include "core/store/layout.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon {
namespace {

constexpr milliseconds clock_tolerance = std::chrono::hours(24);

bool same_chain(const std::vector<crypto::certificate>& a, const std::vector<crypto::certificate>& b) {
    return std::ranges::equal(
        a, b, {}, [](const crypto::certificate& one) { return one.der(); },
        [](const crypto::certificate& one) { return one.der(); });
}

result<void> check_pair(const storage::key_pair& pair, const managed_certificate& wanted, wall_time now) {
    crypto::chain_expectation expected;
    expected.public_digest = pair.key.public_digest();
    expected.names = wanted.names;
    expected.now = now;
    expected.clock_tolerance = clock_tolerance;
    // The same check that a CA's answer passes; what passed it once comes out as it went in.
    const auto checked = crypto::check_chain(pair.chain, expected);
    if (!checked) {
        return fail(checked.error());
    }
    if (!same_chain(*checked, pair.chain)) {
        return fail(errc::refused, "its chain is not the leaf with the certificates that issued one another, "
                                   "and nothing else");
    }
    return {};
}

} // namespace

result<storage::stored_version> read_live_set(store& files, const managed_certificate& wanted,
                                              wall_time now) {
    if (auto safe = storage::check_name(wanted.name); !safe) {
        return fail(std::move(safe.error()));
    }
    const storage::repository repository(files);
    storage::inventory found = repository.look(wanted.name);
    if (!found.live) {
        return found.trouble.empty()
                   ? fail(errc::not_found, fmt::format("there is no live version of {}: {} does not exist",
                                                       wanted.name, repository.live_directory(wanted.name)))
                   : fail(errc::corrupted,
                          fmt::format("the live set of {} is not usable: {}", wanted.name, found.trouble));
    }
    for (const storage::key_pair& pair : found.live->pairs) {
        if (auto good = check_pair(pair, wanted, now); !good) {
            return fail(good.error().within(fmt::format("version {} of {}, {}", found.live->number,
                                                        wanted.name, to_string(pair.key.type()))));
        }
    }
    return std::move(*found.live);
}

} // namespace evercert::daemon
