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
result<prepared> prepare_key(const machine_state& state, storage::repository& files) {
    const storage::job_record& job = state.job;
    const std::string& name = state.wanted.name;
    if (!job.order_key.empty() && job.order_issuer == state.wanted.issuer &&
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
    return facts_of(*version, key.type());
}

} // namespace

awaitable<machine_event> perform_order(const machine_state& state, issuer_session& session, solver* answers,
                                       const engine_parts& parts, teller tell) {
    auto client = co_await session.ready();
    if (!client) {
        co_return failed(session, client.error());
    }
    auto prepare = [&state, &parts] { return prepare_key(state, parts.repository); };
    auto key = co_await parts.workers.run(prepare);
    if (!key) {
        co_return failed_here(step::new_order, key.error());
    }
    machine_event begun = order_begun{crypto::hex(key->key.public_digest())};
    if (!key->resumes) {
        if (auto told = co_await tell(std::move(begun)); !told) {
            co_return failed_here(step::new_order,
                                  told.error().within("the order's key could not be recorded"));
        }
    }
    auto csr = crypto::make_csr(key->key, state.wanted.names);
    if (!csr) {
        co_return failed_here(step::finalize, csr.error());
    }
    acme::issuance request;
    request.certificate = state.wanted.name;
    request.names = state.wanted.names;
    request.csr = std::move(*csr);
    request.order_url = key->resumes ? state.job.order_url : std::string();
    request.preferred_chain = session.settings().preferred_chain;
    request.answers = answers;
    request.on_order = [&tell](std::string url) -> awaitable<result<void>> {
        machine_event accepted = order_accepted{std::move(url)};
        return tell(std::move(accepted));
    };
    auto answer = co_await (*client)->issue(std::move(request));
    if (!answer) {
        co_return failed(session, answer.error());
    }
    session.note_success();
    const wall_time now = parts.time.now();
    auto keep = [&answer, &key, &state, now, &parts] {
        return store_chain(answer->chain_pem, key->key, state, now, parts.repository);
    };
    auto version = co_await parts.workers.run(keep);
    if (!version) {
        // A chain that is not what was asked for will not become so by asking for it again.
        const errc code = version.error().code;
        const bool wrong = code == errc::refused || code == errc::parse || code == errc::corrupted;
        co_return failed_here(step::certificate,
                              version.error().within(wrong ? "what the CA returned is refused"
                                                           : "the "
                                                             "certificate could not be stored"),
                              wrong);
    }
    co_return issued{std::move(*version)};
}

} // namespace evercert::lifecycle
