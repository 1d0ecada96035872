#include "tests/simulation/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace evercert::simulation {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr std::array all_faults{fault::outage,     fault::storms,   fault::slow,    fault::revocation,
                                fault::jumps,      fault::restarts, fault::crashes, fault::disk,
                                fault::deployment, fault::names,    fault::losses};
/// What goes on after a fault because of it: a queue worked off, retries that were put off.
constexpr milliseconds aftermath = hours(6);
/// A revocation is found out by the CRL, which is looked at twice a day.
constexpr milliseconds until_noticed = hours(13);
constexpr unsigned shortest_eventful = 150;

template <class Number>
result<Number> number(std::string_view option, const std::string& text, Number least, Number most) {
    Number value{};
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc() || end != text.data() + text.size() || value < least || value > most) {
        return fail(errc::invalid_argument,
                    fmt::format("{} takes a number from {} to {}", option, least, most));
    }
    return value;
}

result<std::set<fault>> faults_of(std::string_view text) {
    if (text == "none") {
        return std::set<fault>{};
    }
    if (text == "all") {
        return std::set<fault>(all_faults.begin(), all_faults.end());
    }
    std::set<fault> chosen;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(','));
        const auto found = std::ranges::find(all_faults, word, [](fault one) { return to_string(one); });
        if (found == all_faults.end()) {
            return fail(errc::invalid_argument, fmt::format("there is no fault called {}", word));
        }
        chosen.insert(*found);
        text.remove_prefix(std::min(text.size(), word.size() + 1));
    }
    return chosen;
}

result<void> take(options& into, std::string_view option, const std::string& value) {
    const auto set = [](auto& where, const auto& parsed) -> result<void> {
        if (!parsed) {
            return fail(parsed.error());
        }
        where = *parsed;
        return {};
    };
    if (option == "--certificates") {
        return set(into.certificates, number<unsigned>(option, value, 1, 1'000'000));
    }
    if (option == "--onboard") {
        into.onboarding = true;
        return set(into.certificates, number<unsigned>(option, value, 1, 1'000'000));
    }
    if (option == "--seed") {
        return set(into.seed, number<std::uint64_t>(option, value, 0, UINT64_MAX));
    }
    if (option == "--seeds") {
        return set(into.seeds, number<unsigned>(option, value, 1, 10'000));
    }
    if (option == "--days") {
        return set(into.days, number<unsigned>(option, value, 1, 3650));
    }
    if (option == "--ari") {
        return set(into.ari_share, number<double>(option, value, 0.0, 1.0));
    }
    if (option == "--faults") {
        into.faults_text = value;
        return set(into.faults, faults_of(value));
    }
    if (option == "--trace") {
        into.trace = value;
        return {};
    }
    return fail(errc::invalid_argument, fmt::format("unknown option {}", option));
}

} // namespace

std::string_view to_string(fault what) noexcept {
    switch (what) {
    case fault::outage:
        return "outage";
    case fault::storms:
        return "storms";
    case fault::slow:
        return "slow";
    case fault::revocation:
        return "revocation";
    case fault::jumps:
        return "jumps";
    case fault::restarts:
        return "restarts";
    case fault::crashes:
        return "crashes";
    case fault::disk:
        return "disk";
    case fault::deployment:
        return "deployment";
    case fault::names:
        return "names";
    case fault::losses:
        return "losses";
    }
    return "";
}

result<options> parse_options(const std::vector<std::string>& arguments) {
    options chosen;
    chosen.faults = *faults_of(chosen.faults_text);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--events") {
            chosen.show_events = true;
            continue;
        }
        if (i + 1 == arguments.size()) {
            return fail(errc::invalid_argument, fmt::format("{} needs a value, or is unknown", arguments[i]));
        }
        if (auto taken = take(chosen, arguments[i], arguments[i + 1]); !taken) {
            return fail(taken.error());
        }
        ++i;
    }
    if (chosen.onboarding) {
        chosen.faults.clear();
        chosen.faults_text = "none";
        chosen.ari_share = 0; // one account, so that there is one budget
    }
    std::set<fault> timed = chosen.faults;
    timed.erase(fault::losses);
    if (!timed.empty() && chosen.days < shortest_eventful) {
        return fail(
            errc::invalid_argument,
            fmt::format("faults need at least {} days: give --days or --faults none", shortest_eventful));
    }
    return chosen;
}

std::string replay_command(const options& of) {
    if (of.onboarding) {
        return fmt::format("simulate --onboard {} --seed {}", of.certificates, of.seed);
    }
    return fmt::format("simulate --certificates {} --seed {} --days {} --faults {} --ari {}", of.certificates,
                       of.seed, of.days, of.faults_text, of.ari_share);
}

