#include "core/lifecycle/ordering.hpp"

#include "core/crypto/csr.hpp"
#include "core/crypto/digest.hpp"
#include "core/lifecycle/inspection.hpp"

#include <fmt/format.h>

namespace evercert::lifecycle {
namespace {

using acme::failure;
using acme::step;

machine_event failed(issuer_session& session, const failure& what) {
    verdict judged = classify(what);
    std::string text = explain(what, judged);
    session.note_failure(judged, text);
    const bool lost = acme::order_lost(what) || judged.fresh_key; // an order is bound to its key
    return order_failed{std::move(judged), std::move(text), lost};
}

/// A failure on our own side, before or after the CA's part.
machine_event failed_here(step where, error cause, bool order_lost = false) {
    const failure what(where, std::move(cause));
    verdict judged = classify(what);
    judged.whole_issuer = false;
    return order_failed{judged, explain(what, judged), order_lost};
}

struct prepared {
    crypto::key key;
    bool resumes; ///< the recorded order was made for this key
};

/// The pending key of the order under way if it still is for these names at this issuer, else a fresh one,
/// made durable.
result<prepared> prepare_key(const machine_state& state, storage::repository& files, bool may_resume) {
    const storage::job_record& job = state.job;
    const std::string& name = state.wanted.name;
    if (may_resume && !job.order_key.empty() && job.order_issuer == state.wanted.issuer &&
        job.order_names == names_key(state.wanted.names)) {
        auto pending = files.load_pending_key(name);
        if (pending && *pending && (*pending)->type() == state.wanted.key &&
            crypto::hex((*pending)->public_digest()) == job.order_key) {
            return prepared{std::move(**pending), !job.order_url.empty()};
        }
    }
    auto fresh = crypto::key::generate(state.wanted.key);
    if (!fresh) {
        return fail(fresh.error());
    }
    if (auto saved = files.save_pending_key(name, *fresh); !saved) {
        return fail(saved.error().within("the new key could not be stored"));
    }
    return prepared{std::move(*fresh), false};
}

/// Parses and checks what the CA returned and writes it aside as the next version.
result<version_facts> store_chain(const std::string& chain_pem, const crypto::key& key,
                                  const machine_state& state, wall_time now, storage::repository& files) {
    auto chain = crypto::parse_pem_chain(chain_pem);
    if (!chain) {
        return fail(chain.error());
    }
    const crypto::chain_expectation expected{
        .public_digest = key.public_digest(), .names = state.wanted.names, .now = now};
    auto checked = crypto::check_chain(std::move(*chain), expected);
    if (!checked) {
        return fail(checked.error());
    }
    auto version = files.stage(state.wanted.name, *checked, key);
    if (!version) {
        return fail(version.error());
    }
    version_facts facts = facts_of(*version, key.type());
    facts.just_staged = true;
    return facts;
}

/// One conversation, with the recorded order if `may_resume` and there is one, else with a fresh key and a
/// new order.
struct attempt {
    bool resumed = false;
    acme::outcome<acme::issued> answer;
    std::optional<crypto::key> key;
    std::optional<machine_event> broken; ///< failed on our own side before the CA's part
};

awaitable<attempt> converse(const machine_state& state, issuer_session& session, acme::client& client,
                            solver* answers, const engine_parts& parts, const teller& tell, bool may_resume) {
    attempt made;
    auto prepare = [&state, &parts, may_resume] { return prepare_key(state, parts.repository, may_resume); };
    auto ready = co_await parts.workers.run(prepare);
    if (!ready) {
        made.broken = failed_here(step::new_order, ready.error());
        co_return made;
    }
    made.key = ready->key;
    made.resumed = ready->resumes;
    if (!made.resumed) {
        machine_event begun = order_begun{crypto::hex(made.key->public_digest())};
        if (auto told = co_await tell(std::move(begun)); !told) {
            made.broken =
                failed_here(step::new_order, told.error().within("the order's key could not be recorded"));
            co_return made;
        }
    }
    auto csr = crypto::make_csr(*made.key, state.wanted.names);
    if (!csr) {
        made.broken = failed_here(step::finalize, csr.error());
        co_return made;
    }
    acme::issuance request;
    request.certificate = state.wanted.name;
    request.names = state.wanted.names;
    request.csr = std::move(*csr);
    request.order_url = made.resumed ? state.job.order_url : std::string();
    request.preferred_chain = session.settings().preferred_chain;
    request.answers = answers;
    request.on_order = [&tell](std::string url) -> awaitable<result<void>> {
        machine_event accepted = order_accepted{std::move(url)};
        return tell(std::move(accepted));
    };
    made.answer = co_await client.issue(std::move(request));
    co_return made;
}

} // namespace

awaitable<machine_event> perform_order(const machine_state& state, issuer_session& session, solver* answers,
                                       const engine_parts& parts, teller tell) {
    auto client = co_await session.ready();
    if (!client) {
        co_return failed(session, client.error());
    }
    attempt made = co_await converse(state, session, **client, answers, parts, tell, true);
    if (!made.broken && made.resumed && !made.answer && acme::order_lost(made.answer.error())) {
        // An order from before a restart that the CA has forgotten or let expire says nothing about the
        // names: start anew.
        event gone{.id = "cert.order_gone",
                   .level = severity::info,
                   .certificate = state.wanted.name,
                   .message = "the recorded order is of no use any more, a new one is made: " +
                              made.answer.error().cause.text(),
                   .fields = {}};
        parts.events.emit(gone);
        made = co_await converse(state, session, **client, answers, parts, tell, false);
    }
    if (made.broken) {
        co_return std::move(*made.broken);
    }
    if (!made.answer) {
        co_return failed(session, made.answer.error());
    }
    session.note_success();
    const wall_time now = parts.time.now();
    auto keep = [&made, &state, now, &parts] {
        return store_chain(made.answer->chain_pem, *made.key, state, now, parts.repository);
    };
    auto version = co_await parts.workers.run(keep);
    if (!version) {
        // A chain that is not what was asked for will not become so by asking for it again.
        const errc code = version.error().code;
        const bool wrong = code == errc::refused || code == errc::parse || code == errc::corrupted;
        const char* const context =
            wrong ? "what the CA returned is refused" : "the certificate could not be stored";
        co_return failed_here(step::certificate, version.error().within(context), wrong);
    }
    co_return issued{std::move(*version)};
}

} // namespace evercert::lifecycle
