#pragma once
// The configuration's schema for editors and other programs.
#include <array>
#include <string>
#include <string_view>

namespace evercert::daemon {

/// In which forms `evercert schema` prints it.
inline constexpr std::array<std::string_view, 3> schema_formats{"json", "example", "man"};

/// JSON Schema, draft 2020-12, of a configuration file that was read as YAML 1.2. Takes all that the loader
/// takes; refuses unknown keys, wrong types and what a pattern can see.
std::string json_schema();

} // namespace evercert::daemon