fault_plan make_plan(const options& of, wall_time start, random_source& random) {
    fault_plan plan;
    // One part of the year for each, in a shuffled order.
    enum part {
        outage,
        storm,
        second_storm,
        slow,
        revocation,
        two_days,
        one_hour,
        far_ahead,
        disk,
        servers,
        parts
    };
    std::array<unsigned, parts> order{};
    for (unsigned i = 0; i < parts; ++i) {
        order[i] = i;
    }
    for (unsigned i = parts - 1; i > 0; --i) {
        std::swap(order[i], order[static_cast<unsigned>(random.between(0, i))]);
    }
    const milliseconds margin = days(15);
    const milliseconds room = (days(of.days) - margin * 2) / parts;
    const auto somewhere = [&](part which, milliseconds long_for) {
        const wall_time from = start + margin + room * order[which] +
                               milliseconds(random.between(0, (room - long_for - aftermath * 2).count()));
        return span{from, from + long_for};
    };
    const auto some_hours = [&](int least, int most) {
        return milliseconds(
            random.between(milliseconds(hours(least)).count(), milliseconds(hours(most)).count()));
    };
    // Every part is drawn, so that leaving a fault out does not move the others.
    const span day = somewhere(outage, hours(24));
    const std::array storms{somewhere(storm, some_hours(3, 8)), somewhere(second_storm, some_hours(3, 8))};
    const span week = somewhere(slow, days(7));
    const span behind_our_back = somewhere(revocation, until_noticed);
    const std::array clocks{wrong_clock{somewhere(two_days, hours(5)), days(2)},
                            wrong_clock{somewhere(one_hour, hours(30)), -hours(1)},
                            wrong_clock{somewhere(far_ahead, minutes(1)), days(400)}};
    const span full = somewhere(disk, hours(1));
    const span refusing = somewhere(servers, some_hours(4, 12));
    const auto moments = [&](std::size_t count) {
        std::vector<wall_time> when;
        for (std::size_t i = 0; i < count; ++i) {
            when.push_back(start + days(2) +
                           milliseconds(random.between(0, milliseconds(days(of.days - 4)).count())));
        }
        std::ranges::sort(when);
        return when;
    };
    const auto restarts = moments(3);
    auto crashes = moments(6);
    // One of them while the CA is slow finds many orders under way.
    crashes.push_back(week.from + some_hours(3, 160));

    if (of.faults.contains(fault::outage)) {
        plan.outages = {day};
    }
    if (of.faults.contains(fault::storms)) {
        plan.storms.assign(storms.begin(), storms.end());
    }
    if (of.faults.contains(fault::slow)) {
        plan.slow_weeks = {week};
    }
    if (of.faults.contains(fault::revocation)) {
        plan.revocations = {behind_our_back.from};
    }
    if (of.faults.contains(fault::jumps)) {
        plan.wrong_clocks.assign(clocks.begin(), clocks.end());
    }
    if (of.faults.contains(fault::disk)) {
        plan.full_disks = {full};
    }
    if (of.faults.contains(fault::deployment)) {
        plan.refusing_servers = {refusing};
    }
    if (of.faults.contains(fault::restarts)) {
        plan.restarts = restarts;
    }
    if (of.faults.contains(fault::crashes)) {
        plan.crashes = crashes;
    }
    return plan;
}

std::vector<std::string> fault_plan::lines() const {
    std::vector<std::string> all;
    const auto add_spans = [&](std::string_view what, const std::vector<span>& spans) {
        for (const span& one : spans) {
            all.push_back(fmt::format("{} from {} to {}", what, format_time(one.from), format_time(one.to)));
        }
    };
    const auto add_moments = [&](std::string_view what, const std::vector<wall_time>& moments) {
        for (const wall_time when : moments) {
            all.push_back(fmt::format("{} at {}", what, format_time(when)));
        }
    };
    add_spans("outage", outages);
    add_spans("429 to everything", storms);
    add_spans("slow CA", slow_weeks);
    add_moments("revocation", revocations);
    for (const wrong_clock& wrong : wrong_clocks) {
        add_spans(fmt::format("wall clock {} ahead", format_duration(wrong.ahead)), {wrong.when});
    }
    add_spans("disk full", full_disks);
    add_spans("servers refuse", refusing_servers);
    add_moments("restart", restarts);
    add_moments("crash", crashes);
    return all;
}

std::vector<span> fault_plan::disturbed() const {
    std::vector<span> all;
    const auto add = [&](span one) { all.push_back({one.from, one.to + aftermath}); };
    for (const auto* spans : {&outages, &storms, &slow_weeks, &full_disks, &refusing_servers}) {
        std::ranges::for_each(*spans, add);
    }
    for (const auto* moments : {&restarts, &crashes}) {
        std::ranges::for_each(*moments, [&](wall_time when) { add({when, when}); });
    }
    std::ranges::for_each(revocations, [&](wall_time when) { add({when, when + until_noticed}); });
    std::ranges::for_each(wrong_clocks, [&](const wrong_clock& wrong) { add(wrong.when); });
    return all;
}

} // namespace evercert::simulation
