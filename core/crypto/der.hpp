#pragma once
// Internal to core/crypto: steps through DER (X.690 section 10) without copying and without trust. For what
// OpenSSL would unfold into many small objects, which for a long CRL is a hundred times what we keep.
#include "core/base/time.hpp"

#include <optional>
#include <string_view>

namespace evercert::crypto::der {

/// Identifier octets as they stand in the encoding; context tags with the constructed bit where it belongs.
enum tag : unsigned char {
    boolean = 0x01,
    integer = 0x02,
    bit_string = 0x03,
    octet_string = 0x04,
    object_identifier = 0x06,
    enumerated = 0x0A,
    utc_time = 0x17,
    generalized_time = 0x18,
    sequence = 0x30,
    context_0 = 0x80,
    context_constructed_0 = 0xA0,
};

/// Views into the text that is read.
struct element {
    unsigned char type = 0;
    std::string_view content;
    std::string_view whole; ///< with identifier and length
};

class reader {
public:
    explicit reader(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] bool at(unsigned char type) const noexcept {
        return !rest_.empty() && static_cast<unsigned char>(rest_.front()) == type;
    }
    /// The next element and past it; nullopt, and not a step, at the end, for an element that reaches beyond
    /// it, for indefinite or needlessly long lengths and for tags of more than one octet.
    std::optional<element> next() noexcept;
    /// The same, if it is of this type.
    std::optional<element> next(unsigned char type) noexcept { return at(type) ? next() : std::nullopt; }

private:
    std::string_view rest_;
};

/// UTCTime or GeneralizedTime in the one form each that RFC 5280 section 4.1.2.5 allows: Zulu, with seconds,
/// no fraction.
std::optional<wall_time> read_time(const element& from) noexcept;

/// Whether these are the content octets of an INTEGER or ENUMERATED in the shortest form.
bool shortest_integer(std::string_view content) noexcept;

} // namespace evercert::crypto::der
