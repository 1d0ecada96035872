#pragma once
// Sets of characters that are looked up for every byte of a message.
#include <array>
#include <string_view>

namespace evercert::net {

/// By byte: whether it is one of `characters`.
constexpr std::array<bool, 256> table_of(std::string_view characters) {
    std::array<bool, 256> table{};
    for (const char c : characters) {
        table[static_cast<unsigned char>(c)] = true;
    }
    return table;
}

} // namespace evercert::net
