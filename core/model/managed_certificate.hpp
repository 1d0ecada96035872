#pragma once
#include "core/model/identifier.hpp"
#include "core/model/key_type.hpp"
#include "core/model/output.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evercert {

/// How names that match a pattern are proven.
struct challenge_rule {
    std::string pattern; ///< a name; "*.example.com": all names below, "*.example.com" itself too; "*": all
    std::vector<std::string> challenges;

    friend bool operator==(const challenge_rule&, const challenge_rule&) = default;
};

/// What a look at the world before an order is to do with what it finds.
enum class preflight_mode : unsigned char {
    enforce, ///< nothing is ordered while a CA would refuse
    warn,    ///< it is told, and ordered all the same
    off
};
std::string_view to_string(preflight_mode mode) noexcept; ///< "warn"

/// How a certificate is obtained and put to use. Shared by all entries that say the same: 100,000 entries
/// have a handful of policies. Names of issuers, challenges and deployments refer to other settings.
struct issuance_policy {
    std::vector<std::string> issuers; ///< in order of preference, at least one
    /// In order of preference: where a CA does not offer one for a name, the next is taken.
    std::vector<std::string> challenges;
    /// The most particular first; what matches one is proven by its challenges instead.
    std::vector<challenge_rule> challenge_rules{};
    std::vector<key_type> keys{
        key_type::ecdsa_p256}; ///< one certificate for each, deployed together; no repeats
    bool reuse_key = false;    ///< renewals keep the private key
    preflight_mode preflight = preflight_mode::warn;
    std::string profile;                       ///< goes before the issuer's own
    std::vector<certificate_output> outputs{}; ///< written before anything is deployed
    std::vector<std::string> deploy;

    /// Whether a new version needs more than the live link.
    [[nodiscard]] bool has_deployments() const noexcept { return !outputs.empty() || !deploy.empty(); }
    /// Whether it would be deployed in the same way by the other.
    [[nodiscard]] bool deploys_like(const issuance_policy& other) const {
        return outputs == other.outputs && deploy == other.deploy;
    }

    friend bool operator==(const issuance_policy&, const issuance_policy&) = default;
};

[[nodiscard]] bool matches(std::string_view pattern, const identifier& name);
/// By which challenges a name is proven, in order of preference.
[[nodiscard]] const std::vector<std::string>& challenges_for(const issuance_policy& policy,
                                                             const identifier& name);
/// Every challenge that may be used, each once.
[[nodiscard]] std::vector<std::string> all_challenges(const issuance_policy& policy);
/// "http, alpn; *.example.com: dns"
[[nodiscard]] std::string challenges_text(const issuance_policy& policy);

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
