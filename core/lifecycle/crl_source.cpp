#include "core/lifecycle/crl_source.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::lifecycle {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr milliseconds shortest_life = hours(1);
constexpr milliseconds longest_life = hours(12);
constexpr milliseconds first_pause = minutes(10);
constexpr milliseconds longest_pause = hours(12);
constexpr milliseconds clock_tolerance = hours(1);
/// Those who ask about the same list come back spread over this time.
constexpr milliseconds spread = minutes(10);
constexpr unsigned failures_worth_telling = 3;

milliseconds upto(milliseconds most, random_source& random) {
    return milliseconds(random.between(0, most.count()));
}

/// 10 min, 20 min ... 12 h, and up to a tenth more.
milliseconds pause_after(unsigned failures, milliseconds at_least, random_source& random) {
    milliseconds pause = first_pause;
    for (unsigned i = 1; i < failures && pause < longest_pause; ++i) {
        pause *= 2;
    }
    pause = std::max(std::min(pause, longest_pause), at_least);
    return pause + upto(pause / 10, random);
}

/// Nothing is sent back that could not stand in a header of ours.
std::string sendable(std::string foreign) {
    constexpr std::size_t longest = 256;
    const bool good = foreign.size() <= longest &&
                      std::ranges::all_of(foreign, [](char c) { return c >= 0x20 && c < 0x7F; });
    return good ? std::move(foreign) : std::string();
}

} // namespace

std::vector<http_header> crl_source::conditions() const {
    std::vector<http_header> headers;
    if (!etag_.empty()) {
        headers.emplace_back("If-None-Match", etag_);
    }
    if (!last_modified_.empty()) {
        headers.emplace_back("If-Modified-Since", last_modified_);
    }
    return headers;
}

bool crl_source::valid(wall_time now) const {
    return list_ != nullptr && list_->next_update() && now < *list_->next_update() &&
           list_->this_update() <= now + clock_tolerance;
}

std::string crl_source::why_invalid(wall_time now) const {
    if (list_->this_update() > now + clock_tolerance) {
        return fmt::format("the CRL is dated {}, which is in the future: check the clock of this host",
                           format_time(list_->this_update()));
    }
    if (!list_->next_update()) {
        return "the CRL does not say until when it holds (nextUpdate)";
    }
    return fmt::format("the CRL is out of date since {}", format_time(*list_->next_update()));
}

milliseconds crl_source::life(wall_time now, random_source& random) const {
    const wall_time end = list_->next_update().value();
    const milliseconds half = std::clamp((end - list_->this_update()) / 2, shortest_life, longest_life);
    // A list that lives for an hour only is not to run out before it is asked for.
    return std::max(std::min(half + upto(half / 8, random), end - now), first_pause);
}

bool crl_source::take(crl_fetch got, wall_time now, steady_time steady, random_source& random) {
    trouble_ = std::move(got.trouble);
    bool fresh = false;
    if (trouble_.empty() && got.unchanged && list_ == nullptr) {
        trouble_ = "the server answered that nothing has changed, though it was not asked so (status 304)";
    } else if (trouble_.empty() && got.list != nullptr) {
        // A cache on the way, or somebody who has kept an old one, must not undo what we know.
        const bool older = valid(now) && got.list->this_update() < list_->this_update();
        if (!older) {
            fresh = true;
            list_ = std::move(got.list);
            etag_ = sendable(std::move(got.etag));
            last_modified_ = sendable(std::move(got.last_modified));
        }
    }
    if (trouble_.empty() && !valid(now)) {
        trouble_ = why_invalid(now);
        // Perhaps a cache vouches for what it should have dropped.
        etag_.clear();
        last_modified_.clear();
    }
    if (trouble_.empty()) {
        failures_ = 0;
        due_ = steady + life(now, random);
    } else {
        ++failures_;
        due_ = steady + pause_after(failures_, got.at_least, random);
    }
    return fresh;
}

std::optional<std::string> crl_source::news(wall_time now) {
    const bool matters = !valid(now) || failures_ >= failures_worth_telling;
    if (trouble_.empty() || !matters || trouble_ == told_) {
        return std::nullopt;
    }
    told_ = trouble_;
    return told_;
}

bool crl_source::mended() {
    return trouble_.empty() && !std::exchange(told_, {}).empty();
}

crl_answer crl_source::answer(const std::string& serial, wall_time now, steady_time steady,
                              random_source& random) const {
    crl_answer out;
    const auto wait = due_ > steady ? std::chrono::ceil<milliseconds>(due_ - steady) : milliseconds(0);
    out.ask_again = now + wait + upto(spread, random);
    out.young = list_ != nullptr && due_ > steady;
    if (list_ == nullptr) {
        out.trouble = trouble_;
        return out;
    }
    if (const auto entry = list_->find(serial)) {
        out.verdict = crl_verdict::revoked;
        out.reason = entry->reason;
        out.revoked_at = entry->when;
        return out;
    }
    if (valid(now)) {
        out.verdict = crl_verdict::good;
        return out;
    }
    out.trouble = why_invalid(now);
    if (!trouble_.empty() && trouble_ != out.trouble) {
        out.trouble += "; " + trouble_;
    }
    return out;
}

} // namespace evercert::lifecycle
