#pragma once
// Every key of the configuration file, declared once. Unknown keys, types, bounds and the reference page come
// from here; what keys mean together is checked where settings are built.
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::config {

enum class value_type {
    section,      ///< a map with the keys below this path
    named,        ///< a map from names the user chooses to sections
    section_list, ///< a list of sections
    text,
    flag,     ///< true or false
    integer,  ///< bounds as they are
    duration, ///< "30s"; bounds in milliseconds
    rate,     ///< "300/3h", or off
    choice,   ///< one of `allowed`
    choices,  ///< list of them
    path,     ///< file or folder; relative ones start at the working directory
    https_url,
    http_url,       ///< the same, or http
    endpoint_one,   ///< "address:port"
    endpoints,      ///< "address:port" or a list of them
    verify_targets, ///< the same, each with how TLS begins there: "smtp://127.0.0.1:25"
    emails,         ///< an address or a list of them
    host_name,      ///< a DNS name
    host_names,     ///< a DNS name or a list of them
    addresses,      ///< an IP address or a list of them
    argv,           ///< program and arguments; no shell
    unit,           ///< systemd service
    safe_name,      ///< what may name a folder
    file_mode,      ///< permissions in octal: "0640"
    references,     ///< list of names of issuers, deployments ...
    preference,     ///< a name, or a list of names in order of preference
    preferences,    ///< a map from patterns of names to preferences
    identifiers,    ///< list of names for a certificate
};

struct schema_row {
    std::string_view path =
        {}; ///< "issuers.*.eab.key_id", "certificates[].names"; "*" is a name the user chooses
    value_type type = value_type::text;
    bool required = false;
    std::string_view fallback = {}; ///< the default as YAML, empty if there is none
    std::string_view allowed = {};  ///< words of a choice, separated by " "
    std::int64_t low = 0;           ///< bounds: of a number, a duration or a list's length
    std::int64_t high = 0;
    std::string_view sentence = {}; ///< for people

    /// Last component: "key_id".
    [[nodiscard]] std::string_view key() const noexcept;
    [[nodiscard]] std::vector<std::string_view> allowed_words() const;
};

std::span<const schema_row> schema() noexcept;
/// The part of them that is about challenges.
std::span<const schema_row> challenge_rows() noexcept;
/// The part of them that is about outputs, of `defaults` and of certificates.
std::span<const schema_row> output_rows() noexcept;
/// And that about notifications.
std::span<const schema_row> notify_rows() noexcept;

/// The same rows as a tree, for walking a document.
struct schema_node {
    const schema_row* row = nullptr;    ///< none at the root
    std::vector<std::string_view> keys; ///< in the table's order
    std::map<std::string_view, schema_node> below;
    /// What names (`*`) or items (`[]`) hold, if the row is of such a type.
    [[nodiscard]] const schema_node* element() const;
};
const schema_node& schema_tree();

/// Paths of rows elsewhere whose last component is `key`, for "it belongs under ...".
std::vector<std::string_view> paths_ending_in(std::string_view key);

} // namespace evercert::config
