#pragma once
// What exists without being configured.
#include "core/model/deployment.hpp"
#include "core/model/issuer.hpp"

#include <span>
#include <string_view>

namespace evercert::config {

/// How many names a certificate of a profile may have.
struct profile_size {
    std::string_view profile;
    std::size_t names;
};

/// A public CA that every file may name. All of it goes with the directory: an issuer of another name that
/// uses the directory is held to the same, and one that is given another directory is not.
struct builtin_issuer {
    std::string_view name;
    std::string_view directory;
    bool needs_eab = false;
    bool needs_email = false;
    std::string_view eab_source = {};      ///< where an operator gets the key
    bool signs_addresses = true;           ///< false: refuses IP addresses over ACME
    std::string_view address_profile = {}; ///< the only profile with IP addresses, where there is only one
    std::span<const profile_size> small_profiles = {}; ///< those that take fewer than 100 names
    rate_limits limits = {};                           ///< as the CA publishes them; none where it does not
};

std::span<const builtin_issuer> builtin_issuers() noexcept;
/// The public CA at this directory, null if it is none: such a CA follows the CA/Browser Forum's rules on
/// names and keys.
const builtin_issuer* find_public_ca(std::string_view directory) noexcept;

std::span<const deployment> builtin_deployments();

} // namespace evercert::config
