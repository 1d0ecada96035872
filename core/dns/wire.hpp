#pragma once
// The bytes that DNS packets are made of (RFC 1035 sections 3.1 and 4.1): numbers, and names in both forms.
// A name on the wire is its labels, each after its length, and a zero byte; here always without pointers.
#include "core/base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace evercert::dns {

inline constexpr std::size_t header_size = 12;
inline constexpr std::size_t longest_name = 255; ///< on the wire

/// Reads a packet from front to back, whatever its bytes are. After the first thing that does not fit, `good`
/// is false and all reads give nothing.
class wire_reader {
public:
    explicit wire_reader(std::string_view packet, std::size_t at = 0) noexcept : packet_(packet), at_(at) {}

    [[nodiscard]] bool good() const noexcept { return good_; }
    [[nodiscard]] std::size_t at() const noexcept { return at_; }
    [[nodiscard]] std::size_t left() const noexcept {
        return at_ < packet_.size() ? packet_.size() - at_ : 0;
    }

    std::uint8_t u8();
    std::uint16_t u16();
    std::uint32_t u32();
    std::string_view take(std::size_t bytes);
    /// A name in the case it has. Pointers lead strictly towards the front, so that no loop can be built and
    /// a name costs a bounded number of steps; where they are not allowed at all, one is a failure.
    std::string name(bool pointers = true);

private:
    bool want(std::size_t bytes) noexcept;

    std::string_view packet_;
    std::size_t at_;
    bool good_ = true;
};

void put_u16(std::string& out, unsigned value);
void put_u32(std::string& out, std::uint32_t value);
/// Over what is there already.
void set_u16(std::string& packet, std::size_t at, unsigned value);

/// Text to wire: labels of 1 to 63 bytes, with or without a final dot; "" and "." are the root. \DDD and \X
/// stand for bytes, as in zone files. errc::invalid_argument if it is no name.
result<std::string> name_to_wire(std::string_view text);
/// Wire to text: lower case, no final dot. What is not a letter, a digit or one of "-_*/+" is \DDD, so a name
/// never misleads a terminal, and a dot within a label is no dot.
std::string name_to_text(std::string_view wire);
/// The wire form in lower case (RFC 4034 section 6.2): what is signed and compared.
std::string lower_name(std::string_view wire);

} // namespace evercert::dns
