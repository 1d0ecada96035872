#pragma once
// One of certbot's lineages: renewal/<name>.conf with what lies in live/<name>.
#include "core/base/time.hpp"
#include "core/store/repository.hpp"
#include "daemon/migrate/ini.hpp"
#include "daemon/migrate/tree.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

struct certbot_lineage {
    std::string name;
    ini_section params;                    ///< [renewalparams]
    std::string server;                    ///< URL of the directory that certbot would use now
    std::string account;                   ///< id; empty: not said
    std::string authenticator;             ///< "dns-rfc2136"; a plugin's package in front is left out
    std::string installer;                 ///< or empty
    std::string renew_before;              ///< "14 days" before its end, or empty
    std::vector<std::string> names;        ///< of the certificate, that of its subject first
    std::optional<storage::key_pair> pair; ///< that passes all checks of ours
    std::optional<key_type> live_key;      ///< of the key there, whether or not the rest is usable
    std::string trouble;                   ///< why there is no pair

    /// A plugin's own value: "credentials" of dns-rfc2136 is `dns_rfc2136_credentials`.
    [[nodiscard]] std::optional<std::string> plugin_text(std::string_view key) const;
};

/// The names of all configurations, sorted.
std::vector<std::string> lineage_names(const certbot_tree& tree);

/// Fails when certbot could not renew it either: the file is broken, or says nothing of how.
result<certbot_lineage> read_lineage(const certbot_tree& tree, const std::string& name, wall_time now);

/// What certbot would make next: `changed` says where evercert has only something near it.
struct wanted_key {
    key_type type = key_type::ecdsa_p256;
    std::string changed;
};
wanted_key key_by_certbot(const ini_section& params);

} // namespace evercert::daemon
