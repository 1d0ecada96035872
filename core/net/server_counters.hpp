#pragma once
#include <cstdint>

namespace evercert::net {

/// What came to a server since it was made.
struct server_counters {
    std::uint64_t connections = 0; ///< taken
    std::uint64_t answered = 0;    ///< requests, handshakes or questions that its own function answered
    std::uint64_t unwanted = 0;    ///< refused for what they asked: not valid, not for us, or too often
    std::uint64_t crowded = 0;     ///< turned away: connections at their limit, in all or of one source
    std::uint64_t starved = 0;     ///< turned away: no descriptors were left
};

} // namespace evercert::net
