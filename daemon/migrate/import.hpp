#pragma once
// `evercert import certbot`: from certbot's folder to a running daemon's configuration and data.
#include "core/base/time.hpp"
#include "core/ports/store.hpp"
#include "daemon/migrate/report.hpp"

#include <functional>
#include <memory>
#include <string>

namespace evercert::daemon {

struct import_options {
    std::string folder; ///< certbot's
    std::string config; ///< of evercertd; may exist
    std::string output; ///< where the YAML is written instead; empty: `config`, or beside it if that is taken
    std::string data_dir; ///< empty: what `config` says, or the usual one
    std::string trust;    ///< PEM file of roots for CAs that are not built in
    bool apply = false;
    bool keep_paths = false;
};

using store_opener = std::function<result<std::unique_ptr<store>>(const std::string& data_dir)>;

/// Without `apply` only reads. An error is one that kept everything from being done: no folder of certbot's,
/// a configuration that does not check, a daemon on the data_dir (errc::busy). All else is in the report.
/// Blocks.
result<import_report> import_certbot(const import_options& options, const store_opener& open, wall_time now);

} // namespace evercert::daemon
