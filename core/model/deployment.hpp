#pragma once
#include "core/base/time.hpp"
#include "core/model/verify_target.hpp"

#include <string>
#include <vector>

namespace evercert {

/// How a server is made to use the live version. Steps run in this order; those left empty are skipped.
struct deployment {
    std::string name;
    std::vector<std::string> test;      ///< argv that must exit 0 before anything is reloaded
    std::vector<std::string> command;   ///< argv that reloads, or a hook; never together with reload_unit
    std::string convention;             ///< of a hook's environment besides ours: "certbot", or empty
    std::string reload_unit;            ///< systemd unit reloaded through systemctl
    std::string runtime;                ///< HAProxy's runtime API socket: asked before anything is reloaded
    std::vector<verify_target> verify;  ///< TLS handshakes there must show the new leaf
    milliseconds timeout = seconds(30); ///< for each step

    friend bool operator==(const deployment&, const deployment&) = default;
};

} // namespace evercert
