#pragma once
// Internal to daemon/migrate: the tables of what certbot's plugins and hooks are here.
#include "daemon/migrate/plan.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

using certbot_options = std::map<std::string, std::string, std::less<>>;
/// What cli.ini says for all lineages.
certbot_options read_cli_ini(const certbot_tree& tree, import_report& report);

/// How the names of an entry are proven.
struct proof {
    std::string challenge;
    std::vector<std::pair<std::string, std::string>> rules;
};

/// Challenges for lineages, each made once: what is proven in the same way shares one.
class challenge_mapping {
public:
    /// `behind_server`: some lineage is proven through nginx or apache, which holds port 80 then.
    challenge_mapping(const certbot_tree& tree, std::string config_folder, bool behind_server)
        : tree_(tree), config_folder_(std::move(config_folder)), behind_server_(behind_server) {}

    /// nullopt: there is no counterpart, which the report says.
    std::optional<proof> map(const certbot_lineage& lineage, lineage_report& report);

    std::vector<planned_section> challenges;
    std::vector<planned_secret> secrets;

private:
    std::optional<proof> standalone(const certbot_lineage& lineage, lineage_report& report);
    std::optional<proof> web_server(const certbot_lineage& lineage, lineage_report& report);
    std::optional<proof> webroot(const certbot_lineage& lineage, lineage_report& report);
    std::optional<proof> manual(const certbot_lineage& lineage, lineage_report& report);
    std::optional<proof> dns(const certbot_lineage& lineage, lineage_report& report);
    std::optional<proof> rfc2136(const ini_section& credentials, lineage_report& report);
    std::optional<proof> route53(lineage_report& report);
    /// The challenge with these fields, made if there is none yet.
    std::string add(const std::string& name, planned_fields fields);
    /// The path of a file that will hold this text.
    std::string keep(const std::string& name, std::string text);

    const certbot_tree& tree_;
    std::string config_folder_;
    bool behind_server_;
    std::map<std::string, int> made_; ///< challenges of a name
};

/// Deployments for lineages, each made once.
class deployment_mapping {
public:
    deployment_mapping(const certbot_tree& tree, certbot_options cli);

    std::vector<std::string> map(const certbot_lineage& lineage, lineage_report& report);
    /// What becomes of the hooks around a run of certbot's, which belong to no lineage.
    void tell_folder_hooks(import_report& report) const;

    std::vector<planned_section> deployments;

private:
    std::string hook(const std::string& command);
    [[nodiscard]] std::optional<std::string> said(const certbot_lineage& lineage, std::string_view key) const;

    certbot_options cli_;
    std::vector<std::string> everywhere_; ///< programs in renewal-hooks/deploy
    std::vector<std::string> before_;     ///< in renewal-hooks/pre
    std::vector<std::string> after_;      ///< in renewal-hooks/post
};

/// The key that is there now, or else the one that certbot would make.
key_type choose_key(const certbot_lineage& from, lineage_report& report);
/// What nothing here takes up.
void tell_what_is_not(const certbot_lineage& from, lineage_report& report);
/// A line for certbot's shell as an argv: the program itself where no shell is needed for it.
std::vector<std::string> argv_of(const std::string& command);
/// A name for a section out of any text: [a-z0-9][a-z0-9._-]*, at most 60 characters.
std::string section_name(std::string_view text, std::string_view otherwise);

} // namespace evercert::daemon
