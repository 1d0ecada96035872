#include "daemon/notify/audience.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace evercert::daemon {
namespace {

using config::news;

constexpr std::size_t longest_words = 300;

} // namespace

sort_of_event sort_of(std::string_view event_id) noexcept {
    using enum sort_of_event;
    constexpr std::array<std::pair<std::string_view, sort_of_event>, 9> table{{
        {"cert.order_failed", trouble},
        {"cert.deploy_failed", trouble},
        {"cert.held", trouble},
        {"store.unreadable", trouble},
        {"cert.issued", issued},
        {"cert.deployed", deployed},
        {"cert.revoked", revoked},
        {"cert.found_revoked", revoked},
        {"cert.removed", removed},
    }};
    const auto* const found = std::ranges::find(table, event_id, [](const auto& row) { return row.first; });
    return found == table.end() ? none : found->second;
}

audience::audience(config::notification rule, std::shared_ptr<channel> way)
    : rule_(std::make_shared<const config::notification>(std::move(rule)))
    , way_(std::move(way))
    , bucket_(rule_->limit) {}

void audience::configure(config::notification rule, std::shared_ptr<channel> way) {
    if (rule.limit != rule_->limit) {
        bucket_ = lifecycle::token_bucket(rule.limit);
        full_at_ = {};
    }
    rule_ = std::make_shared<const config::notification>(std::move(rule));
    way_ = std::move(way);
}

bool audience::hear(sort_of_event what, const event& told, steady_time now, wall_time wall) {
    const std::string& certificate = told.certificate;
    happening news_of_it;
    switch (what) {
    case sort_of_event::none:
        return false;
    case sort_of_event::trouble:
        return note(certificate, news_of_it, now, wall);
    case sort_of_event::issued:
        if (rule_->on.contains(news::renewed)) {
            issued_.insert(certificate);
        }
        return false;
    case sort_of_event::deployed:
        news_of_it.good = true;
        news_of_it.renewed = issued_.erase(certificate) > 0;
        // Most renewals concern nobody: they cost a look into a map.
        return (news_of_it.renewed || told_.contains(certificate)) &&
               note(certificate, std::move(news_of_it), now, wall);
    case sort_of_event::revoked:
        news_of_it.revoked = true;
        news_of_it.words = told.message.substr(0, longest_words);
        return note(certificate, std::move(news_of_it), now, wall);
    case sort_of_event::removed:
        pending_.erase(certificate);
        issued_.erase(certificate);
        told_.erase(certificate);
        return false;
    }
    return false;
}

bool audience::note(const std::string& certificate, happening what, steady_time now, wall_time wall) {
    happening& all = pending_[certificate];
    all.good = all.good || what.good;
    all.renewed = all.renewed || what.renewed;
    all.revoked = all.revoked || what.revoked;
    all.again = all.again || what.again;
    if (!what.words.empty()) {
        all.words = std::move(what.words);
    }
    if (due_) {
        return false;
    }
    due_ = now + rule_->gather;
    pending_since_ = wall;
    return true;
}

std::optional<steady_time> audience::due() const {
    return queue.size() < most_queued ? due_ : std::nullopt;
}

void audience::put_off(steady_time until, wall_time wall) {
    due_ = until;
    if (!held_since_) {
        held_since_ = pending_since_.value_or(wall);
    }
}

bool audience::take_place(steady_time now, wall_time wall) {
    // Nothing of it is kept over a restart, and so a clock that is set back cannot stop the messages.
    const lifecycle::bucket_time moment(now.time_since_epoch());
    const lifecycle::bucket_time free = bucket_.earliest(full_at_, moment);
    if (free > moment) {
        put_off(now + std::chrono::ceil<milliseconds>(free - moment), wall);
        return false;
    }
    full_before_ = full_at_;
    full_at_ = bucket_.take(full_at_, moment, moment);
    return true;
}

void audience::give_back_place() {
    full_at_ = full_before_;
}

std::map<std::string, happening> audience::take_pending() {
    due_.reset();
    pending_since_.reset();
    return std::exchange(pending_, {});
}

void audience::begin_round(steady_time now) noexcept {
    again_ = again_from_ && *again_from_ <= now;
    if (again_) {
        again_from_.reset();
    }
}

told_state audience::told(const std::string& certificate) const {
    const auto at = told_.find(certificate);
    return at == told_.end() ? told_state() : at->second;
}

bool audience::remember(const std::string& certificate, const told_state& state) {
    if (told(certificate) == state) {
        return false;
    }
    if (state.blank()) {
        told_.erase(certificate);
    } else {
        told_[certificate] = state;
    }
    return true;
}

audience_record audience::record() const {
    return {rule_->name, told_, queue, again_from_.has_value()};
}

void audience::restore(audience_record from) {
    from.told.insert(told_.begin(), told_.end());
    told_ = std::move(from.told);
    queue.insert(queue.begin(), from.queue.begin(), from.queue.end());
    if (from.unheard) {
        again_from_ = steady_time::min();
    }
}

bool audience::forget_others(std::string_view after, std::string_view last,
                             const std::vector<lifecycle::certificate_status>& there) {
    auto known = there.begin();
    bool changed = false;
    for (auto at = told_.upper_bound(after); at != told_.end() && (last.empty() || at->first <= last);) {
        while (known != there.end() && known->name < at->first) {
            ++known;
        }
        if (known != there.end() && known->name == at->first) {
            ++at;
        } else {
            at = told_.erase(at);
            changed = true;
        }
    }
    return changed;
}

std::size_t audience::troubled() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(told_, [](const auto& each) { return each.second.told(); }));
}

} // namespace evercert::daemon
