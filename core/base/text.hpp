#pragma once
// Small text helpers that several rooms need.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace evercert {

/// Bytes of the UTF-8 character that begins at `at` (RFC 3629), 1 to 4; 0 if none does.
std::size_t utf8_length(std::string_view text, std::size_t at) noexcept;
/// At most `limit` bytes of it, without half of a character at the end.
std::string_view beginning(std::string_view text, std::size_t limit) noexcept;

/// Foreign text made safe for a log line, a terminal or a table: control bytes, quotes, backslashes and bytes
/// that are not valid UTF-8 become \xNN or \n, and what is longer than `limit` bytes is cut with "...".
std::string escape(std::string_view foreign, std::size_t limit = 500);

std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string to_lower_ascii(std::string_view text);
std::string_view trim(std::string_view text) noexcept;
/// Compares ASCII letters without case, as HTTP header names and DNS names want it.
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// The candidate nearest to `word` by edit distance, or empty if none is near enough to be what was meant.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

} // namespace evercert
