#pragma once
// What a configuration file means, checked and with all defaults in place.
#include "config/notify.hpp"
#include "core/base/time.hpp"
#include "core/model/deployment.hpp"
#include "core/model/endpoint.hpp"
#include "core/model/issuer.hpp"
#include "core/model/managed_certificate.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace evercert::config {

struct control_settings {
    std::string
        socket; ///< default: /run/evercert/control.sock; with a data_dir of its own: <data_dir>/control.sock
    std::string
        group; ///< may use the socket besides the owner; default "evercert" if that group exists, else empty
    friend bool operator==(const control_settings&, const control_settings&) = default;
};

/// Page, metrics and health over TCP; off while there is no address.
struct status_settings {
    std::vector<endpoint> listen;
    std::vector<std::string> hosts; ///< by which it may be asked for, besides IP addresses and localhost
    friend bool operator==(const status_settings&, const status_settings&) = default;
};

enum class log_format { automatic, text, json };
enum class log_level { debug, info, warning, error };

struct log_settings {
    log_level level = log_level::info;
    log_format format = log_format::automatic;
    friend bool operator==(const log_settings&, const log_settings&) = default;
};

/// http-01 answered by the embedded listener.
struct http01_listener {
    std::vector<endpoint> listen; ///< default [::]:80, which takes IPv4 too
    bool redirect_to_https = false;
    friend bool operator==(const http01_listener&, const http01_listener&) = default;
};
/// http-01 answered by another server from a folder.
struct http01_webroot {
    std::string folder; ///< absolute; "{name}" stands for the name
    friend bool operator==(const http01_webroot&, const http01_webroot&) = default;
};
struct tls_alpn01_listener {
    std::vector<endpoint> listen; ///< default [::]:443
    friend bool operator==(const tls_alpn01_listener&, const tls_alpn01_listener&) = default;
};

/// evercert's own name server (provider self). Names are lower case, A-labels.
struct own_name_server {
    std::vector<endpoint> listen; ///< default [::]:53; each over UDP and TCP
    std::string nameserver;
    std::string zone;                   ///< empty: none
    std::vector<std::string> addresses; ///< of `nameserver`, exactly when it lies in `zone`
    friend bool operator==(const own_name_server&, const own_name_server&) = default;
};

/// TXT records for dns-01 or dns-account-01. What a provider has no use for is empty.
struct dns_challenge {
    bool per_account = false; ///< dns-account-01
    std::string provider;     ///< as the schema lists them
    std::string propagation = "enforce";
    milliseconds propagation_timeout = std::chrono::minutes(2);
    std::vector<endpoint> resolvers;  ///< its own, or those of the settings
    std::optional<std::uint32_t> ttl; ///< seconds
    endpoint server;                  ///< rfc2136
    std::string secret_file;          ///< also the TSIG key
    std::string secret_credential;    ///< or a systemd credential of this name
    std::string url;
    std::string zone;
    std::string zone_id;
    std::string user;
    std::string aws_profile = "default";
    bool raw = false;
    std::string convention; ///< exec
    std::vector<std::string> command;
    std::vector<std::string> cleanup_command;
    std::string environment_file;
    std::string account_conf;
    bool one_at_a_time = true;
    bool chain = false;
    milliseconds timeout{0}; ///< 0: the provider's own
    std::optional<own_name_server> own;
    friend bool operator==(const dns_challenge&, const dns_challenge&) = default;
};

/// A TXT record that an operator publishes once (dns-persist-01).
struct dns_persist_challenge {
    std::string propagation = "enforce";
    milliseconds propagation_timeout = std::chrono::minutes(2);
    std::vector<endpoint> resolvers; ///< none: the system's
    friend bool operator==(const dns_persist_challenge&, const dns_persist_challenge&) = default;
};

/// One way to prove control.
struct challenge {
    std::string name;
    std::variant<http01_listener, http01_webroot, tls_alpn01_listener, dns_challenge, dns_persist_challenge>
        how;
    friend bool operator==(const challenge&, const challenge&) = default;
};
/// "http-01", as ACME calls it.
std::string_view challenge_type(const challenge& what) noexcept;
/// Whether a challenge of this type can prove the name at all (RFC 8555 section 7.1.3, RFC 8738 section 7).
bool can_prove(std::string_view challenge_type, const identifier& name) noexcept;

struct settings {
    std::string data_dir = "/var/lib/evercert";
    control_settings control;
    status_settings status;
    log_settings log;
    std::vector<endpoint> resolvers;       ///< none: the system's
    std::map<std::string, issuer> issuers; ///< built-in ones included
    std::map<std::string, challenge> challenges;
    std::map<std::string, deployment> deployments; ///< built-in ones included
    std::vector<notification> notifications;       ///< in the file's order
    /// In the file's order, never null, names unique. Equal policies are one object.
    std::vector<certificate_ptr> certificates;
    /// By what the certificates say, not by which objects say it.
    friend bool operator==(const settings&, const settings&);
};

} // namespace evercert::config
