#include "tests/simulation/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace evercert::simulation {
namespace {

using std::chrono::days;

/// Let's Encrypt counts so many failures to a pause, one a day is forgiven; the daemon stays far below.
constexpr unsigned most_failures_allowed = 95;
constexpr double most_load_allowed = 3.0;

class table {
public:
    template <class... Values>
    void row(std::string_view what, fmt::format_string<Values...> text, Values&&... values) {
        fmt::format_to(std::back_inserter(text_), "  {:<34}{}\n", what,
                       fmt::format(text, std::forward<Values>(values)...));
    }
    void line(std::string_view text) { fmt::format_to(std::back_inserter(text_), "  {}\n", text); }
    [[nodiscard]] std::string text() && { return std::move(text_); }

private:
    std::string text_;
};

std::string time_taken(milliseconds how_long) {
    return how_long == milliseconds::max() ? "never" : format_duration(how_long);
}

std::uint64_t exceeded(const world& year) {
    std::uint64_t sum = 0;
    for (const sim_ca* ca : {&year.first_ca(), &year.second_ca()}) {
        for (const auto& [limit, number] : ca->counts().exceeded) {
            sum += number;
        }
    }
    return sum;
}

void show_ca(table& out, std::string_view name, const sim_ca& ca) {
    const ca_counts& counts = ca.counts();
    out.row(fmt::format("CA {}: orders, certificates", name), "{} accepted, {} issued; {} requests",
            counts.orders, counts.issued, counts.requests);
    out.row("  exempt by the limits",
            "{} in the CA's window, {} renewals of the same names; {} counted in full", counts.exempt,
            counts.renewals, counts.fresh);
    out.row("  at most in one second", "{} orders, {} requests", counts.most_orders_a_second,
            counts.most_requests_a_second);
    for (const auto& [limit, number] : counts.exceeded) {
        out.row("  LIMIT EXCEEDED", "{}: {} times", limit, number);
    }
}

/// The worst of the certificates whose names did not resolve, at one CA.
unsigned most_failures(const world& year) {
    unsigned most = 0;
    for (const auto& broken : year.who().broken) {
        for (const sim_ca* ca : {&year.first_ca(), &year.second_ca()}) {
            most = std::max(most, most_failures_in_90_days(ca->failures_of(broken.certificate)));
        }
    }
    return most;
}

} // namespace

bool report::passed() const {
    return std::ranges::all_of(checks, &check::passed);
}

