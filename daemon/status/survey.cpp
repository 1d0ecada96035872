#include "daemon/status/survey.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace evercert::daemon::status {
namespace {

using lifecycle::certificate_status;

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/// What is not there comes last.
wall_time or_never(wall_time when) {
    return when == wall_time{} ? wall_time::max() : when;
}

bool comes_before(const row& a, const row& b, order by) {
    switch (by) {
    case order::expiry:
        // One without a certificate has expired already, as far as anybody who needs it is concerned.
        return std::tie(a.until, a.name) < std::tie(b.until, b.name);
    case order::state:
        return std::tie(a.how, a.until, a.name) < std::tie(b.how, b.until, b.name);
    case order::next: {
        const wall_time first = or_never(a.next);
        const wall_time second = or_never(b.next);
        return std::tie(first, a.name) < std::tie(second, b.name);
    }
    case order::name:
        break;
    }
    return a.name < b.name;
}

} // namespace

bool belongs(health how, group which) noexcept {
    switch (which) {
    case group::attention:
        return needs_attention(how);
    case group::working:
        return how == health::working || how == health::missing;
    case group::well:
        return how == health::well;
    case group::all:
        break;
    }
    return true;
}

bool matches(const certificate_status& one, std::string_view search) {
    return search.empty() || contains(to_lower_ascii(one.name), search) ||
           contains(to_lower_ascii(one.issuer), search) ||
           std::ranges::any_of(
               one.names, [&](const std::string& name) { return contains(to_lower_ascii(name), search); });
}

std::size_t survey::count(group which) const {
    std::size_t sum = 0;
    for (const health each : all_healths) {
        sum += belongs(each, which) ? count(each) : 0;
    }
    return sum;
}

void survey::add(const certificate_status& one) {
    row fresh;
    fresh.name = one.name;
    if (one.live) {
        fresh.from = one.live->not_before;
        fresh.until = one.live->not_after;
    }
    fresh.next = one.next_run.value_or(wall_time{});
    fresh.last_success = one.last_success.value_or(wall_time{});
    fresh.failures = one.failures;
    fresh.deploy_failures = one.deploy_failures;
    fresh.where = one.where;
    fresh.how = judge(one, made);
    const auto known = std::ranges::find(issuers, one.issuer);
    fresh.issuer = static_cast<std::uint16_t>(known - issuers.begin());
    // More issuers than that nobody has; the rest would be counted with the last.
    if (known == issuers.end() && issuers.size() < std::numeric_limits<std::uint16_t>::max()) {
        issuers.push_back(one.issuer);
    }
    ++counts.at(static_cast<std::size_t>(fresh.how));
    if (fresh.next != wall_time{} && fresh.how == health::well) {
        next_renewal = std::min(or_never(next_renewal), fresh.next);
    }
    rows.push_back(std::move(fresh));
}

chosen_rows choose(const survey& from, const query& what, std::size_t page_size) {
    chosen_rows out;
    for (std::uint32_t i = 0; i < from.rows.size(); ++i) {
        if (belongs(from.rows[i].how, what.show)) {
            out.rows.push_back(i);
        }
    }
    out.matching = out.rows.size();
    out.pages = std::max<std::size_t>(1, (out.matching + page_size - 1) / page_size);
    out.page = std::clamp<std::size_t>(what.page, 1, out.pages);
    const std::size_t begin = (out.page - 1) * page_size;
    const std::size_t end = std::min(begin + page_size, out.matching);
    const auto less = [&](std::uint32_t a, std::uint32_t b) {
        return comes_before(from.rows[a], from.rows[b], what.sort);
    };
    const auto at = [&](std::size_t index) { return out.rows.begin() + static_cast<std::ptrdiff_t>(index); };
    if (begin > 0 && begin < out.matching) {
        std::nth_element(out.rows.begin(), at(begin), out.rows.end(), less);
    }
    std::partial_sort(at(begin), at(end), out.rows.end(), less);
    out.rows.assign(at(begin), at(end));
    return out;
}

std::vector<std::uint32_t> worst_of(const survey& from, std::size_t most) {
    query what;
    what.show = group::attention;
    what.sort = order::state;
    return choose(from, what, most).rows;
}

} // namespace evercert::daemon::status
