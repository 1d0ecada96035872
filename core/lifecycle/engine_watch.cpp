// The start, and watching what CAs say about certificates that are live: their renewal information and their
// CRLs.
#include "core/acme/renewal_id.hpp"
#include "core/base/text.hpp"
#include "core/lifecycle/engine_impl.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::lifecycle {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

/// Records read in one go at the start.
constexpr std::size_t records_at_once = 256;
/// So many certificates are read in full at the start; of more, the record has to do until the patrol comes
/// by.
constexpr std::size_t read_in_full = 256;
/// One certificate of a large installation is read in full this often until all have been.
constexpr milliseconds patrol_pace = seconds(1);
/// After a start, what CAs say is asked for spread over this time, a second for each certificate at most.
constexpr milliseconds first_checks = hours(6);
/// When a CA does not say when its renewal information is to be asked for again, or it cannot be had for
/// good.
constexpr milliseconds ask_again = hours(6);
constexpr milliseconds shortest_between_checks = minutes(1);
constexpr milliseconds longest_between_checks = hours(24);

/// When to ask next; not at all if its CA has nothing to say.
wall_time paced(wall_time next, wall_time now) {
    return next == wall_time::max()
               ? next
               : std::clamp(next, now + shortest_between_checks, now + longest_between_checks);
}

struct recorded {
    std::string name;
    result<std::optional<storage::job_record>> record;
};

} // namespace

// ---- the start

/// Reads all records: what was taken from the issuers' limits, and what is at rest. Then work begins.
awaitable<void> engine_impl::sweep() {
    auto list = [this] { return parts_.files.recorded(); };
    auto names = co_await parts_.workers.run(list);
    if (!names) {
        event unreadable{.id = "store.unreadable",
                         .level = severity::error,
                         .certificate = {},
                         .message = names.error().within("the records cannot be listed").text(),
                         .fields = {}};
        parts_.events.emit(unreadable);
        names.emplace();
    }
    const bool all_in_full = entries_.size() <= read_in_full;
    for (std::size_t from = 0; from < names->size() && !stopping_; from += records_at_once) {
        const std::size_t to = std::min(names->size(), from + records_at_once);
        auto read = [this, &names, from, to]() -> result<std::vector<recorded>> {
            std::vector<recorded> all;
            for (std::size_t i = from; i < to; ++i) {
                all.push_back({(*names)[i], parts_.files.glance((*names)[i])});
            }
            return all;
        };
        auto some = co_await parts_.workers.run(read);
        if (!some) {
            break;
        }
        for (recorded& one : *some) {
            if (!one.record || !*one.record) {
                continue;
            }
            restore_limits(**one.record);
            if (const entry_ptr who = find(one.name); who && !all_in_full) {
                settle_in(who, std::move(**one.record));
            }
        }
    }
    swept_ = true;
    // The patrol goes on for hours: nothing of the size of the installation is kept over it.
    *names = std::vector<std::string>();
    {
        std::vector<entry_ptr> unread;
        for (const auto& [name, who] : entries_) {
            if (!who->awake && !who->rest) {
                unread.push_back(who);
            }
        }
        for (const entry_ptr& who : unread) {
            start(who);
        }
    }
    for (const auto& [issuer, line] : lines_) {
        admit(issuer);
    }
    alarm_->cancel();
    co_await patrol();
}

/// A certificate whose record fits its live link needs no reading while nothing is due.
void engine_impl::settle_in(const entry_ptr& who, storage::job_record record) {
    if (who->running || who->awake || who->rest) {
        return;
    }
    auto facts = facts_from_record(record, *who->wanted, parts_.time.now(), pool_);
    if (!facts || (!facts->deployed && who->wanted->policy->has_deployments())) {
        return;
    }
    who->rest = std::make_unique<resting_facts>(std::move(*facts));
    who->phase = state::waiting;
    plan_checks(*who);
    put_on_schedule(who);
}

/// The files decide, not the record: sooner or later each certificate is read.
awaitable<void> engine_impl::patrol() {
    std::vector<std::weak_ptr<entry>> unread;
    for (const auto& [name, who] : entries_) {
        if (!who->inspected) {
            unread.push_back(who);
        }
    }
    for (const auto& candidate : unread) {
        co_await sleep_for(parts_.time, patrol_pace);
        const entry_ptr who = candidate.lock();
        if (who && who->rest && !who->inspected && !who->running && !who->removed && who->later.empty()) {
            who->rest.reset();
            start(who);
        }
    }
}

