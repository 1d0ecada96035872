#pragma once
// A document that was held to the schema becomes settings. What keys mean together is checked here; values
// the schema check has refused are passed over in silence.
#include "config/mistakes.hpp"
#include "config/settings.hpp"
#include "config/value.hpp"

namespace evercert::config {

/// Sections that have no certificate in them: data_dir, control, status, log.
void build_basics(const section& root, settings& out, mistake_list& mistakes);
void build_issuers(const section& root, settings& out, mistake_list& mistakes);
void build_challenges(const section& root, settings& out, mistake_list& mistakes);
void build_deployments(const section& root, settings& out, mistake_list& mistakes);
/// Certificates refer to all before.
void build_certificates(const section& root, settings& out, mistake_list& mistakes);
/// Comes last: notifications are about certificates.
void build_notify(const section& root, settings& out, mistake_list& mistakes);

/// An entry of a map whose keys the user chose.
struct named_entry {
    std::string name;
    node value;
};
/// Well-named entries of `root`'s key, each name once; those that are no map too, since others may refer to
/// them.
std::vector<named_entry> named_entries(const section& root, std::string_view key);
/// None for an endpoint that is none: that is a mistake already.
std::vector<endpoint> read_endpoints(const section& entry, std::string_view key);
/// A list must not have the same item twice.
void refuse_repeats(const section& entry, std::string_view key, const std::string& path,
                    mistake_list& mistakes);
/// The schema below the names of `key`.
const schema_node& named_schema(std::string_view key);

} // namespace evercert::config
