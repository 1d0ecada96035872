#pragma once
// What stands in the way of a proof, found without the CA: asked before an order and by `evercert diagnose`.
#include "core/base/async.hpp"
#include "core/base/time.hpp"
#include "core/model/identifier.hpp"
#include "core/model/issuer.hpp"
#include "core/model/issuer_facts.hpp"
#include "core/ports/solver.hpp"

#include <string>
#include <vector>

namespace evercert {

enum class finding_weight {
    good,
    unsure, ///< it could not be seen from here, or matters only sometimes
    trouble ///< a CA that sees the same refuses
};
std::string_view to_string(finding_weight weight) noexcept; ///< "good", "unsure", "trouble"

/// Texts may quote foreign ones, which are escaped and cut already.
struct finding {
    /// Stable: "issuer", "clock", "address", "dnssec", "delegation", "reach", "solver", "caa", "record".
    std::string check;
    finding_weight weight = finding_weight::good;
    std::string name;      ///< of the certificate's names, as in the order; empty: all
    std::string looked_at; ///< "http://one.test/.well-known/acme-challenge/... at 192.0.2.1"
    std::string seen;      ///< "connection refused"
    std::string change;    ///< what to do; empty when good

    friend bool operator==(const finding&, const finding&) = default;
};

struct preflight_request {
    std::vector<identifier> names; ///< as in the order
    solver_choice answers;
    issuer where;
    issuer_facts facts;
    /// Also puts a record of its own into the DNS, where that is how a name is proven, and looks for it at
    /// the authoritative servers. An order does the same a moment later, so that only people ask for it.
    bool with_records = false;
    milliseconds patience = seconds(10); ///< for all of it; what was not reached by then is said

    preflight_request(std::vector<identifier> n, solver_choice a, issuer w, issuer_facts f)
        : names(std::move(n)), answers(std::move(a)), where(std::move(w)), facts(std::move(f)) {}
};

class preflight {
public:
    virtual ~preflight() = default;
    /// Never fails: what cannot be looked at is a finding. In the order of the names, troubles of one name
    /// first. What was presented to look at it is cleaned up when this returns; cancellable.
    virtual awaitable<std::vector<finding>> examine(preflight_request request) = 0;
};

} // namespace evercert
