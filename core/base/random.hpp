#pragma once
// Chance is passed in, so that tests can decide it.
#include <cstdint>
#include <memory>

namespace evercert {

class random_source {
public:
    virtual ~random_source() = default;
    virtual std::uint64_t next() = 0;
    /// Uniform in [low, high]; low when the range is empty.
    std::int64_t between(std::int64_t low, std::int64_t high);
};

/// getrandom(2). For jitter and temporary names; keys come from OpenSSL.
std::unique_ptr<random_source> make_system_random();
/// The same numbers for the same seed (SplitMix64).
std::unique_ptr<random_source> make_seeded_random(std::uint64_t seed);

} // namespace evercert
