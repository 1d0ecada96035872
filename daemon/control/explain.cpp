#include "daemon/control/explain.hpp"

#include "core/base/text.hpp"
#include "core/lifecycle/problem_text.hpp"
#include "daemon/control/table.hpp"
#include "daemon/control/views.hpp"
#include "daemon/log/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace evercert::daemon {
namespace {

using lifecycle::cause;
using lifecycle::certificate_status;
using lifecycle::history_line;
using lifecycle::issuer_state;
using lifecycle::state;

constexpr std::size_t most_recent = 8; // a whole renewal, and what led to it

std::string dated(wall_time when, wall_time now) {
    return fmt::format("{} ({})", format_time(when), relative(when, now));
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// ---- where it is

/// Nothing is known of it but why.
bool is_unreadable(const certificate_status& one) {
    return one.where == state::failing && !one.live && one.failures == 0 && one.deploy_failures == 0 &&
           one.at.empty() && !one.problem.empty();
}

std::string in_use(const certificate_status& one, wall_time now) {
    if (is_unreadable(one)) {
        return "nothing is done before they can be";
    }
    if (!one.live) {
        return "it has no certificate yet";
    }
    if (one.live->revoked) {
        return "the certificate in use has been revoked";
    }
    if (one.live->not_after <= now) {
        return "the certificate in use expired at " + dated(one.live->not_after, now);
    }
    // Whether servers use what is live is just what is not known after a deployment that failed.
    return fmt::format("the {} is good until {}",
                       one.deploy_failures > 0 ? "live certificate" : "certificate in use",
                       dated(one.live->not_after, now));
}

std::string failing_because(const certificate_status& one) {
    if (one.failures > 0) {
        return one.failures == 1 ? "the last try to get a certificate failed"
                                 : fmt::format("the last {} tries to get a certificate failed", one.failures);
    }
    if (one.deploy_failures > 0) {
        return one.deploy_failures == 1
                   ? "its new version could not be deployed"
                   : fmt::format("its new version could not be deployed, {} times in a row",
                                 one.deploy_failures);
    }
    return is_unreadable(one) ? "its files cannot be read" : "it cannot be ordered now";
}

std::string state_sentence(const certificate_status& one, wall_time now) {
    const std::string name = printable(one.name);
    const std::string use = in_use(one, now);
    const bool good = one.live && !one.live->revoked && one.live->not_after > now;
    switch (one.where) {
    case state::starting:
        return fmt::format("{}: its files have not been looked at yet.", name);
    case state::waiting:
        return good
                   ? fmt::format("{} has a good certificate until {}.", name, dated(one.live->not_after, now))
                   : fmt::format("{} is waiting: {}.", name, use);
    case state::queued:
        return fmt::format("{} is due and waits for a free place at its issuer; {}.", name, use);
    case state::ordering:
        return fmt::format("{} is being ordered from {} now; {}.", name, printable(one.issuer), use);
    case state::deploying:
        return fmt::format("A new version of {} is being deployed now; {}.", name, use);
    case state::failing:
        return fmt::format("{} is failing: {}; {}.", name, failing_because(one), use);
    }
    return printable(one.name);
}

// ---- what goes wrong

/// Mends name the commands; here it is known for whom.
std::string addressed(std::string text, const std::string& certificate, const std::string& issuer) {
    const std::pair<std::string_view, const std::string&> names[] = {{" NAME", certificate},
                                                                     {" ISSUER", issuer}};
    for (const auto& [word, name] : names) {
        for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
            text.replace(at + 1, word.size() - 1, name);
        }
    }
    return printable(text);
}

std::string usual_mend(std::string_view problem_class) {
    return problem_class == "daily" || problem_class == "never"
               ? "mend what is said here; it is tried once a day, and at once after 'evercert reload' or "
                 "'evercert "
                 "renew NAME --now'"
               : "see what is said here; it is tried again by itself, at once with 'evercert renew NAME "
                 "--now'";
}

explained_trouble trouble_of(const certificate_status& one, std::string_view text, const std::string& issuer,
                             std::string_view problem_class) {
    lifecycle::problem_parts parts = lifecycle::take_apart(text);
    explained_trouble found;
    found.subject = "ordering at " + printable(issuer);
    found.happened = printable(parts.happened);
    found.mend =
        addressed(parts.mend.empty() ? usual_mend(problem_class) : std::move(parts.mend), one.name, issuer);
    found.links = std::move(parts.links);
    return found;
}

explained_trouble held_back(const certificate_status& one, const issuer_state& at) {
    explained_trouble held = trouble_of(one, at.held_because, at.name, "later");
    held.subject = "held back by " + printable(at.name);
    if (lifecycle::take_apart(at.held_because).mend.empty()) {
        held.mend =
            "nothing: it goes on by itself; with a second CA under 'issuers' it would not have to wait";
    }
    held.until = at.not_before;
    return held;
}

void add_issuer(std::vector<explained_trouble>& all, const certificate_status& one, const issuer_state& at) {
    std::string told;
    if (!at.problem.empty()) {
        explained_trouble failed = trouble_of(one, at.problem, at.name, at.problem_class);
        failed.failures = at.failures;
        failed.last_failure = at.last_failure;
        failed.until = at.not_before;
        told = failed.happened;
        all.push_back(std::move(failed));
    }
    // An issuer that was paused for this very failure needs no second telling.
    if (!at.held_because.empty() && (told.empty() || !contains(printable(at.held_because), told))) {
        all.push_back(held_back(one, at));
    }
}

struct sighting {
    std::string address;
    std::string name;
};

/// Where a handshake has shown another certificate, by the words of daemon/deploy/verification:
/// "...after the reload ADDRESS for NAME serves ..." or "... still serves ...".
std::optional<sighting> wrongly_served(std::string_view text) {
    constexpr std::string_view before = "after the reload ";
    constexpr std::string_view between = " for ";
    const std::size_t from = text.find(before);
    if (from == std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_prefix(from + before.size());
    const std::size_t middle = text.find(between);
    const std::size_t end =
        text.find_first_of(" ;", middle == std::string_view::npos ? 0 : middle + between.size());
    if (middle == std::string_view::npos || end == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view rest = text.substr(end);
    if (!rest.starts_with(" serves a certificate that is not") && !rest.starts_with(" still serves")) {
        return std::nullopt;
    }
    return sighting{std::string(text.substr(0, middle)),
                    std::string(text.substr(middle + between.size(), end - middle - between.size()))};
}

std::string deploy_mend(const certificate_status& one) {
    const std::string_view text = one.deploy_problem;
    if (contains(text, "No space left") || contains(text, "uota exceeded") ||
        contains(text, "disk is full")) {
        return fmt::format(
            "free some space on the disk that holds {} ('df -h' and 'df -i' show it) or raise the quota, "
            "then run 'evercert deploy NAME'",
            one.directory);
    }
    if (contains(text, "the hook")) {
        return fmt::format(
            "run the hook by hand as the user that evercertd runs as, without a terminal and with PATH, "
            "HOME and the EVERCERT_ variables only, and mend what it says; then run 'evercert deploy "
            "NAME'. The certificate itself is good and lies in {}: nothing is ordered again",
            one.directory);
    }
    if (const auto seen = wrongly_served(text)) {
        return fmt::format(
            "make the server take certificate and key for {} from {}, and see that no other server or proxy "
            "answers there ('openssl s_client -connect {} -servername {}' shows what is served); then run "
            "'evercert deploy NAME' (it is tried again by itself, too). Nothing is ordered again",
            seen->name, one.directory, seen->address, seen->name);
    }
    return fmt::format(
        "mend what is said here, then run 'evercert deploy NAME' (it is tried again by itself, too). The "
        "server must read its certificate and key from {}; nothing is ordered again",
        one.directory);
}

void add_deployment(std::vector<explained_trouble>& all, const certificate_status& one,
                    const std::vector<history_line>& history) {
    if (one.deploy_problem.empty()) {
        return;
    }
    lifecycle::problem_parts parts = lifecycle::take_apart(one.deploy_problem);
    explained_trouble failed;
    failed.subject = !one.deploy.empty()    ? "deploying to " + printable(join(one.deploy, ", "))
                     : !one.outputs.empty() ? "writing its outputs"
                                            : "making it live";
    failed.failures = one.deploy_failures;
    failed.happened = printable(parts.happened);
    failed.mend =
        addressed(parts.mend.empty() ? deploy_mend(one) : std::move(parts.mend), one.name, one.issuer);
    failed.links = std::move(parts.links);
    const auto last = std::find_if(history.rbegin(), history.rend(),
                                   [](const auto& line) { return line.event == "cert.deploy_failed"; });
    if (last != history.rend()) {
        failed.last_failure = last->time;
    }
    all.push_back(std::move(failed));
}

void add_crl(std::vector<explained_trouble>& all, const certificate_status& one) {
    if (one.crl_problem.empty()) {
        return;
    }
    explained_trouble blind;
    blind.subject = "watching for a revocation";
    blind.happened = printable(one.crl_problem);
    blind.mend =
        "nothing is wrong with the certificate itself, and it is renewed as planned; but should its CA "
        "revoke it, that may go unnoticed. See whether this machine reaches that address and what comes "
        "from there (with curl, say); the list is asked for again by itself, and if it stays of no use, "
        "its CA has to mend it";
    all.push_back(std::move(blind));
}

void add_records(std::vector<explained_trouble>& all, const certificate_status& one) {
    if (one.record_problem.empty()) {
        return;
    }
    explained_trouble standing;
    standing.subject = "proving by standing DNS records";
    standing.happened = printable(one.record_problem);
    standing.mend =
        fmt::format("publish in the zone what 'evercert dns-record {}' shows: the next renewal needs "
                    "it. The certificate in use is not touched, and the record is looked at again by "
                    "itself, at once by that command",
                    printable(one.name));
    all.push_back(std::move(standing));
}

std::vector<explained_trouble> troubles_of(const certificate_status& one,
                                           const std::vector<history_line>& history) {
    std::vector<explained_trouble> all;
    for (const issuer_state& at : one.at) {
        add_issuer(all, one, at);
    }
    if (all.empty() && !one.problem.empty()) {
        explained_trouble failed = trouble_of(one, one.problem, one.issuer, one.problem_class);
        if (is_unreadable(one)) {
            failed.subject = "reading its files";
            failed.mend =
                "see whether the disk that holds data_dir is well and mounted, and whether evercertd may "
                "read what lies there; it is tried again by itself";
        }
        failed.failures = one.failures;
        failed.last_failure = one.last_failure;
        all.push_back(std::move(failed));
    }
    add_deployment(all, one, history);
    add_crl(all, one);
    add_records(all, one);
    std::ranges::sort(all, [](const explained_trouble& a, const explained_trouble& b) {
        return a.last_failure != b.last_failure ? a.last_failure > b.last_failure : a.subject < b.subject;
    });
    return all;
}

// ---- what comes

std::string_view what_comes(const certificate_status& one) {
    switch (one.next_cause) {
    case cause::first:
        return "the first certificate is ordered";
    case cause::configured:
        return "a new certificate is ordered";
    case cause::revoked:
    case cause::expired:
        return "a replacement is ordered";
    case cause::renewal_info:
    case cause::lifetime:
        return "it is renewed";
    case cause::asked:
        return one.revoking ? "it is revoked at its CA" : "it is renewed";
    case cause::retry:
        return "ordering is tried again";
    case cause::hold:
        return "ordering goes on";
    case cause::deployment:
        return one.deploy_failures > 0 ? "deploying is tried again" : "the stored version is deployed";
    case cause::none:
        break;
    }
    return "the next look";
}

std::string next_sentence(const certificate_status& one, wall_time now) {
    if (one.where == state::starting || one.where == state::queued || one.where == state::ordering ||
        one.where == state::deploying) {
        return fmt::format("it is under way; 'evercert show {}' follows it", printable(one.name));
    }
    if (!one.next_run) {
        return "nothing is planned";
    }
    const std::string when = *one.next_run <= now ? std::string("now") : dated(*one.next_run, now);
    const std::string why = cut(printable(lifecycle::take_apart(one.next_reason).happened), 300);
    return fmt::format("{}: {}{}", when, what_comes(one), why.empty() ? "" : fmt::format(" ({})", why));
}

} // namespace

explanation explain(const certificate_status& one, const std::vector<history_line>& history, wall_time now) {
    explanation told;
    told.name = one.name;
    told.state = state_sentence(one, now);
    if (one.revoking) {
        told.state += " Its revocation was asked for; the CA has not confirmed it yet.";
    }
    told.troubles = troubles_of(one, history);
    told.next = next_sentence(one, now);
    if (one.window) {
        told.links = lifecycle::links_in(one.window->explanation_url);
    }
    const std::size_t shown = std::min(history.size(), most_recent);
    told.recent.assign(history.end() - static_cast<std::ptrdiff_t>(shown), history.end());
    return told;
}

} // namespace evercert::daemon
