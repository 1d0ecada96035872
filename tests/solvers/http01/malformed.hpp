#pragma once
// Several hundred requests that no client sends, each near to one that would be given a token's answer.
#include <string>
#include <vector>

namespace evercert::testing {

struct malformed_request {
    std::string what; ///< for whoever reads that it failed
    std::string bytes;
    bool answered = true; ///< else it is not a whole request yet: closing is all there is to say
};

/// All of them are for the token "t" of "a.example". No two have the same bytes.
std::vector<malformed_request> malformed_requests();

} // namespace evercert::testing
