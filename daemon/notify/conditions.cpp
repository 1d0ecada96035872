#include "daemon/notify/conditions.hpp"

#include "core/lifecycle/due.hpp"
#include "core/lifecycle/machine_events.hpp"
#include "daemon/control/explain.hpp"
#include "daemon/log/printable.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon {
namespace {

using config::news;
using lifecycle::certificate_status;
using lifecycle::live_certificate;
using lifecycle::state;

constexpr std::size_t longest_words = 1500;
constexpr milliseconds slow_patience = std::chrono::hours(6);

const live_certificate* ends_first(const certificate_status& one) {
    if (!one.live) {
        return nullptr;
    }
    const live_certificate* first = &*one.live;
    for (const live_certificate& other : one.other_keys) {
        if (other.not_after < first->not_after) {
            first = &other;
        }
    }
    return first;
}

bool is_revoked(const certificate_status& one) {
    return (one.live && one.live->revoked) || std::ranges::any_of(one.other_keys, &live_certificate::revoked);
}

/// Its files cannot be read, and so nothing is done.
bool is_unreadable(const certificate_status& one) {
    return one.where == state::failing && !one.live && one.failures == 0 && one.deploy_failures == 0 &&
           one.at.empty() && !one.problem.empty();
}

std::optional<wall_time> first_failure(const certificate_status& one) {
    std::optional<wall_time> first;
    for (const auto& at : one.at) {
        if (at.first_failure && (!first || *at.first_failure < *first)) {
            first = at.first_failure;
        }
    }
    return first;
}

/// The CA works on the order; nothing has been refused.
bool merely_slow(const certificate_status& one, wall_time now) {
    return one.problem_class == lifecycle::slow_class && one.deploy_failures == 0 &&
           now < first_failure(one).value_or(now) + slow_patience;
}

bool only_a_person_helps(const certificate_status& one) {
    return one.failures > 0 && (one.problem_class == "daily" || one.problem_class == "never");
}

/// Whether it is to be renewed only later, as it should.
bool is_at_rest(const certificate_status& one, wall_time now) {
    return one.where == state::waiting && one.next_run && *one.next_run > now;
}

} // namespace

wall_time expiring_from(wall_time not_before, wall_time not_after, std::optional<milliseconds> before) {
    const milliseconds early = before.value_or((not_after - not_before) / 6);
    return std::max(not_after - early, lifecycle::window_of(not_before, not_after).closes);
}

std::optional<wall_time> expiring_from(const certificate_status& one, std::optional<milliseconds> before) {
    const live_certificate* const leaf = ends_first(one);
    return leaf != nullptr ? std::optional(expiring_from(leaf->not_before, leaf->not_after, before))
                           : std::nullopt;
}

judgement judge(const certificate_status& one, const told_state& before, const config::notification& rule,
                wall_time now) {
    judgement made;
    made.then = before;
    if (one.where == state::starting) {
        return made; // nothing is known yet
    }
    const auto from = expiring_from(one, rule.expiring);
    const bool late = from && now >= *from;
    const bool fails =
        is_unreadable(one) || ((one.failures > 0 || one.deploy_failures > 0) && !merely_slow(one, now));
    const bool expires = late && !is_at_rest(one, now);
    if (fails || expires) {
        if (before.since == wall_time{}) {
            made.then.since = std::min(first_failure(one).value_or(now), now);
        }
        const bool grave = is_unreadable(one) || only_a_person_helps(one) || !one.live || is_revoked(one) ||
                           late || std::max(one.failures, one.deploy_failures) >= rule.after;
        if (fails && grave && !before.failing && rule.on.contains(news::failing)) {
            made.tell.push_back(news::failing);
            made.then.failing = true;
        }
        if (expires && !before.expiring && rule.on.contains(news::expiring)) {
            made.tell.push_back(news::expiring);
            made.then.expiring = true;
        }
        return made;
    }
    const bool good = one.live && !is_revoked(one) && one.where == state::waiting && one.at.empty();
    if (good) {
        if (before.told() && rule.on.contains(news::recovered)) {
            made.tell.push_back(news::recovered);
        }
        made.then = told_state();
    }
    return made;
}

bool concerns(const config::notification& rule, const certificate_status& one) {
    const auto fits = [&one](const std::string& pattern) {
        return pattern == one.name || std::ranges::any_of(one.names, [&](const std::string& name) {
                   const auto parsed = parse_identifier(name, true);
                   return parsed && matches(pattern, *parsed);
               });
    };
    return rule.certificates.empty() || std::ranges::any_of(rule.certificates, fits);
}

notice make_notice(news what, const certificate_status& one, const told_state& told, const std::string& words,
                   wall_time now) {
    notice made;
    made.what = what;
    made.certificate = printable(one.name);
    for (const std::string& name : one.names) {
        made.names.push_back(printable(name));
    }
    made.issuer = printable(one.issuer);
    const live_certificate* const leaf = ends_first(one);
    if (leaf != nullptr) {
        made.expires = leaf->not_after;
    }
    if (told.since != wall_time{}) {
        made.since = told.since;
    }
    if (what == news::recovered || what == news::renewed) {
        made.happened = leaf != nullptr
                            ? fmt::format("a good certificate is in use, serial {}", printable(leaf->serial))
                            : std::string();
        return made;
    }
    made.failures = std::max(one.failures, one.deploy_failures);
    made.problem_class = one.failures == 0 && one.deploy_failures > 0 ? "deployment" : one.problem_class;
    made.next_try = one.next_run;
    explanation why = explain(one, {}, now);
    // What was tried and failed goes before what only hinders.
    const auto failed =
        std::ranges::find_if(why.troubles, [](const auto& each) { return each.failures > 0; });
    const auto main = failed != why.troubles.end() ? failed : why.troubles.begin();
    if (main != why.troubles.end()) {
        made.happened = printable(main->happened, longest_words);
        made.mend = printable(main->mend, longest_words);
    }
    if (what == news::revoked) {
        made.happened = printable(words, longest_words);
        made.mend = made.failures > 0 ? made.mend : std::string("nothing: it is replaced by itself");
    } else if (made.happened.empty()) {
        made.happened = "it has not been renewed, although its time has come";
        made.mend = fmt::format("see 'evercert explain {}'", made.certificate);
    }
    return made;
}

} // namespace evercert::daemon