void engine_impl::plan_checks(entry& who) {
    const milliseconds spread =
        std::min<milliseconds>(first_checks, seconds(static_cast<std::int64_t>(entries_.size())));
    who.next_check = parts_.time.now() + milliseconds(parts_.random.between(0, spread.count()));
}

// ---- what CAs say

std::vector<resting_leaf> engine_impl::leaves_of(const entry& who, text_pool& pool) {
    std::vector<resting_leaf> leaves;
    if (who.awake && who.awake->machine.live) {
        const resting_facts facts = facts_to_rest(who.awake->machine, who.awake->next, pool);
        leaves.push_back(facts.first);
        leaves.insert(leaves.end(), facts.others.begin(), facts.others.end());
    } else if (who.rest) {
        leaves.push_back(who.rest->first);
        leaves.insert(leaves.end(), who.rest->others.begin(), who.rest->others.end());
    }
    return leaves;
}

bool engine_impl::names_crl(const entry& who) {
    if (who.awake && who.awake->machine.live) {
        return std::ranges::any_of(who.awake->machine.live->leaves,
                                   [](const leaf_facts& leaf) { return !leaf.crl_url.empty(); });
    }
    const auto names_it = [](const resting_leaf& leaf) { return !leaf.crl_url->empty(); };
    return who.rest && (names_it(who.rest->first) || std::ranges::any_of(who.rest->others, names_it));
}

/// Asks about each leaf; what is news goes to `later`, and the next time is planned.
awaitable<void> engine_impl::check(entry_ptr who) {
    const wall_time now = parts_.time.now();
    std::string issuer;
    unsigned version = 0;
    if (who->awake && who->awake->machine.live) {
        issuer = who->awake->machine.job.issuer;
        version = who->awake->machine.live->number;
    } else if (who->rest) {
        issuer = *who->rest->issuer;
        version = who->rest->version;
    }
    std::vector<machine_event> news;
    wall_time next = wall_time::max(); // stays so when its CA has nothing to say: no look at all then
    if (!offers_renewal_info(issuer) && !(parts_.check_crl && names_crl(*who))) {
        who->next_check = next;
        co_return;
    }
    for (const resting_leaf& leaf : leaves_of(*who, pool_)) {
        if (leaf.not_after <= now) {
            continue;
        }
        if (offers_renewal_info(issuer)) {
            const wall_time again = co_await ask_renewal_info(who, leaf, issuer, &news);
            next = std::min(next, again);
        }
        if (parts_.check_crl && !leaf.crl_url->empty()) {
            const wall_time again = co_await ask_crl(who, leaf, version, &news);
            next = std::min(next, again);
        }
    }
    who->next_check = paced(next, parts_.time.now());
    who->later.insert(who->later.end(), std::make_move_iterator(news.begin()),
                      std::make_move_iterator(news.end()));
}

/// True if that was all: most checks of certificates at rest are a look at a list which is at hand, and need
/// no coroutine.
bool engine_impl::check_at_once(entry& who) {
    const wall_time now = parts_.time.now();
    if (!parts_.peek_crl || !who.rest || !who.later.empty() || next_of(*who.rest) <= now ||
        offers_renewal_info(*who.rest->issuer)) {
        return false;
    }
    wall_time next = wall_time::max();
    const auto is_good = [&](const resting_leaf& leaf) {
        if (leaf.not_after <= now || leaf.crl_url->empty()) {
            return true;
        }
        const auto above = known_issuer_certificate(leaf);
        const auto answer =
            above ? parts_.peek_crl({leaf.serial.hex(), *leaf.crl_url}, *above) : std::nullopt;
        if (!answer || !answer->young || answer->verdict != crl_verdict::good) {
            return false;
        }
        next = std::min(next, answer->ask_again);
        return true;
    };
    const bool all_good = is_good(who.rest->first) && std::ranges::all_of(who.rest->others, is_good);
    if (all_good) {
        who.next_check = paced(next, now);
    }
    return all_good;
}

bool engine_impl::offers_renewal_info(const std::string& issuer) const {
    const auto settings = issuers_.find(issuer);
    return settings != issuers_.end() && settings->second.renewal_info;
}

