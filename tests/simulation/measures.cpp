#include "tests/simulation/measures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace evercert::simulation {

using std::chrono::days;
using std::chrono::hours;

// ---- live links

milliseconds recovery::until(unsigned percent) const {
    if (took.empty()) {
        return milliseconds(0);
    }
    const std::size_t all = took.size() + waiting;
    const std::size_t index = (all * percent + 99) / 100;
    return index == 0 || index > took.size() ? milliseconds::max() : took[index - 1];
}

void live_watch::judge(unsigned certificate, wall_time not_after, wall_time replaced) {
    if (not_after > replaced) {
        return;
    }
    // Names that resolve again are found to at the next daily try.
    const auto* broken = who_.broken_of(certificate);
    const bool reason =
        broken != nullptr && broken->when.holds(not_after) && replaced <= broken->when.to + days(2);
    (reason ? expired_with_reason_ : expired_).push_back({certificate, not_after, replaced});
}

void live_watch::note(unsigned certificate, const disk_version* before, const disk_version& now,
                      wall_time when) {
    if (before == nullptr) {
        ++first_;
        last_first_ = when;
        return;
    }
    judge(certificate, before->not_after(), when);
    for (recovery& one : recoveries_) {
        const bool newer = now.number > before->number;
        if (one.waiting > 0 && one.concerned[certificate] == 1 && newer) {
            one.concerned[certificate] = 2;
            --one.waiting;
            one.took.push_back(when - one.since);
        }
    }
}

void live_watch::finish(const std::vector<shelf>& shelves, wall_time end) {
    for (unsigned i = 0; i < shelves.size(); ++i) {
        if (const disk_version* live = shelves[i].live_version()) {
            judge(i, live->not_after(), end);
        }
    }
}

recovery& live_watch::begin_recovery(std::string what, wall_time since) {
    return recoveries_.emplace_back(std::move(what), since, who_.certificates.size());
}

// ---- events

void counting_events::emit(const event& what) {
    const bool traced = trace_ == "all" || what.certificate == trace_ || what.certificate.empty();
    if (!trace_.empty() && traced) {
        fmt::print("{} {} {} {}\n", format_time(time_.now()), what.id, what.certificate, what.message);
    }
    // Most ids are literals, so that the first comparison finds them.
    const auto same = [&](const count& one) {
        return one.id.data() == what.id.data() && one.id.size() == what.id.size();
    };
    const auto known = std::ranges::find_if(counts_, same);
    if (known != counts_.end()) {
        ++known->number;
    } else {
        counts_.push_back({what.id, 1});
    }
}

std::map<std::string_view, std::uint64_t> counting_events::counts() const {
    std::map<std::string_view, std::uint64_t> all;
    for (const count& one : counts_) {
        all[one.id] += one.number;
    }
    return all;
}

// ---- load

load measure_load(const std::vector<const sim_ca*>& cas, const std::vector<span>& disturbed, wall_time start,
                  wall_time end) {
    constexpr double fair_sample = 60;
    const auto hour_count = static_cast<std::size_t>((end - start) / hours(1));
    std::vector<double> orders(hour_count, 0);
    std::vector<bool> quiet(hour_count, true);
    for (const sim_ca* ca : cas) {
        const auto& own = ca->counts().orders_by_hour;
        for (std::size_t i = 0; i < std::min(own.size(), hour_count); ++i) {
            orders[i] += own[i];
        }
    }
    double sum = 0;
    double quiet_hours = 0;
    for (std::size_t i = 0; i < hour_count; ++i) {
        const span hour{start + hours(i), start + hours(i + 1)};
        quiet[i] = std::ranges::none_of(
            disturbed, [&](const span& fault) { return fault.from < hour.to && hour.from < fault.to; });
        sum += quiet[i] ? orders[i] : 0;
        quiet_hours += quiet[i] ? 1 : 0;
    }
    load found;
    if (quiet_hours == 0 || sum == 0) {
        return found;
    }
    const double mean = sum / quiet_hours;
    found.hours = mean >= fair_sample ? 1 : static_cast<unsigned>(fair_sample / mean) + 1;
    found.mean = mean * found.hours;
    double inside = 0;
    unsigned long_quiet = 0;
    for (std::size_t i = 0; i < hour_count; ++i) {
        inside += orders[i] - (i >= found.hours ? orders[i - found.hours] : 0);
        long_quiet = quiet[i] ? long_quiet + 1 : 0;
        if (long_quiet < found.hours) {
            found.most_in_faults = std::max(found.most_in_faults, inside);
            continue;
        }
        ++found.windows;
        if (inside > found.most) {
            found.most = inside;
            found.most_at = start + hours(i + 1 - found.hours);
        }
    }
    return found;
}

