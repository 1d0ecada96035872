#pragma once
// The line that tells people of a failure, and its parts again: it is kept as one line in records and logs.
#include <string>
#include <string_view>
#include <vector>

namespace evercert::lifecycle {

/// https addresses in a CA's words, in their order, without repeats: visible ASCII, at most 1500 bytes each,
/// at most two. Longer ones are left out, never cut: half an address leads nowhere.
std::vector<std::string> links_in(std::string_view foreign);

/// What explain() (problem_class.hpp) has put together. Foreign text in `happened` is escaped and in double
/// quotes.
struct problem_parts {
    std::string happened; ///< the cause: step, name, the CA's words
    std::string mend;     ///< what an operator should do; empty if the text does not say
    std::vector<std::string> links;
};
/// Any other text comes back whole as `happened`. What stands in double quotes is never taken for a mend.
problem_parts take_apart(std::string_view text);

} // namespace evercert::lifecycle
