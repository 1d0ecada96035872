#pragma once
// Many buckets of one kind, by key. Open addressing, because there may be 100,000 of them and each is asked
// often.
#include "core/lifecycle/token_bucket.hpp"
#include "core/model/identifier.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace evercert::lifecycle {

/// A name as a key: FNV-1a and a final mix, 64 bits, the same on every machine and in every version (set keys
/// are kept in records). Two names of one key would share a bucket, and orders for them would wait longer
/// than they must; no limit would be broken by it. Among 100,000 names that happens once in four billion
/// installations.
std::uint64_t bucket_key(std::string_view name) noexcept;
/// The same for a set of names, whatever their order; a name that stands there twice counts once.
std::uint64_t set_key(const std::vector<identifier>& names);
/// From the 16 hexadecimal digits that records have; nothing for what cannot be of ours.
std::optional<std::uint64_t> parse_set_key(std::string_view digits) noexcept;

/// A bucket that is not in the table is full. 24 bytes a slot, of which 2/5 to 4/5
/// are in use while it grows.
class bucket_table {
public:
    struct bucket {
        std::uint64_t key = 0; ///< 0: a free slot
        bucket_time full_at{};
        std::unique_ptr<char[]> subject; ///< whose it is, for people; may be null
    };

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Moment when the bucket of this key is full; the epoch if it is not kept, being full.
    [[nodiscard]] bucket_time full_at(std::uint64_t key) const noexcept;
    /// Keeps it, with this subject if it is new. A table without room drops what is full at `now` before it
    /// grows.
    void put(std::uint64_t key, bucket_time full_at, std::string_view subject, bucket_time now);
    void erase(std::uint64_t key) noexcept;
    /// Looks at the next few slots and drops what is full at `now`: called once per change, it forgets all
    /// that is full after a while, without a scan.
    void clean(bucket_time now);
    /// All slots.
    void clean_all(bucket_time now);
    /// Moves all buckets back in time.
    void set_back(token_bucket::duration by) noexcept;
    /// All slots, free ones too.
    [[nodiscard]] const std::vector<bucket>& slots() const noexcept { return slots_; }

private:
    [[nodiscard]] std::size_t
    place_of(std::uint64_t key) const noexcept; ///< of the key, or where it would go
    void remove_at(std::size_t place) noexcept;
    void make_room(bucket_time now);
    void shrink(bucket_time now);
    void rebuild(std::size_t count, bucket_time now);

    std::vector<bucket> slots_; ///< none, or a power of two
    std::size_t size_ = 0;
    std::size_t cursor_ = 0; ///< the slots looked at last
};

} // namespace evercert::lifecycle
