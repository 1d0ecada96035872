#include "core/lifecycle/revoking.hpp"

namespace evercert::lifecycle {
namespace {

/// The account may have been replaced since, or forgotten by the CA; whoever has the certificate's key may
/// revoke too.
awaitable<acme::outcome<void>> revoke_leaf(acme::client& client, kept_leaf leaf, std::optional<int> reason) {
    std::string der = leaf.der;
    auto by_account = co_await client.revoke(std::move(der), reason, std::nullopt);
    if (by_account) {
        co_return by_account;
    }
    const acme::failure& why = by_account.error();
    if (!acme::account_unknown(why) && (!why.said || !why.said->is("unauthorized"))) {
        co_return by_account;
    }
    std::optional<crypto::key> key(std::move(leaf.key));
    co_return co_await client.revoke(std::move(leaf.der), reason, std::move(key));
}

} // namespace

awaitable<revocation_outcome> perform_revocation(const machine_state& state, issuer_session& session,
                                                 const engine_parts& parts) {
    const storage::revocation_wish wish = *state.job.revoking;
    const std::string name = state.wanted->name;
    revocation_outcome outcome;
    auto load = [&parts, &name, &wish]() -> result<std::vector<std::pair<std::string, kept_leaf>>> {
        std::vector<std::pair<std::string, kept_leaf>> all;
        auto facts = parts.files.leaves(name, wish.version);
        if (!facts) {
            return fail(std::move(facts.error()));
        }
        for (const std::string& fingerprint : *facts) {
            auto leaf = parts.files.load_leaf(name, wish.version, fingerprint);
            if (!leaf) {
                return fail(std::move(leaf.error()));
            }
            all.emplace_back(fingerprint, std::move(*leaf));
        }
        return all;
    };
    auto leaves = co_await parts.workers.run(load);
    if (!leaves) {
        outcome.for_good = leaves.error().code == errc::not_found || leaves.error().code == errc::corrupted;
        outcome.failure = std::move(leaves.error());
        co_return outcome;
    }
    const auto note = [&session, &outcome](const acme::failure& what) {
        const verdict judged = classify(what);
        outcome.failure = error(what.cause.code, explain(what, judged));
        outcome.for_good = judged.kind == problem_class::daily || judged.kind == problem_class::never;
        session.note_failure(judged, outcome.failure->text());
    };
    auto client = co_await session.ready();
    if (!client) {
        note(client.error());
        co_return outcome;
    }
    for (auto& [fingerprint, leaf] : *leaves) {
        auto done = co_await revoke_leaf(**client, std::move(leaf), wish.reason);
        if (!done) {
            note(done.error());
            co_return outcome;
        }
        outcome.revoked.push_back(fingerprint);
    }
    co_return outcome;
}

} // namespace evercert::lifecycle
