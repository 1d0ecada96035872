#pragma once
// YAML that is written, not read: config has the only door to the parser.
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

/// One value as a flow scalar: plain where nothing could be misread, else in double quotes with what YAML 1.2
/// wants escaped. UTF-8 in, UTF-8 out.
std::string yaml_scalar(std::string_view text);
/// "[a, b]"
std::string yaml_list(const std::vector<std::string>& texts);

} // namespace evercert::daemon
