#pragma once
#include <optional>
#include <string>

namespace evercert {

/// The name that the system has for a user; none if it knows no such user. May ask a directory service.
std::optional<std::string> user_name(unsigned uid);

} // namespace evercert
