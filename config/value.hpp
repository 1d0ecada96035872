#pragma once
// Whether a value is one its schema row allows, and reading values that are.
#include "config/document.hpp"
#include "config/schema.hpp"
#include "core/base/time.hpp"
#include "core/model/rate_limits.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::config {

/// What is wrong with a scalar, or with one item of a list, and what is allowed; empty if nothing is. `index`
/// is the place in the list.
std::string value_trouble(const schema_row& row, std::string_view text, std::size_t index = 0);

/// What a row accepts, in a few words: "true or false".
std::string allowed_values(const schema_row& row);

bool takes_list(value_type type) noexcept;
/// Whether one value may be written without the brackets of a list.
bool takes_one_or_list(value_type type) noexcept;

/// Reads the keys of one section. A value that is missing or wrong is absent: the schema check has reported
/// it.
class section {
public:
    section(node map, const schema_node& rows) : map_(map), rows_(&rows) {}

    [[nodiscard]] place at() const { return map_.at(); }
    [[nodiscard]] std::optional<node> find(std::string_view key) const { return map_.find(key); }
    /// The place of a key's value, or of the section if it is not given.
    [[nodiscard]] place at(std::string_view key) const;
    [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
    [[nodiscard]] std::optional<bool> flag(std::string_view key) const;
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) const;
    [[nodiscard]] std::optional<unsigned> file_mode(std::string_view key) const;
    [[nodiscard]] std::optional<milliseconds> duration(std::string_view key) const;
    [[nodiscard]] std::optional<evercert::rate> rate(std::string_view key) const;
    /// Nodes of the correct items of a list.
    [[nodiscard]] std::optional<std::vector<node>> items(std::string_view key) const;
    [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view key) const;
    /// An absolute path, relative ones taken from the working directory.
    [[nodiscard]] std::optional<std::string> path(std::string_view key) const;
    [[nodiscard]] std::optional<section> below(std::string_view key) const;
    /// The items of a list of sections; those that are no maps are nullopt.
    [[nodiscard]] std::vector<std::optional<section>> sections(std::string_view key) const;

private:
    node map_;
    const schema_node* rows_;
};

/// Absolute, without "." and "..", without a slash at the end.
std::string absolute_path(std::string_view path);

} // namespace evercert::config
