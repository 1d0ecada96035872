#pragma once
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/issuer_session.hpp"
#include "core/lifecycle/machine.hpp"

namespace evercert::lifecycle {

/// Revokes the live certificate at the issuer that issued it: with the account key, or, if the CA says that
/// this account may not, with the certificate's own key (RFC 8555 section 7.6). Success when the CA has
/// confirmed or had it revoked already.
awaitable<result<void>> perform_revocation(const machine_state& state, issuer_session& session,
                                           std::optional<int> reason, const engine_parts& parts);

} // namespace evercert::lifecycle
