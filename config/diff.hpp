#pragma once
#include "config/settings.hpp"

#include <string>
#include <vector>

namespace evercert::config {

/// What a reload changes, by certificate name. A certificate counts as changed when its own entry, one of its
/// issuers, its challenge or one of its deployments did; order counts, of names, issuers, keys and
/// deployments.
struct difference {
    std::vector<std::string> added;
    std::vector<std::string> changed;
    std::vector<std::string> removed;
    std::vector<std::string> needs_restart; ///< keys that only a restart can apply: data_dir ...
    /// What else is applied, beside the certificates: notifications, status, log, resolvers.
    std::vector<std::string> others;
};

difference compare(const settings& before, const settings& after);
/// "1 added, 0 changed, 2 removed", and what else there is to say.
std::string to_text(const difference& change);

} // namespace evercert::config
