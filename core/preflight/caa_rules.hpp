#pragma once
// What CAA records allow (RFC 8659, RFC 8657). Pure.
#include "core/ports/dns_client.hpp"
#include "core/ports/preflight.hpp"

#include <string>
#include <vector>

namespace evercert::survey {

struct caa_question {
    std::vector<std::string> identities; ///< what the CA calls itself; foreign text
    std::string account_url;             ///< empty: there is no account yet
    std::vector<std::string> methods;    ///< challenge types for the name, in order of preference
    bool wildcard = false;
};

struct caa_verdict {
    finding_weight weight = finding_weight::good;
    std::string seen;
    std::string change;
};

/// `records`: the CAA records found at `domain`, the nearest at or above the name; at least one.
caa_verdict judge_caa(const std::vector<dns_record>& records, const caa_question& asked,
                      const std::string& domain);

} // namespace evercert::survey
