// What would make a proof fail, looked for before the CA is asked, and when a person asks.
#include "core/base/text.hpp"
#include "core/lifecycle/engine_impl.hpp"
#include "core/lifecycle/machine_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace evercert::lifecycle {
namespace {

/// Of one look, in the log: a certificate has up to 100 names.
constexpr std::size_t most_told = 20;

/// A look costs time and questions, so it is had where something may be wrong: names that were never
/// certified as they are now, and after a failure. Not where an order stands: what it needs is proven, or its
/// answers are out.
bool worth_a_look(const machine_state& state, const std::string& issuer) {
    for (const storage::order_record& order : state.job.orders) {
        if (order.issuer == issuer && !order.url.empty() && lists_names(order.names, state.wanted->names)) {
            return false;
        }
    }
    const version_facts* subject = subject_of(state);
    return subject == nullptr || !lists_names(subject->names, state.wanted->names) ||
           state.job.latest_trouble() != nullptr;
}

bool hinders(const finding& found) {
    return found.weight == finding_weight::trouble;
}

std::string words_of(const finding& found) {
    return fmt::format("{}{}{}: {}", found.name, found.name.empty() ? "" : ": ", found.looked_at, found.seen);
}

/// As if the CA had refused, but nothing was asked of it.
order_failed refusal_of(const std::vector<finding>& findings, const managed_certificate& wanted,
                        const std::string& issuer) {
    const auto first = std::ranges::find_if(findings, hinders);
    const auto others = std::ranges::count_if(findings, hinders) - 1;
    order_failed outcome;
    outcome.issuer = issuer;
    outcome.key = wanted.policy->keys.front();
    outcome.judged.kind = problem_class::later;
    outcome.judged.mend = fmt::format(
        "{}; 'evercert diagnose {}' looks again and shows all that is found; it is tried again by "
        "itself, and with 'preflight: warn' the CA is asked all the same",
        first->change, wanted.name);
    std::string text = "the CA was not asked, as it would refuse: " + words_of(*first);
    if (others > 0) {
        text += fmt::format(" (and {} more)", others);
    }
    const acme::failure what(acme::step::new_order, error(errc::refused, std::move(text)));
    outcome.text = explain(what, outcome.judged);
    return outcome;
}

} // namespace

/// The failure that stands in for an order which the policy does not let happen; none if it may.
awaitable<std::optional<machine_event>> engine_impl::look_ahead(entry_ptr who, std::string issuer_name) {
    std::optional<machine_event> end;
    const certificate_ptr wanted = who->wanted;
    if (!parts_.look_ahead || wanted->policy->preflight == preflight_mode::off ||
        !worth_a_look(who->awake->machine, issuer_name)) {
        co_return end;
    }
    auto facts = co_await facts_of(issuer_name);
    if (!facts.trouble.empty()) {
        co_return end; // an order tells it better
    }
    const std::vector<finding> findings = co_await examine_names(wanted, std::move(facts), false);
    if (std::ranges::none_of(findings, hinders)) {
        co_return end;
    }
    tell_findings(*who, findings);
    if (wanted->policy->preflight == preflight_mode::enforce) {
        end = refusal_of(findings, *wanted, issuer_name);
    }
    co_return end;
}

awaitable<std::vector<finding>> engine_impl::examine_names(certificate_ptr wanted, issuer_facts facts,
                                                           bool with_records) {
    const auto settings = issuers_.find(facts.issuer);
    preflight_request request(wanted->names, solvers_of(wanted),
                              settings != issuers_.end() ? settings->second : issuer(), std::move(facts));
    request.with_records = with_records;
    co_return co_await parts_.look_ahead(std::move(request));
}

void engine_impl::tell_findings(const entry& who, const std::vector<finding>& findings) {
    std::size_t told = 0;
    for (const finding& found : findings) {
        if (hinders(found) && told++ < most_told) {
            emit("preflight.trouble", severity::warning, who,
                 fmt::format("{}: {}", words_of(found), found.change),
                 {{"check", found.check}, {"name", found.name}});
        }
    }
    if (told > most_told) {
        emit("preflight.trouble", severity::warning, who,
             fmt::format("and {} more; 'evercert diagnose {}' shows them", told - most_told, who.name()));
    }
}

awaitable<result<diagnosis>> engine_impl::diagnose(std::string certificate) {
    const entry_ptr who = find(certificate);
    if (!who) {
        co_return fail(no_such_certificate(certificate));
    }
    if (!parts_.look_ahead) {
        co_return fail(errc::unsupported, "nothing can be looked at here");
    }
    const certificate_ptr wanted = who->wanted;
    diagnosis made;
    made.certificate = wanted->name;
    made.issuer = wanted->policy->issuers.front();
    auto facts = co_await facts_of(made.issuer);
    std::optional<finding> silent;
    if (!facts.trouble.empty()) {
        silent = finding{.check = "issuer",
                         .weight = finding_weight::trouble,
                         .name = {},
                         .looked_at = fmt::format("issuer {} and our account there", made.issuer),
                         .seen = facts.trouble,
                         .change = fmt::format("see 'evercert account show {}'; what depends on the account "
                                               "(CAA records, records that stand) is not judged below",
                                               made.issuer)};
    }
    made.findings = co_await examine_names(wanted, std::move(facts), true);
    if (silent) {
        made.findings.insert(made.findings.begin(), std::move(*silent));
    }
    co_return made;
}

} // namespace evercert::lifecycle
