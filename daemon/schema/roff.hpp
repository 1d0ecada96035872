#pragma once
// Text for man(7) pages.
#include <string>
#include <string_view>

namespace evercert::daemon {

/// Prose without line breaks becomes lines of the source, at most 79 bytes where words allow it, each
/// sentence on lines of its own. What stands between backquotes is set in bold. Nothing in it is taken for a
/// request or an escape, and what is to be typed can be copied from the page: a hyphen is a hyphen, a quote a
/// quote.
std::string roff_prose(std::string_view text);

/// One word or phrase for the inside of a line, escaped.
std::string roff_escape(std::string_view text);

} // namespace evercert::daemon
