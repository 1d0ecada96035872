#pragma once
// Counts what happens, for metrics. It keeps numbers by words of ours: never foreign text.
#include "core/base/time.hpp"
#include "core/ports/event_sink.hpp"
#include "core/ports/http_client.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evercert::daemon::status {

/// How long requests took, by bucket.
struct latencies {
    /// Upper bounds in seconds: a CA's good days, its bad ones, and our deadline.
    static constexpr std::array<double, 11> bounds{0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

    void add(steady_time::duration took);

    std::array<std::uint64_t, bounds.size() + 1> in{}; ///< not cumulative; the last is what took longer
    double sum = 0;                                    ///< seconds
};

/// Counts by the values of their labels.
using counts = std::map<std::vector<std::string>, std::uint64_t>;

/// Stands before the log and counts events as they pass. Loop thread only; `next` must outlive it.
class tally final : public event_sink {
public:
    explicit tally(event_sink& next) : next_(next) {}

    void emit(const event& what) override;
    [[nodiscard]] bool reads(severity level) const noexcept override { return next_.reads(level); }

    /// An exchange with an issuer has ended; status 0: without an answer. `step` is a word of ours.
    void exchanged(const std::string& issuer, std::string_view step, unsigned status,
                   steady_time::duration took);
    void deployed(const std::string& deployment, bool succeeded);

    // Labels in the order in which they are named here.
    counts orders;         ///< issuer, result (started, issued, failed, held, waiting)
    counts order_failures; ///< issuer, class
    counts deployments;    ///< deployment, result (succeeded, failed)
    counts requests;       ///< issuer, code (2xx, 3xx, 4xx, 5xx, none)
    counts pauses;         ///< issuer
    counts missed_windows; ///< issuer
    counts revocations;    ///< by (us, ca)
    counts crl_failures;   ///< none
    counts reloads;        ///< result (applied, refused)
    counts events;         ///< level (warning, error)
    std::map<std::pair<std::string, std::string>, latencies> durations; ///< by issuer and step

private:
    event_sink& next_;
};

/// Measures what goes to one issuer. All must outlive it.
class metered_http final : public http_client {
public:
    metered_http(http_client& inner, std::string issuer, const time_source& time, tally& into)
        : inner_(inner), issuer_(std::move(issuer)), time_(time), into_(into) {}

    awaitable<result<http_response>> send(http_request request) override;

private:
    http_client& inner_;
    std::string issuer_;
    const time_source& time_;
    tally& into_;
};

} // namespace evercert::daemon::status
