#include "daemon/status/tally.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace evercert::daemon::status {
namespace {

/// An event that is counted: in what, under which of its fields, and under which word of ours.
struct counted_event {
    std::string_view id;
    counts tally::* in;
    std::string_view field; ///< empty: none
    std::string_view word;  ///< empty: none
};

constexpr std::array known{
    counted_event{"cert.ordering", &tally::orders, "issuer", "started"},
    counted_event{"cert.issued", &tally::orders, "issuer", "issued"},
    counted_event{"cert.order_failed", &tally::orders, "issuer", "failed"},
    counted_event{"cert.held", &tally::orders, "issuer", "held"},
    counted_event{"cert.order_waits", &tally::orders, "issuer", "waiting"},
    counted_event{"issuer.paused", &tally::pauses, "issuer", ""},
    counted_event{"cert.renewal_info_missed", &tally::missed_windows, "issuer", ""},
    counted_event{"cert.revoked", &tally::revocations, "", "us"},
    counted_event{"cert.found_revoked", &tally::revocations, "", "ca"},
    counted_event{"crl.unusable", &tally::crl_failures, "", ""},
    counted_event{"config.reloaded", &tally::reloads, "", "applied"},
    counted_event{"config.refused", &tally::reloads, "", "refused"},
};

std::string field_of(const event& what, std::string_view name) {
    const auto found =
        std::ranges::find(what.fields, name, [](const auto& field) { return std::string_view(field.first); });
    return found == what.fields.end() ? std::string() : found->second;
}

std::string code_of(unsigned status) {
    return status >= 100 && status < 600 ? std::to_string(status / 100) + "xx" : std::string("none");
}

} // namespace

void latencies::add(steady_time::duration took) {
    const double length = std::chrono::duration<double>(took).count();
    const auto bucket = std::ranges::lower_bound(bounds, length) - bounds.begin();
    ++in.at(static_cast<std::size_t>(bucket));
    sum += length;
}

void tally::emit(const event& what) {
    const auto found = std::ranges::find(known, what.id, &counted_event::id);
    if (found != known.end()) {
        std::vector<std::string> labels;
        if (!found->field.empty()) {
            labels.push_back(field_of(what, found->field));
        }
        if (!found->word.empty()) {
            labels.emplace_back(found->word);
        }
        ++(this->*found->in)[std::move(labels)];
    }
    if (what.id == "cert.order_failed") {
        ++order_failures[{field_of(what, "issuer"), field_of(what, "class")}];
    }
    if (what.level >= severity::warning) {
        ++events[{std::string(to_string(what.level))}];
    }
    next_.emit(what);
}

void tally::exchanged(const std::string& issuer, std::string_view step, unsigned status,
                      steady_time::duration took) {
    ++requests[{issuer, code_of(status)}];
    durations[{issuer, std::string(step)}].add(took);
}

void tally::deployed(const std::string& deployment, bool succeeded) {
    ++deployments[{deployment, succeeded ? "succeeded" : "failed"}];
}

awaitable<result<http_response>> metered_http::send(http_request request) {
    const steady_time began = time_.steady_now();
    const std::string_view step = request.purpose;
    auto answer = co_await inner_.send(std::move(request));
    into_.exchanged(issuer_, step, answer ? answer->status : 0, time_.steady_now() - began);
    co_return answer;
}

} // namespace evercert::daemon::status
