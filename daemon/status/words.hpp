#pragma once
// Times and numbers as people say them.
#include "core/base/time.hpp"
#include "daemon/status/html.hpp"

#include <string>
#include <string_view>

namespace evercert::daemon::status {

/// "in 59 days", "3 hours ago", "now": the largest unit of which there are two, from minutes on.
std::string in_words(wall_time when, wall_time now);
/// "59 days", "1 hour"; never negative.
std::string length_in_words(milliseconds how_long);
/// "2027-01-19 00:00 UTC".
std::string date_and_time(wall_time when);
/// "1 certificate", "5,000 certificates".
std::string counted(std::size_t number, std::string_view what);
/// "5,000".
std::string grouped(std::size_t number);

/// <time datetime="2027-01-19T00:00:00Z">text</time>
void add_time(markup& to, wall_time when, std::string_view text);
/// The absolute moment, and the relative words behind it in parentheses.
void add_moment(markup& to, wall_time when, wall_time now);

} // namespace evercert::daemon::status