// ---- orders

namespace {

/// Whether another CA has issued for the same names while the order, not finalized, was open.
bool issued_elsewhere(const ca_order& order, const sim_ca& its, const std::vector<const sim_ca*>& cas) {
    if (order.status > order_status::ready) {
        return false;
    }
    return std::ranges::any_of(cas, [&](const sim_ca* ca) {
        return ca != &its && std::ranges::any_of(ca->leaves(), [&](const ca_leaf& leaf) {
                   const wall_time issued = leaf.not_before + hours(1);
                   return leaf.certificate == order.certificate && leaf.stored && issued >= order.created &&
                          issued < order.expires;
               });
    });
}

} // namespace

order_fates trace_orders(const std::vector<const sim_ca*>& cas, const std::vector<shelf>& shelves,
                         const std::vector<wall_time>& crashes) {
    constexpr std::size_t most_examples = 5;
    order_fates fates;
    std::map<std::tuple<wall_time, unsigned, unsigned>, std::uint64_t> by_crash;
    for (const sim_ca* ca : cas) {
        for (std::size_t i = 0; i < ca->orders().size(); ++i) {
            const ca_order& order = ca->orders()[i];
            const std::string url = order_url(static_cast<unsigned>(i));
            const auto& job = shelves[order.certificate].job;
            const auto recorded_now = [&] {
                return job &&
                       std::ranges::find(job->orders, url, &storage::order_record::url) != job->orders.end();
            };
            if (order.leaf != 0 && ca->leaves()[order.leaf - 1].stored) {
                ++fates.finished;
            } else if (order.status == order_status::invalid) {
                ++fates.ended_by_ca;
            } else if (order.leaf != 0 && ca->leaves()[order.leaf - 1].refused) {
                ++fates.refused;
            } else if (recorded_now()) {
                ++fates.under_way;
            } else if (order.fate == order_fate::recorded && issued_elsewhere(order, *ca, cas)) {
                ++fates.left;
            } else if (order.fate == order_fate::recorded) {
                ++fates.lost;
                if (fates.examples.size() < most_examples) {
                    fates.examples.push_back(fmt::format(
                        "{} of {} at CA {}, made {}, {}", url, certificate_name(order.certificate),
                        ca->number(), format_time(order.created),
                        order.leaf != 0 ? "issued and never stored" : "abandoned before it was issued"));
                }
            } else if (order.fate == order_fate::not_heard) {
                ++fates.never_heard;
            } else {
                ++fates.crashed;
                const auto crash = std::ranges::lower_bound(crashes, order.created);
                const auto count = ++by_crash[{crash == crashes.end() ? wall_time::max() : *crash,
                                               ca->number(), order.account}];
                fates.most_by_crash = std::max(fates.most_by_crash, count);
            }
        }
    }
    return fates;
}

unsigned most_failures_in_90_days(const std::vector<wall_time>& failures) {
    std::size_t most = 0;
    for (std::size_t from = 0, to = 0; to < failures.size(); ++to) {
        while (failures[to] - failures[from] > days(90)) {
            ++from;
        }
        most = std::max(most, to - from + 1);
    }
    return static_cast<unsigned>(most);
}

} // namespace evercert::simulation
