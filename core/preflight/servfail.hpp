#pragma once
#include "core/preflight/inquiry.hpp"

namespace evercert::survey {

/// The resolver says SERVFAIL to this question: says whether the zone's own servers answer it, and so whether
/// its DNSSEC is broken ("dnssec") or its servers are dead ("delegation"). `weight`: of the finding.
awaitable<void> explain_servfail(const inquiry& in, look& out, std::string name, dns_type type,
                                 finding_weight weight);

} // namespace evercert::survey
