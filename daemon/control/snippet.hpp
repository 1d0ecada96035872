#pragma once
// The lines by which a web server on port 80 (or 443) lets the daemon answer challenges. Pure.
#include "config/settings.hpp"

#include <array>
#include <string>
#include <string_view>

namespace evercert::daemon {

inline constexpr std::array<std::string_view, 3> snippet_servers{"nginx", "apache", "haproxy"};

/// For one of snippet_servers. Where the daemon has to listen elsewhere for it to work, because the server
/// itself needs the port, comments say what to write in evercert.yaml.
std::string snippet_for(std::string_view server, const config::settings& settings);

} // namespace evercert::daemon
