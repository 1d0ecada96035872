#include "core/json/utf8.hpp"

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

} // namespace

std::string repair_utf8(std::string_view bytes) {
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
    for (std::size_t at = 0; at < bytes.size();) {
        const step next = sequence(bytes, at);
        if (!next.good) {
            return false;
        }
        at += next.length;
    }
    return true;
}

} // namespace evercert::json
