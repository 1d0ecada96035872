#include "core/lifecycle/ordering.hpp"

#include "core/acme/renewal_id.hpp"
#include "core/lifecycle/machine_events.hpp"
#include "core/lifecycle/renewal.hpp"
#include "core/lifecycle/spent_orders.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace evercert::lifecycle {
namespace {

using acme::failure;
using acme::step;

/// Of a published limit, and a day.
constexpr milliseconds longest_window = std::chrono::days(8);
/// An order whose certificate is not valid by our clock is kept for so long.
constexpr milliseconds longest_out_of_time = std::chrono::hours(2);

/// Of an order that is not lost: whether time alone may bring its certificate. The CA still works on it, or
/// has been asked for it and its answer was lost, or is too busy to hand it out. Then the certificate may
/// exist, and another order would be one too many.
bool may_yet_come(const failure& what, bool waited) {
    if (waited && what.where == step::order && what.http_status == 0) {
        return true; // what was known of an order that waits is not lost with one answer
    }
    if (!what.finalized) {
        return false;
    }
    const bool no_answer =
        what.http_status == 0 && (what.cause.code == errc::timed_out || what.cause.code == errc::network);
    const bool busy = what.http_status == 429 || what.http_status >= 500;
    switch (what.where) {
    case step::finalize:
        return no_answer;
    case step::order:
    case step::certificate:
        return no_answer || busy;
    default:
        return false;
    }
}

/// Whether the CA has lost its memory: nothing is wrong with the certificate, and the order is gone with the
/// account. `remade`: meanwhile another certificate has had the account made anew.
bool is_forgotten(const failure& what, bool remade) {
    const bool answered = what.cause.code != errc::timed_out && what.cause.code != errc::network;
    return acme::account_unknown(what) || (remade && answered);
}

/// The conversation about one certificate at one issuer; the machine's state moves on beneath it.
class conversation {
public:
    conversation(const machine_state& state, issuer_session& session, solver_choice answers,
                 const engine_parts& parts, order_hooks hooks)
        : state_(state)
        , session_(session)
        , answers_(std::move(answers))
        , parts_(parts)
        , hooks_(std::move(hooks)) {}

    awaitable<machine_event> go();

private:
    /// A chain, or the event that ends the conversation.
    struct step_result {
        std::optional<issued_chain> chain;
        std::optional<machine_event> end;
    };
    awaitable<step_result> obtain(acme::client& client, key_type key, unsigned keys_to_go);
    awaitable<acme::outcome<acme::issued>> converse(acme::client& client, key_type key, prepared_key prepared,
                                                    std::string order_url);
    awaitable<std::optional<machine_event>> begin(key_type key, std::string key_digest, unsigned keys_to_go);
    [[nodiscard]] order_accepted note_accepted(key_type key, acme::accepted_order order);
    awaitable<machine_event> keep(std::vector<issued_chain> chains);

    [[nodiscard]] std::optional<storage::order_record> resumable(key_type key) const;
    [[nodiscard]] key_request key_for(key_type key, const std::optional<storage::order_record>& order) const;
    [[nodiscard]] std::string profile() const;
    [[nodiscard]] bool waits() const;
    machine_event failed(key_type key, const failure& what);
    [[nodiscard]] machine_event failed_here(key_type key, step where, error cause,
                                            bool order_lost = false) const;

