#include "config/builtin.hpp"
#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace evercert::config {
namespace {

constexpr std::size_t listed = 10; ///< certificates with the same trouble; the others are counted

/// What an issuer will say to the addresses on a certificate; empty if it may sign them.
std::string address_trouble(const issuer& used, const issuance_policy& policy) {
    const builtin_issuer* ca = find_public_ca(used.directory);
    if (ca == nullptr) {
        return {};
    }
    if (!ca->signs_addresses) {
        return fmt::format("which issuer {} does not sign", used.name);
    }
    const std::string& profile = policy.profile.empty() ? used.profile : policy.profile;
    if (!ca->address_profile.empty() && profile != ca->address_profile) {
        return fmt::format(
            "which issuer {0} signs only under its profile \"{1}\"; give the certificate or the issuer "
            "`profile: {1}`",
            used.name, ca->address_profile);
    }
    return {};
}

bool has_address(const managed_certificate& certificate) {
    return std::ranges::any_of(certificate.names,
                               [](const identifier& name) { return name.type == identifier::kind::ip; });
}

} // namespace

std::vector<std::string> warnings(const settings& checked) {
    std::set<std::string> silent;
    std::vector<std::string> addresses;
    std::size_t more = 0;
    for (const certificate_ptr& certificate : checked.certificates) {
        const bool with_address = has_address(*certificate);
        for (const std::string& name : certificate->policy->issuers) {
            const issuer& used = checked.issuers.at(name);
            if (used.contacts.empty()) {
                silent.insert(name);
            }
            const std::string trouble = with_address ? address_trouble(used, *certificate->policy) : "";
            if (trouble.empty()) {
                continue;
            }
            if (addresses.size() < listed) {
                addresses.push_back(
                    fmt::format("certificate {} has an IP address, {}", certificate->name, trouble));
            } else {
                ++more;
            }
        }
    }
    std::vector<std::string> out;
    for (const std::string& name : silent) {
        out.push_back(fmt::format(
            "no mail address is given for issuer {}: the CA cannot write to you about revocations "
            "and other news; add `email:`",
            name));
    }
    out.insert(out.end(), addresses.begin(), addresses.end());
    if (more > 0) {
        out.push_back(fmt::format("the same goes for IP addresses in {} more places", more));
    }
    return out;
}

} // namespace evercert::config
