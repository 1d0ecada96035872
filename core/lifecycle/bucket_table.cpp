#include "core/lifecycle/bucket_table.hpp"

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace evercert::lifecycle {
namespace {

constexpr std::uint64_t fnv_offset = 0xcbf29ce484222325;
constexpr std::uint64_t fnv_prime = 0x100000001b3;
constexpr std::size_t fewest_slots = 16;
constexpr std::size_t slots_per_look = 4;
/// Odd, so that a number of looks that is a power of two comes to all of them.
constexpr std::size_t stride = 0x9e3779b1;

/// MurmurHash3's finalizer: every bit of the input reaches every bit of the result, which FNV alone does not
/// do.
std::uint64_t mix(std::uint64_t value) noexcept {
    value ^= value >> 33;
    value *= 0xff51afd7ed558ccd;
    value ^= value >> 33;
    value *= 0xc4ceb9fe1a85ec53;
    value ^= value >> 33;
    return value == 0 ? 1 : value; // 0 marks a free slot
}

std::unique_ptr<char[]> copy_of(std::string_view text) {
    if (text.empty()) {
        return nullptr;
    }
    auto copy = std::make_unique<char[]>(text.size() + 1);
    std::memcpy(copy.get(), text.data(), text.size());
    return copy;
}

} // namespace

std::uint64_t bucket_key(std::string_view name) noexcept {
    std::uint64_t hash = fnv_offset;
    for (const char c : name) {
        hash = (hash ^ static_cast<unsigned char>(c)) * fnv_prime;
    }
    return mix(hash);
}

std::uint64_t set_key(const std::vector<identifier>& names) {
    boost::container::small_vector<std::uint64_t, 16> keys;
    for (const identifier& name : names) {
        keys.push_back(bucket_key(name.value));
    }
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    std::uint64_t hash = fnv_offset;
    for (const std::uint64_t key : keys) {
        hash = mix(hash ^ key) * fnv_prime;
    }
    return mix(hash);
}

bucket_time bucket_table::full_at(std::uint64_t key) const noexcept {
    if (size_ == 0) {
        return {};
    }
    const bucket& found = slots_[place_of(key)];
    return found.key == key ? found.full_at : bucket_time();
}

void bucket_table::put(std::uint64_t key, bucket_time full_at, std::string_view subject, bucket_time now) {
    if (slots_.empty()) {
        rebuild(fewest_slots, now);
    }
    std::size_t place = place_of(key);
    if (slots_[place].key != key) {
        if ((size_ + 1) * 5 > slots_.size() * 4) {
            make_room(now);
            place = place_of(key);
        }
        slots_[place].key = key;
        slots_[place].subject = copy_of(subject);
        ++size_;
    }
    slots_[place].full_at = full_at;
}

void bucket_table::erase(std::uint64_t key) noexcept {
    if (size_ > 0) {
        if (const std::size_t place = place_of(key); slots_[place].key == key) {
            remove_at(place);
        }
    }
}

void bucket_table::clean(bucket_time now) {
    if (slots_.empty()) {
        return;
    }
    // Far from the last ones: cleaned in a row, the slots would be free on one side and crowded on the other.
    cursor_ = (cursor_ + stride * slots_per_look) & (slots_.size() - 1);
    for (std::size_t place = cursor_; place < cursor_ + slots_per_look; ++place) {
        while (slots_[place].key != 0 && slots_[place].full_at <= now) {
            remove_at(place); // another may have moved here
        }
    }
    shrink(now);
}

void bucket_table::clean_all(bucket_time now) {
    rebuild(slots_.size(), now);
    shrink(now);
}

void bucket_table::set_back(token_bucket::duration by) noexcept {
    for (bucket& one : slots_) {
        one.full_at -= one.key == 0 ? token_bucket::duration(0) : by;
    }
}

std::optional<std::uint64_t> parse_set_key(std::string_view digits) noexcept {
    std::uint64_t key = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, problem] = std::from_chars(digits.data(), end, key, 16);
    const bool whole = digits.size() == 16 && problem == std::errc() && stop == end;
    return whole && key != 0 ? std::optional(key) : std::nullopt;
}

std::size_t bucket_table::place_of(std::uint64_t key) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::size_t place = key & mask;
    while (slots_[place].key != 0 && slots_[place].key != key) {
        place = (place + 1) & mask;
    }
    return place;
}

void bucket_table::remove_at(std::size_t hole) noexcept {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t next = (hole + 1) & mask; slots_[next].key != 0; next = (next + 1) & mask) {
        // It may move back into the hole unless that lies before the slot where its search begins.
        const std::size_t home = slots_[next].key & mask;
        if (((next - home) & mask) >= ((next - hole) & mask)) {
            slots_[hole] = std::move(slots_[next]);
            hole = next;
        }
    }
    slots_[hole] = bucket();
    --size_;
}

/// For one more bucket, and many after it.
void bucket_table::make_room(bucket_time now) {
    const auto kept = static_cast<std::size_t>(
        std::count_if(slots_.begin(), slots_.end(), [&](const bucket& one) { return one.full_at > now; }));
    rebuild(kept * 5 > slots_.size() * 2 ? slots_.size() * 2 : slots_.size(), now);
}

void bucket_table::shrink(bucket_time now) {
    while (size_ * 8 < slots_.size() && slots_.size() > fewest_slots) {
        rebuild(slots_.size() / 2, now);
    }
    if (size_ == 0) {
        slots_ = std::vector<bucket>(); // not {}, which keeps the memory
    }
}

/// In so many slots, without what is full.
void bucket_table::rebuild(std::size_t count, bucket_time now) {
    std::vector<bucket> old = std::exchange(slots_, std::vector<bucket>(count));
    size_ = 0;
    for (bucket& one : old) {
        if (one.key != 0 && one.full_at > now) {
            slots_[place_of(one.key)] = std::move(one);
            ++size_;
        }
    }
}

} // namespace evercert::lifecycle
