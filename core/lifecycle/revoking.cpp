#include "core/lifecycle/revoking.hpp"

namespace evercert::lifecycle {

awaitable<result<void>> perform_revocation(const machine_state& state, issuer_session& session,
                                           std::optional<int> reason, const engine_parts& parts) {
    const std::string name = state.wanted.name;
    const unsigned number = state.live->number;
    auto load = [&parts, &name, number] { return parts.repository.load(name, number); };
    auto version = co_await parts.workers.run(load);
    if (!version) {
        co_return fail(version.error());
    }
    const std::string der = version->leaf().der();
    auto told = [&session](const acme::failure& what) {
        const verdict judged = classify(what);
        session.note_failure(judged, explain(what, judged));
        return fail(what.cause.code, explain(what, judged));
    };
    auto client = co_await session.ready();
    if (!client) {
        co_return told(client.error());
    }
    auto done = co_await (*client)->revoke(der, reason, std::nullopt);
    if (done) {
        co_return result<void>{};
    }
    if (!done.error().said || !done.error().said->is("unauthorized")) {
        co_return told(done.error());
    }
    auto read_key = [&parts, &name, number] { return parts.repository.load_key(name, number); };
    auto key = co_await parts.workers.run(read_key);
    if (!key) {
        co_return told(done.error());
    }
    std::optional<crypto::key> certificate_key(std::move(*key));
    auto by_key = co_await (*client)->revoke(der, reason, std::move(certificate_key));
    if (!by_key) {
        co_return told(by_key.error());
    }
    co_return result<void>{};
}

} // namespace evercert::lifecycle