    const machine_state& state_;
    issuer_session& session_;
    solver_choice answers_;
    const engine_parts& parts_;
    order_hooks hooks_;
    bool begun_again_ = false; ///< once is enough for a run
};

/// Whether the CA was still working on the order when it was last looked at.
bool conversation::waits() const {
    const storage::issuer_trouble* trouble = state_.job.trouble_at(session_.settings().name);
    return trouble != nullptr && trouble->problem_class == slow_class;
}

std::string conversation::profile() const {
    const std::string& own = state_.wanted->policy->profile;
    return own.empty() ? session_.settings().profile : own;
}

machine_event conversation::failed(key_type key, const failure& what) {
    order_failed outcome;
    outcome.issuer = session_.settings().name;
    outcome.key = key;
    outcome.judged = classify(what);
    outcome.text = explain(what, outcome.judged);
    // An order is bound to its key.
    outcome.order_lost = acme::order_lost(what) || outcome.judged.fresh_key;
    outcome.unissued =
        what.where == step::new_order || (outcome.order_lost && what.where != step::certificate);
    outcome.slow = !outcome.order_lost && may_yet_come(what, waits());
    if (what.name && what.said && (what.where == step::challenge || what.where == step::authorization)) {
        outcome.failed_validation = what.name->value;
    }
    outcome.limited =
        what.where == step::new_order && what.said && what.said->is("rateLimited") && !is_pause(what);
    if (outcome.limited && what.retry_after) {
        outcome.limited_until = parts_.time.now() + *what.retry_after;
    }
    session_.note_failure(outcome.judged, outcome.text);
    if (const auto pause = outcome.judged.whole_issuer ? session_.paused() : std::nullopt) {
        // So that its record tells of the pause after a restart.
        outcome.issuer_rests_until =
            parts_.time.now() + std::chrono::ceil<milliseconds>(pause->until - parts_.time.steady_now());
    }
    return outcome;
}

/// A failure on our own side, before or after the CA's part.
machine_event conversation::failed_here(key_type key, step where, error cause, bool order_lost) const {
    const failure what(where, std::move(cause));
    order_failed outcome;
    outcome.issuer = session_.settings().name;
    outcome.key = key;
    outcome.judged = classify(what);
    outcome.judged.whole_issuer = false;
    outcome.text = explain(what, outcome.judged);
    outcome.order_lost = order_lost;
    return outcome;
}

/// The recorded order, if it still is for what is wanted.
std::optional<storage::order_record> conversation::resumable(key_type key) const {
    for (const storage::order_record& order : state_.job.orders) {
        if (order.key == key && order.issuer == session_.settings().name && order.profile == profile() &&
            lists_names(order.names, state_.wanted->names)) {
            return order;
        }
    }
    return std::nullopt;
}

key_request conversation::key_for(key_type key, const std::optional<storage::order_record>& order) const {
    key_request wanted;
    wanted.certificate = state_.wanted->name;
    wanted.names = state_.wanted->names;
    wanted.type = key;
    wanted.recorded = order ? order->key_digest : std::string();
    const version_facts* subject = subject_of(state_);
    wanted.reuse = state_.wanted->policy->reuse_key && subject != nullptr ? subject->number : 0;
    wanted.barred = state_.job.barred_keys;
    return wanted;
}

/// Takes a new order from the issuer's limits and makes its record durable; the event that ends the
/// conversation if there is no disk, or no room for it and those of the other keys to go: the certificate of
/// one key type would have to wait for that of the other, perhaps longer than there is time.
awaitable<std::optional<machine_event>> conversation::begin(key_type key, std::string key_digest,
                                                            unsigned keys_to_go) {
    const wall_time now = parts_.time.now();
    order_claim claim;
    claim.names = state_.wanted->names;
    claim.kind = kind_of_order(state_, session_.settings().name, key, now);
    claim.orders = keys_to_go;
    if (const auto limit = session_.ledger().earliest(claim, now); limit.when > now) {
        issuer_hold hold;
        hold.issuer = session_.settings().name;
        hold.until = limit.when;
        hold.reason = fmt::format("the limits of issuer {} leave no room: {}", hold.issuer, limit.why);
        machine_event wait = held{std::move(hold)};
        co_return wait;
    }
    const version_facts* subject = subject_of(state_);
    order_begun begun;
    begun.order.key = key;
    begun.order.issuer = session_.settings().name;
    begun.order.names = names_key(state_.wanted->names);
    begun.order.key_digest = std::move(key_digest);
    begun.order.profile = profile();
    begun.order.after =
        std::max(subject != nullptr ? subject->number : 0, state_.live ? state_.live->number : 0);
    for (const storage::spent_order_record& spent : state_.job.spent) {
        // Other issuers' are kept while any published limit may count them.
        const bool ours = spent.issuer == session_.settings().name;
        if (ours ? session_.ledger().needed(from_record(spent), now) : spent.when > now - longest_window) {
            begun.still_counted.push_back(spent);
        }
    }
    begun.spent = session_.spend(claim, now);
    begun.order.spent = begun.spent ? begun.spent->when : wall_time();
    machine_event event = std::move(begun);
    auto told = co_await hooks_.tell(std::move(event));
    if (!told) {
        co_return failed_here(key, step::new_order, told.error().within("the order could not be recorded"));
    }
    co_return std::nullopt;
}

awaitable<acme::outcome<acme::issued>> conversation::converse(acme::client& client, key_type key,
                                                              prepared_key prepared, std::string order_url) {
    acme::issuance request;
    request.certificate = state_.wanted->name;
    request.names = state_.wanted->names;
    request.csr = std::move(prepared.csr);
    request.order_url = std::move(order_url);
    request.preferred_chain = session_.settings().preferred_chain;
    request.profile = profile();
    if (const leaf_facts* leaf = replaced_leaf(state_, session_.settings().name, key);
        leaf != nullptr && session_.settings().renewal_info) {
        request.replaces = acme::renewal_id(leaf->authority_id, leaf->serial);
    }
    if (!request.order_url.empty() && waits()) {
        request.processing_patience = milliseconds(0); // one look: its place is for others
    }
    request.answers = answers_;
    request.on_order = [this, key](acme::accepted_order order) -> awaitable<result<void>> {
        machine_event accepted = note_accepted(key, std::move(order));
        return hooks_.tell(std::move(accepted));
    };
    co_return co_await client.issue(std::move(request));
}

/// The CA's own renewals take nothing from its limits; one that it has not accepted as such does.
order_accepted conversation::note_accepted(key_type key, acme::accepted_order order) {
    const wall_time now = parts_.time.now();
    order_accepted accepted{key, std::move(order.url)};
    order_claim claim;
    claim.names = state_.wanted->names;
    claim.kind = kind_of_order(state_, session_.settings().name, key, now);
    if (claim.kind == order_kind::ari && !order.replaces) {
        claim.kind = lists_names(subject_of(state_)->names, state_.wanted->names) ? order_kind::same_set
                                                                                  : order_kind::fresh;
        accepted.spent = session_.spend(claim, now);
    }
    return accepted;
}

awaitable<conversation::step_result> conversation::obtain(acme::client& client, key_type key,
                                                          unsigned keys_to_go) {
    step_result made;
    bool may_resume = true;
    std::string begun; ///< key of the order that has been, if the CA never took it
    for (;;) {
        auto order = may_resume ? resumable(key) : std::nullopt;
        auto prepare = [this, wanted = key_for(key, order)] { return parts_.files.prepare_key(wanted); };
        auto prepared = co_await parts_.workers.run(std::move(prepare));
        if (!prepared) {
            made.end = failed_here(key, step::new_order, prepared.error());
            co_return made;
        }
        const bool resumes = order && order->key_digest == prepared->digest && !order->url.empty();
        if (!resumes && prepared->digest != begun) {
            made.end = co_await begin(key, prepared->digest, keys_to_go);
            if (made.end) {
                co_return made;
            }
        }
        const std::string digest = prepared->digest;
        std::string url =
            resumes ? order->url : std::string(); // named: g++ 12 evaluates both arms in an await
        const unsigned made_before = session_.times_made_anew();
        auto answer = co_await converse(client, key, std::move(*prepared), std::move(url));
        if (answer) {
            made.chain = issued_chain{key, digest, std::move(answer->chain_pem)};
            co_return made;
        }
        const bool remade = session_.times_made_anew() != made_before;
        if (is_forgotten(answer.error(), remade) && !std::exchange(begun_again_, true)) {
            if (auto renewed = co_await session_.ready(); !renewed) {
                made.end = failed(key, renewed.error());
                co_return made;
            }
            const auto known = resumable(key);
            may_resume = known && known->url.empty();
            begun = may_resume ? known->key_digest : std::string();
            continue;
        }
        if (!resumes || !acme::order_lost(answer.error())) {
            made.end = failed(key, answer.error());
            co_return made;
        }
        // An order from before a restart that the CA has forgotten or let expire says nothing about the
        // names.
        const event gone{.id = "cert.order_gone",
                         .level = severity::info,
                         .certificate = state_.wanted->name,
                         .message = "the recorded order is of no use any more, a new one is made: " +
                                    answer.error().cause.text(),
                         .fields = {}};
        parts_.events.emit(gone);
        may_resume = false;
    }
}

awaitable<machine_event> conversation::keep(std::vector<issued_chain> chains) {
    const wall_time now = parts_.time.now();
    auto store = [this, &chains, now] {
        return parts_.files.keep(state_.wanted->name, state_.wanted->names, chains, now,
                                 !state_.wanted->policy->has_deployments());
    };
    auto version = co_await parts_.workers.run(store);
    if (!version) {
        // A chain that is not what was asked for will not become so by asking for it again.
        const errc code = version.error().code;
        const bool wrong = code == errc::refused || code == errc::parse || code == errc::corrupted;
        // Dates that do not fit: more likely than the CA's clock ours is wrong, and may be right soon.
        const bool out_of_time = code == errc::out_of_time;
        const auto* trouble = state_.job.latest_trouble();
        const bool hopeless =
            out_of_time && trouble != nullptr && now - trouble->first_failure > longest_out_of_time;
        const char* const context =
            wrong || out_of_time ? "what the CA returned is refused" : "the certificate could not be stored";
        machine_event refused = failed_here(chains.front().key, step::certificate,
                                            version.error().within(context), wrong || hopeless);
        std::get<order_failed>(refused).slow = out_of_time && !hopeless;
        co_return refused;
    }
    issued done;
    done.version = std::move(version->facts);
    done.live = version->live;
    done.issuer = session_.settings().name;
    done.profile = state_.wanted->policy->profile;
    co_return done;
}

awaitable<machine_event> conversation::go() {
    const std::vector<key_type>& keys = state_.wanted->policy->keys;
    auto client = co_await session_.ready();
    if (!client) {
        co_return failed(keys.front(), client.error());
    }
    if (hooks_.look_ahead) {
        auto hindered = co_await hooks_.look_ahead();
        if (hindered) {
            co_return std::move(*hindered);
        }
    }
    std::vector<issued_chain> chains;
    auto to_go = static_cast<unsigned>(keys.size());
    for (const key_type key : keys) {
        auto made = co_await obtain(**client, key, to_go--);
        if (made.end) {
            co_return std::move(*made.end);
        }
        chains.push_back(std::move(*made.chain));
    }
    session_.note_success(state_.wanted->names);
    co_return co_await keep(std::move(chains));
}

} // namespace

awaitable<machine_event> perform_order(const machine_state& state, issuer_session& session,
                                       solver_choice answers, const engine_parts& parts, order_hooks hooks) {
    conversation about(state, session, std::move(answers), parts, std::move(hooks));
    co_return co_await about.go();
}

} // namespace evercert::lifecycle