report report_year(const world& year) {
    report made;
    table out;
    const auto holds = [&](bool passed, std::string what) {
        made.checks.push_back({std::move(what), passed});
    };

    show_ca(out, "first", year.first_ca());
    show_ca(out, "second", year.second_ca());
    const ca_counts& first = year.first_ca().counts();
    const std::uint64_t replacing = first.exempt + first.window_missed;
    if (replacing > 0) {
        out.row("renewals inside the CA's window", "{:.1f} % of {}; {} windows told",
                100.0 * static_cast<double>(first.exempt) / static_cast<double>(replacing), replacing,
                first.windows_told);
    }

    const auto& expired = year.lives().expired();
    for (std::size_t i = 0; i < std::min<std::size_t>(expired.size(), 5); ++i) {
        out.row("  EXPIRED", "{} on {}, replaced {}", certificate_name(expired[i].certificate),
                format_time(expired[i].expired), format_time(expired[i].replaced));
    }
    holds(expired.empty(), fmt::format("expired: {} ({} more whose names did not resolve)", expired.size(),
                                       year.lives().expired_with_reason().size()));
    holds(exceeded(year) == 0, fmt::format("limits exceeded: {}", exceeded(year)));

    const order_fates fates =
        trace_orders({&year.first_ca(), &year.second_ca()}, year.files().shelves(), year.deaths());
    out.row("orders", "{} finished, {} ended by the CA, {} under way at the end", fates.finished,
            fates.ended_by_ca, fates.under_way);
    if (fates.refused > 0) {
        out.row("  refused", "{}: the clock was so wrong that the certificate did not seem valid",
                fates.refused);
    }
    out.row("  not known to the daemon", "{} by crashes, {} whose answer was lost or not recorded",
            fates.crashed, fates.never_heard);
    if (fates.left > 0) {
        out.row("  left for another CA", "{}, before a certificate was asked for", fates.left);
    }
    for (const std::string& example : fates.examples) {
        out.row("  LOST", "{}", example);
    }
    holds(fates.lost == 0, fmt::format("lost orders: {}", fates.lost));
    holds(fates.most_by_crash <= 1,
          fmt::format("orders lost by one crash at one account: at most {}", fates.most_by_crash));

    const load busy = measure_load({&year.first_ca(), &year.second_ca()}, year.plan().disturbed(),
                                   year.start(), year.end());
    const double ratio = busy.mean > 0 ? busy.most / busy.mean : 0;
    out.row(fmt::format("orders in {} h outside of faults", busy.hours),
            "mean {:.0f}, most {:.0f} ({}), {:.0f} in faults", busy.mean, busy.most,
            format_time(busy.most_at), busy.most_in_faults);
    holds(ratio <= most_load_allowed, fmt::format("load: at most {:.2f} times its mean in {} windows of {} h",
                                                  ratio, busy.windows, busy.hours));

    for (const recovery& one : year.lives().recoveries()) {
        out.row(one.what, "{}: half after {}, 99 % after {}, all after {}", one.took.size() + one.waiting,
                time_taken(one.until(50)), time_taken(one.until(99)), time_taken(one.until(100)));
        holds(one.waiting == 0, fmt::format("{}: {} left without a new certificate", one.what, one.waiting));
    }
    if (!year.who().broken.empty()) {
        const unsigned most = most_failures(year);
        holds(most <= most_failures_allowed,
              fmt::format("failed proofs of a name in 90 days at one CA: at most {}", most));
    }
    holds(year.files().garbled_records() == 0,
          fmt::format("records garbled by JSON: {} of {}", year.files().garbled_records(),
                      year.files().records_through_json()));
    if (!year.files().garbled_example().empty()) {
        out.line(year.files().garbled_example());
    }
    const auto events = year.events().counts();
    const auto mistakes = events.contains("internal.exception") ? events.at("internal.exception") : 0;
    holds(mistakes == 0, fmt::format("exceptions inside the engine: {}", mistakes));

    out.row("deployments", "{}, and {} refused", year.servers().deployed, year.servers().refused);
    out.row("records written", "{}", year.files().saves());
    out.row("daemon", "{} starts, {} of them after a crash", year.files().life, year.deaths().size());
    if (year.settings().show_events) {
        for (const std::string& fault : year.plan().lines()) {
            out.row("fault", "{}", fault);
        }
        for (const auto& [id, number] : events) {
            out.row(fmt::format("event {}", id), "{}", number);
        }
    }
    made.table = std::move(out).text();
    return made;
}

report report_onboarding(const world& year) {
    constexpr std::uint64_t at_once = 300;
    constexpr double slower_allowed = 0.02;
    report made;
    table out;
    const std::size_t wanted = year.who().certificates.size();
    const std::size_t live = year.lives().first_time_live();
    const milliseconds took = year.lives().last_first_live() - year.start();
    const milliseconds least = seconds(36) * (wanted > at_once ? wanted - at_once : 0);
    show_ca(out, "first", year.first_ca());
    out.row("onboarded", "{} of {} certificates in {}", live, wanted, format_duration(took));
    out.row("the CA's limits allow it in", "{}", format_duration(least));
    const double ratio =
        least.count() > 0 ? static_cast<double>(took.count()) / static_cast<double>(least.count()) : 1.0;
    made.checks.push_back({fmt::format("onboarded: {} of {}", live, wanted), live == wanted});
    made.checks.push_back({fmt::format("limits exceeded: {}", exceeded(year)), exceeded(year) == 0});
    made.checks.push_back({fmt::format("time: {:.2f} % above what the limits allow", 100 * (ratio - 1)),
                           least.count() == 0 || ratio <= 1 + slower_allowed});
    if (year.settings().show_events) {
        for (const auto& [id, number] : year.events().counts()) {
            out.row(fmt::format("event {}", id), "{}", number);
        }
    }
    made.table = std::move(out).text();
    return made;
}

} // namespace evercert::simulation
