#include "core/base/random.hpp"

#include <stdexcept>
#include <sys/random.h>

namespace evercert {
namespace {

class system_random final : public random_source {
public:
    std::uint64_t next() override {
        std::uint64_t value = 0;
        if (::getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
            throw std::runtime_error("the kernel's random source does not answer");
        }
        return value;
    }
};

class seeded_random final : public random_source {
public:
    explicit seeded_random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() override {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31U);
    }

private:
    std::uint64_t state_;
};

} // namespace

std::int64_t random_source::between(std::int64_t low, std::int64_t high) {
    if (high <= low) {
        return low;
    }
    // The bias of the remainder is below 2^-20 for any range of seconds we draw from.
    const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
    const std::uint64_t offset = span == 0 ? next() : next() % span;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

std::unique_ptr<random_source> make_system_random() {
    return std::make_unique<system_random>();
}
std::unique_ptr<random_source> make_seeded_random(std::uint64_t seed) {
    return std::make_unique<seeded_random>(seed);
}

} // namespace evercert
