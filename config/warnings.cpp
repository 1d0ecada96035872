#include "config/builtin.hpp"
#include "config/files.hpp"
#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace evercert::config {
namespace {

constexpr std::size_t listed = 10; ///< certificates with the same trouble; the others are counted

const std::string& profile_of(const issuer& used, const issuance_policy& policy) {
    return policy.profile.empty() ? used.profile : policy.profile;
}

/// What an issuer will say to the addresses on a certificate; empty if it may sign them.
std::string address_trouble(const builtin_issuer& ca, const issuer& used, const std::string& profile) {
    if (!ca.signs_addresses) {
        return fmt::format("which issuer {} does not sign", used.name);
    }
    if (!ca.address_profile.empty() && profile != ca.address_profile) {
        return fmt::format(
            "which issuer {0} signs only under its profile \"{1}\"; give the certificate or the issuer "
            "`profile: {1}`",
            used.name, ca.address_profile);
    }
    return {};
}

bool has_address(const managed_certificate& certificate) {
    return std::ranges::any_of(certificate.names,
                               [](const identifier& name) { return name.type == identifier::kind::ip; });
}

/// What an issuer will refuse about a certificate; empty if nothing is known of.
std::string trouble_at(const issuer& used, const managed_certificate& certificate) {
    const builtin_issuer* ca = find_public_ca(used.directory);
    if (ca == nullptr) {
        return {};
    }
    const std::string& profile = profile_of(used, *certificate.policy);
    for (const profile_size& small : ca->small_profiles) {
        if (profile == small.profile && certificate.names.size() > small.names) {
            return fmt::format("certificate {} has {} names, and issuer {} takes at most {} under its "
                               "profile \"{}\"; make two of it, or choose another profile",
                               certificate.name, certificate.names.size(), used.name, small.names, profile);
        }
    }
    if (!has_address(certificate)) {
        return {};
    }
    std::string trouble = address_trouble(*ca, used, profile);
    return trouble.empty() ? trouble
                           : fmt::format("certificate {} has an IP address, {}", certificate.name, trouble);
}

/// Whether any certificate is called so, or has a name that the pattern takes in.
bool fits_any(const settings& checked, const std::string& pattern) {
    return std::ranges::any_of(checked.certificates, [&](const certificate_ptr& one) {
        return one->name == pattern || std::ranges::any_of(one->names, [&](const identifier& name) {
                   return matches(pattern, name);
               });
    });
}

/// Files that are read each time they are needed, and so may still come: what is wrong with them would
/// otherwise be noticed by the next order or message.
void warn_of_secrets(const settings& checked, std::vector<std::string>& out) {
    const auto look = [&out](const std::string& whose, std::string_view key, const std::string& path) {
        if (std::string trouble = path.empty() ? path : secret_trouble(path); !trouble.empty()) {
            out.push_back(fmt::format("{}: {}: {}", whose, key, trouble));
        }
    };
    for (const auto& [name, used] : checked.issuers) {
        if (used.eab) {
            look("issuer " + name, "eab.hmac_key_file", used.eab->hmac_key_file);
        }
    }
    for (const auto& [name, what] : checked.challenges) {
        if (const auto* dns = std::get_if<dns_challenge>(&what.how)) {
            const std::string whose = "challenge " + name;
            look(whose, dns->provider == "rfc2136" ? "tsig_key_file" : "secret_file", dns->secret_file);
            look(whose, "environment_file", dns->environment_file);
            look(whose, "account_conf", dns->account_conf);
        }
    }
    for (const notification& entry : checked.notifications) {
        if (const auto* hook = std::get_if<webhook_channel>(&entry.how)) {
            look("notification " + entry.name, "secret_file", hook->secret_file);
        }
    }
}

} // namespace

std::vector<std::string> warnings(const settings& checked) {
    std::set<std::string> silent;
    std::vector<std::string> refusals;
    std::size_t more = 0;
    for (const certificate_ptr& certificate : checked.certificates) {
        for (const std::string& name : certificate->policy->issuers) {
            const issuer& used = checked.issuers.at(name);
            if (used.contacts.empty()) {
                silent.insert(name);
            }
            std::string trouble = trouble_at(used, *certificate);
            if (trouble.empty()) {
                continue;
            }
            if (refusals.size() < listed) {
                refusals.push_back(std::move(trouble));
            } else {
                ++more;
            }
        }
    }
    std::vector<std::string> out;
    for (const endpoint& where : checked.status.listen) {
        if (!is_loopback(where)) {
            out.push_back(fmt::format(
                "status.listen has {}: everyone who can reach that address can read the names of all "
                "certificates and what is wrong with them; 127.0.0.1 keeps it on this machine, and a reverse "
                "proxy can ask for a password",
                to_string(where)));
        }
    }
    for (const std::string& name : silent) {
        out.push_back(fmt::format(
            "no mail address is given for issuer {}: the CA cannot write to you about revocations "
            "and other news; add `email:`",
            name));
    }
    out.insert(out.end(), refusals.begin(), refusals.end());
    if (more > 0) {
        out.push_back(fmt::format("{} more such refusals are to be expected", more));
    }
    for (const notification& entry : checked.notifications) {
        for (const std::string& pattern : entry.certificates) {
            if (!fits_any(checked, pattern)) {
                out.push_back(fmt::format("notification {}: no certificate has a name like {} yet",
                                          entry.name, pattern));
            }
        }
    }
    warn_of_secrets(checked, out);
    return out;
}

} // namespace evercert::config
