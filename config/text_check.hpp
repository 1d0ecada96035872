#pragma once
// What a file must be before a YAML parser may see it.
#include "config/mistakes.hpp"

#include <cstddef>
#include <string_view>

namespace evercert::config {

/// 100,000 certificates of 80 bytes fit; a 10 MB file does not.
constexpr std::size_t max_file_size = std::size_t{8} * 1024 * 1024;

/// Size, encoding (UTF-8), control characters, tabs as indentation, depth of brackets. Adds the first mistake
/// of each kind and returns false if there is any. Linear in the text, without recursion.
bool check_text(std::string_view text, mistake_list& mistakes);

/// The text without a UTF-8 byte order mark.
std::string_view without_bom(std::string_view text) noexcept;

} // namespace evercert::config
