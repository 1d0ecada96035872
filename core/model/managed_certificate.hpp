#pragma once
#include "core/model/identifier.hpp"
#include "core/model/key_type.hpp"

#include <string>
#include <vector>

namespace evercert {

/// One entry under `certificates`: what to keep alive. Names of issuer, challenge and deployments refer to
/// other settings.
struct managed_certificate {
    std::string name; ///< safe as a directory name: [a-z0-9._-], see config/names.hpp
    std::vector<identifier> names;
    std::string issuer;
    std::string challenge;
    key_type key = key_type::ecdsa_p256;
    std::vector<std::string> deploy;

    friend bool operator==(const managed_certificate&, const managed_certificate&) = default;
};

} // namespace evercert
