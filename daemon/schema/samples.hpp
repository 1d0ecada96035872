#pragma once
// Values that the example file shows.
#include "config/schema.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

/// The value to show at a place ("challenges.dns.server", "certificates[0].names"), as YAML: one that was
/// chosen for the place, else the row's default, else one of its type.
std::string sample_of(const config::schema_row& row, std::string_view place);

/// Whether the place, or something below it, was chosen to be shown.
bool is_shown(std::string_view place);

/// What to show below a map of names or a list: the names or indices, one if none was chosen.
std::vector<std::string> entries_of(const config::schema_row& row, std::string_view place);

} // namespace evercert::daemon
