#pragma once
// What exists without being configured.
#include "core/model/deployment.hpp"
#include "core/model/issuer.hpp"

#include <span>
#include <string_view>

namespace evercert::config {

/// A public CA that every file may name.
struct builtin_issuer {
    std::string_view name;
    std::string_view directory;
    bool needs_eab = false;
    bool needs_email = false;
    std::string_view eab_source = {}; ///< where an operator gets the key
};

std::span<const builtin_issuer> builtin_issuers() noexcept;
/// By name; null if there is none.
const builtin_issuer* find_builtin_issuer(std::string_view name) noexcept;
/// Whether `directory` belongs to one of them: such a CA follows the CA/Browser Forum's rules on names.
bool is_public_directory(std::string_view directory) noexcept;

std::span<const deployment> builtin_deployments();

} // namespace evercert::config
