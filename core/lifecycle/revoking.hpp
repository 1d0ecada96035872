#pragma once
// Performs action::revoke for one certificate.
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/issuer_session.hpp"
#include "core/lifecycle/machine.hpp"

namespace evercert::lifecycle {

struct revocation_outcome {
    std::vector<std::string> revoked; ///< fingerprints that the CA has confirmed, or had revoked already
    std::optional<error> failure;
    bool for_good = false; ///< asking again would not help
};

/// Revokes every leaf of the version that job.revoking names at the issuer that issued it: with the account
/// key, or, if the CA says that this account may not, with the certificate's own key (RFC 8555 section 7.6).
awaitable<revocation_outcome> perform_revocation(const machine_state& state, issuer_session& session,
                                                 const engine_parts& parts);

} // namespace evercert::lifecycle
