#pragma once
// What the overview is asked for, from an address and back to one. Pure.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace evercert::daemon::status {

enum class order : std::uint8_t { expiry, name, state, next };
enum class group : std::uint8_t { all, attention, working, well };

struct query {
    std::string search; ///< lower case; empty: no search
    order sort = order::expiry;
    group show = group::all;
    std::size_t page = 1; ///< from 1
    bool refresh = false; ///< asked to be loaded anew by itself

    friend bool operator==(const query&, const query&) = default;
};

inline constexpr std::size_t longest_search = 100; ///< bytes; the rest is left out

/// Total: what is not understood is what it is by default.
query parse_query(std::string_view text);
/// "/?q=a&sort=name"; "/" for all defaults. Safe in a link.
std::string address_of(const query& what);

/// Of "a=1&b=2"; nullopt-like empty if it is not there. Decoded; a broken escape stays as it is.
std::string parameter(std::string_view text, std::string_view name);
bool has_parameter(std::string_view text, std::string_view name);

std::string_view to_string(order sort) noexcept;
std::string_view to_string(group show) noexcept;

} // namespace evercert::daemon::status
