#include "daemon/helper/refusal_log.hpp"

#include <fmt/format.h>

namespace evercert::daemon {
namespace {

constexpr seconds minute{60};

} // namespace

void refusal_log::begin_minute() {
    tell();
    if (!begun_ || time_.steady_now() - began_ >= minute) {
        begun_ = true;
        began_ = time_.steady_now();
        said_ = 0;
    }
}

void refusal_log::refuse(std::string_view peer, const std::string& why) {
    begin_minute();
    if (said_ >= a_minute_) {
        ++counted_;
        return;
    }
    ++said_;
    event refused;
    refused.id = "deploy.refused";
    refused.level = severity::warning;
    refused.message = fmt::format("a request was refused: {}", why);
    refused.fields.emplace_back("peer", peer);
    events_.emit(refused);
}

void refusal_log::turn_away() {
    begin_minute();
    ++counted_;
}

void refusal_log::tell(bool now_or_never) {
    if (counted_ == 0 || (!now_or_never && time_.steady_now() - began_ < minute)) {
        return;
    }
    event flood;
    flood.id = "deploy.flood";
    flood.level = severity::warning;
    flood.message =
        fmt::format("{} more request{} refused within a minute", counted_, counted_ == 1 ? " was" : "s were");
    flood.fields.emplace_back("refused", std::to_string(counted_));
    counted_ = 0;
    events_.emit(flood);
}

} // namespace evercert::daemon
