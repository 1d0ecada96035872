#include "core/json/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace evercert::json {
namespace {

bool within(std::string_view bytes, std::size_t at, unsigned low, unsigned high) noexcept {
    if (at >= bytes.size()) {
        return false;
    }
    const auto byte = static_cast<unsigned char>(bytes[at]);
    return byte >= low && byte <= high;
}

struct step {
    std::size_t length; ///< of the sequence, or of the part to be replaced
    bool good;
};

// Table 3-7 of the Unicode Standard: the range of the second byte depends on the first.
step sequence(std::string_view bytes, std::size_t at) noexcept {
    const auto first = static_cast<unsigned char>(bytes[at]);
    if (first < 0x80) {
        return {1, true};
    }
    unsigned low = 0x80;
    unsigned high = 0xBF;
    std::size_t length = 0;
    if (first >= 0xC2 && first <= 0xDF) {
        length = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        length = 3;
        low = first == 0xE0 ? 0xA0 : low;
        high = first == 0xED ? 0x9F : high;
    } else if (first >= 0xF0 && first <= 0xF4) {
        length = 4;
        low = first == 0xF0 ? 0x90 : low;
        high = first == 0xF4 ? 0x8F : high;
    } else {
        return {1, false};
    }
    for (std::size_t i = 1; i < length; ++i) {
        if (!within(bytes, at + i, low, high)) {
            return {i, false};
        }
        low = 0x80;
        high = 0xBF;
    }
    return {length, true};
}

/// Where the ASCII that begins at `at` ends: nearly all text is nothing else.
std::size_t skip_ascii(std::string_view bytes, std::size_t at) noexcept {
    std::uint64_t eight = 0;
    for (; bytes.size() - at >= sizeof eight; at += sizeof eight) {
        std::memcpy(&eight, bytes.data() + at, sizeof eight);
        if ((eight & 0x8080808080808080U) != 0) {
            break;
        }
    }
    while (at < bytes.size() && static_cast<unsigned char>(bytes[at]) < 0x80) {
        ++at;
    }
    return at;
}

} // namespace

std::string repair_utf8(std::string_view bytes) {
    if (is_utf8(bytes)) {
        return std::string(bytes);
    }
    std::string out;
    out.reserve(bytes.size());
    for (std::size_t at = 0; at < bytes.size();) {
        const step next = sequence(bytes, at);
        out += next.good ? bytes.substr(at, next.length) : std::string_view("\xEF\xBF\xBD");
        at += next.length;
    }
    return out;
}

bool is_utf8(std::string_view bytes) noexcept {
    for (std::size_t at = skip_ascii(bytes, 0); at < bytes.size(); at = skip_ascii(bytes, at)) {
        const step next = sequence(bytes, at);
        if (!next.good) {
            return false;
        }
        at += next.length;
    }
    return true;
}

} // namespace evercert::json