awaitable<wall_time> engine_impl::ask_renewal_info(entry_ptr who, resting_leaf leaf, std::string issuer,
                                                   std::vector<machine_event>* news) {
    const auto session = session_of(issuer);
    if (session->without_renewal_info(parts_.time.steady_now())) {
        co_return parts_.time.now() + ask_again;
    }
    std::string id = acme::renewal_id(*leaf.authority_id, leaf.serial.hex());
    auto client = session->client();
    if (!client || id.empty()) {
        co_return parts_.time.now() + ask_again;
    }
    auto info = co_await (*client)->fetch_renewal_info(std::move(id));
    const wall_time now = parts_.time.now();
    if (!info) {
        const wall_time again = now + session->renewal_info_failed(info.error(), parts_.random);
        if (info.error().cause.code != errc::unsupported) {
            const bool first = session->first_without_renewal_info();
            emit(
                "cert.renewal_info_missed", first ? severity::warning : severity::debug, *who,
                fmt::format("{} does not say when it is to be renewed, so what is planned stays; asked again "
                            "at {}: {}",
                            issuer, format_time(again), info.error().cause.text()),
                {{"issuer", issuer}});
        }
        co_return again;
    }
    session->renewal_info_answered();
    if (info->start != leaf.window_start || info->end != leaf.window_end) {
        const severity level = info->end <= now ? severity::warning : severity::debug;
        if (reads(level)) {
            const std::string why = info->explanation_url.empty()
                                        ? ""
                                        : " (it explains: " + escape(info->explanation_url, 200) + ")";
            emit("cert.renewal_info", level, *who,
                 fmt::format("{} wants it renewed between {} and {}{}", issuer, format_time(info->start),
                             format_time(info->end), why),
                 {{"issuer", issuer}});
        }
        news->emplace_back(
            renewal_info_seen{leaf.fingerprint_hex(), info->start, info->end, info->explanation_url});
    }
    co_return now + info->retry_after;
}

awaitable<wall_time> engine_impl::ask_crl(entry_ptr who, resting_leaf leaf, unsigned version,
                                          std::vector<machine_event>* news) {
    auto above = known_issuer_certificate(leaf);
    if (!above) {
        above = co_await read_issuer_certificate(who, leaf, version);
    }
    watched_leaf watched{leaf.serial.hex(), *leaf.crl_url};
    const crl_answer answer = co_await parts_.check_crl(std::move(watched), std::move(above));
    if (answer.verdict == crl_verdict::revoked) {
        emit("cert.found_revoked", severity::error, *who,
             fmt::format("its CA has revoked serial {} at {} (reason {}): it is replaced now",
                         leaf.serial.hex(), format_time(answer.revoked_at), answer.reason),
             {{"serial", leaf.serial.hex()}});
        news->emplace_back(revoked{leaf.fingerprint_hex()});
    }
    co_return answer.ask_again;
}

std::string engine_impl::crl_problem(const entry& who) {
    for (const resting_leaf& leaf : leaves_of(who, pool_)) {
        const auto above = known_issuer_certificate(leaf);
        if (!parts_.peek_crl || leaf.crl_url->empty() || !above) {
            continue;
        }
        const auto answer = parts_.peek_crl({leaf.serial.hex(), *leaf.crl_url}, *above);
        if (answer && answer->verdict == crl_verdict::unknown) {
            return fmt::format("the revocation list {} is of no use: {}", escape(*leaf.crl_url, 200),
                               answer->trouble);
        }
    }
    return {};
}

/// What signs the leaf's CRL, if a leaf below it was asked about before.
std::shared_ptr<const crypto::certificate>
engine_impl::known_issuer_certificate(const resting_leaf& leaf) const {
    const auto known = issuer_certificates_.find(*leaf.authority_id);
    return known == issuer_certificates_.end() ? nullptr : known->second;
}

awaitable<std::shared_ptr<const crypto::certificate>>
engine_impl::read_issuer_certificate(entry_ptr who, resting_leaf leaf, unsigned version) {
    auto read = [this, name = who->name(), version, fingerprint = leaf.fingerprint_hex()] {
        return parts_.files.load_leaf(name, version, fingerprint);
    };
    auto kept = co_await parts_.workers.run(read);
    std::shared_ptr<const crypto::certificate> above = kept ? kept->issuer : nullptr;
    constexpr std::size_t most_issuers = 256;
    if (above && !leaf.authority_id->empty() && issuer_certificates_.size() < most_issuers) {
        issuer_certificates_[*leaf.authority_id] = above;
    }
    co_return above;
}

} // namespace evercert::lifecycle
