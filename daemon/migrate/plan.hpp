#pragma once
// What an import would do, before anything is done: certbot's words turned into ours.
#include "config/settings.hpp"
#include "core/crypto/secret.hpp"
#include "daemon/migrate/accounts.hpp"
#include "daemon/migrate/lineage.hpp"
#include "daemon/migrate/report.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace evercert::daemon {

/// One key of a section that is to be written.
struct planned_field {
    std::string key;
    std::vector<std::string> values; ///< one unless it is a list
    bool is_list = false;

    friend bool operator==(const planned_field&, const planned_field&) = default;
};
using planned_fields = std::vector<planned_field>;

struct planned_section {
    std::string name;
    planned_fields fields;
};

/// A file with a secret of a DNS provider, which stood inside a file of certbot's.
struct planned_secret {
    std::string path;
    crypto::secret text;
};

struct planned_issuer {
    std::string name;
    std::string directory;
    bool known = false; ///< built in
    std::string trust;
    std::optional<external_account> eab;
    std::string preferred_chain;
    std::optional<certbot_account> account;
};

struct planned_entry {
    std::string name;
    std::vector<std::string> names;
    std::string issuer;
    std::string challenge;
    std::vector<std::pair<std::string, std::string>> rules; ///< a name, and the challenge that proves it
    std::vector<key_type> keys;
    bool reuse_key = false;
    std::string profile;
    std::vector<std::string> deploy;
    /// Those it is made of, one for each of `keys`: places in import_plan::report.lineages.
    std::vector<std::size_t> lineages;
    std::vector<std::optional<storage::key_pair>> pairs; ///< of those
};

struct import_plan {
    std::vector<std::string> emails;
    std::string data_dir; ///< empty: the usual one
    std::vector<planned_issuer> issuers;
    std::vector<planned_section> challenges;
    std::vector<planned_section> deployments;
    std::vector<planned_entry> entries;
    std::vector<planned_secret> secrets;
    std::set<std::string> web_servers; ///< nginx, apache: those that have to pass challenges on
    import_report report;              ///< its lineages in the order of lineage_names()
};

/// What the plan follows from, besides the tree.
struct import_wishes {
    std::string config_folder;                 ///< where secrets are put
    std::string trust;                         ///< roots for CAs that are not known
    const config::settings* present = nullptr; ///< a configuration that is there already, or null
    wall_time now;
};

/// Reads the whole tree; only reads. All that is wrong with single lineages is in the report.
import_plan make_plan(const certbot_tree& tree, const import_wishes& wishes);

/// The configuration, as text. Pure.
std::string to_yaml(const import_plan& plan, const std::string& source);

/// Holds the plan to what config::load says of its text: entries that would be mistakes leave it, and the
/// report says why. The settings, or an error when nothing usable is left.
result<config::settings> settle(import_plan& plan, const std::string& source);

/// Where the certificate of a lineage lies in the folder of its entry: "" or ".rsa-2048" goes before ".pem".
std::string file_suffix(const planned_entry& entry, std::size_t which);

} // namespace evercert::daemon
