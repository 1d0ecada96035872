#pragma once
// What is left to do by hand after an import, in order.
#include "config/settings.hpp"
#include "daemon/migrate/import.hpp"
#include "daemon/migrate/plan.hpp"
#include "daemon/migrate/tree.hpp"

#include <set>
#include <string>
#include <vector>

namespace evercert::daemon {

/// How an import ended, or would end.
struct import_situation {
    const certbot_tree& tree;
    const import_options& options;
    const import_plan& plan;
    const config::settings& settings; ///< of what is written
    std::string config;               ///< the file in use, absolute
    std::string data_dir;
    bool diverted = false;                 ///< the YAML lies beside that file
    const std::set<std::string>& switched; ///< lineages whose paths lead to us
};

std::vector<std::string> next_steps(const import_situation& now);

} // namespace evercert::daemon
