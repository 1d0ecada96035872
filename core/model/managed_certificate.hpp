#pragma once
#include "core/model/identifier.hpp"
#include "core/model/key_type.hpp"

#include <memory>
#include <string>
#include <vector>

namespace evercert {

/// How a certificate is obtained and put to use. Shared by all entries that say the same: 100,000 entries
/// have a handful of policies. Names of issuers, challenge and deployments refer to other settings.
struct issuance_policy {
    std::vector<std::string> issuers; ///< in order of preference, at least one
    std::string challenge;
    std::vector<key_type> keys{
        key_type::ecdsa_p256}; ///< one certificate for each, deployed together; no repeats
    bool reuse_key = false;    ///< renewals keep the private key
    std::string profile;       ///< goes before the issuer's own
    std::vector<std::string> deploy;

    friend bool operator==(const issuance_policy&, const issuance_policy&) = default;
};

/// One entry under `certificates`: what to keep alive.
struct managed_certificate {
    std::string name; ///< safe as a directory name: [a-z0-9._-], see config/names.hpp
    std::vector<identifier> names;
    std::shared_ptr<const issuance_policy> policy = std::make_shared<const issuance_policy>(); ///< never null

    friend bool operator==(const managed_certificate& a, const managed_certificate& b) {
        return a.name == b.name && a.names == b.names && (a.policy == b.policy || *a.policy == *b.policy);
    }
};

/// Shared by the settings and the engine.
using certificate_ptr = std::shared_ptr<const managed_certificate>;

} // namespace evercert
