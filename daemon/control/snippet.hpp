#pragma once
// What servers have to be told: web servers on port 80 (or 443) so that the daemon can answer challenges,
// others where their certificates lie. Pure.
#include "config/settings.hpp"

#include <array>
#include <string>
#include <string_view>

namespace evercert::daemon {

inline constexpr std::array<std::string_view, 5> snippet_servers{"nginx", "apache", "haproxy", "postfix",
                                                                 "dovecot"};

/// For one of snippet_servers. Paths are those of the first certificate, or of one called NAME. Where the
/// daemon has to listen elsewhere for it to work, because the server itself needs the port, comments say what
/// to write in evercert.yaml.
std::string snippet_for(std::string_view server, const config::settings& settings);

} // namespace evercert::daemon
