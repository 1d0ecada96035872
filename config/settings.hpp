#pragma once
// What a configuration file means, checked and with all defaults in place.
#include "core/model/deployment.hpp"
#include "core/model/endpoint.hpp"
#include "core/model/issuer.hpp"
#include "core/model/managed_certificate.hpp"

#include <map>
#include <string>
#include <vector>

namespace evercert::config {

struct control_settings {
    std::string
        socket; ///< default: /run/evercert/control.sock; with a data_dir of its own: <data_dir>/control.sock
    std::string
        group; ///< may use the socket besides the owner; default "evercert" if that group exists, else empty
    friend bool operator==(const control_settings&, const control_settings&) = default;
};

enum class log_format { automatic, text, json };
enum class log_level { debug, info, warning, error };

struct log_settings {
    log_level level = log_level::info;
    log_format format = log_format::automatic;
    friend bool operator==(const log_settings&, const log_settings&) = default;
};

/// An http-01 challenge answered by the embedded listener.
struct http01_challenge {
    std::string name;
    std::vector<endpoint> listen; ///< default [::]:80, which takes IPv4 too
    bool redirect_to_https = false;
    friend bool operator==(const http01_challenge&, const http01_challenge&) = default;
};

struct settings {
    std::string data_dir = "/var/lib/evercert";
    control_settings control;
    log_settings log;
    std::map<std::string, issuer> issuers; ///< built-in ones included
    std::map<std::string, http01_challenge> challenges;
    std::map<std::string, deployment> deployments; ///< built-in ones included
    /// In the file's order, never null, names unique. Equal policies are one object.
    std::vector<certificate_ptr> certificates;
    /// By what the certificates say, not by which objects say it.
    friend bool operator==(const settings&, const settings&);
};

} // namespace evercert::config
