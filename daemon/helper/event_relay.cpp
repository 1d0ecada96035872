#include "daemon/helper/event_relay.hpp"

#include <algorithm>

namespace evercert::daemon {

event_relay::subscription::subscription(event_relay& at, std::string certificate,
                                        std::vector<std::string> deployments, hearer hear)
    : at_(at)
    , certificate_(std::move(certificate))
    , deployments_(std::move(deployments))
    , hear_(std::move(hear))
    , place_(at.asking_.insert(at.asking_.end(), this)) {}

event_relay::subscription::~subscription() {
    at_.asking_.erase(place_);
}

void event_relay::emit(const event& what) {
    log_.emit(what);
    if (!what.id.starts_with("deploy.")) {
        return;
    }
    if (!what.certificate.empty()) {
        for (const subscription* const each : asking_) {
            if (each->certificate_ == what.certificate) {
                each->hear_(what);
            }
        }
        return;
    }
    const auto field =
        std::ranges::find(what.fields, "deployment", [](const auto& each) { return each.first; });
    if (field == what.fields.end()) {
        return;
    }
    const auto waits = [&](const subscription* each) {
        return std::ranges::find(each->deployments_, field->second) != each->deployments_.end();
    };
    if (const auto first = std::ranges::find_if(asking_, waits); first != asking_.end()) {
        (*first)->hear_(what);
    }
}

} // namespace evercert::daemon
