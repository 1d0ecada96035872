#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace evercert::daemon {

/// A sentence of ours for one line of a log or a table. Like `escape` (control bytes, invalid UTF-8, text
/// that reverses lines), but quotes and backslashes stay: what is foreign in it has been escaped where it was
/// put in, and a second time would make it unreadable. Cut after about `limit` bytes with "...".
std::string printable(std::string_view text, std::size_t limit = 4000);

} // namespace evercert::daemon
