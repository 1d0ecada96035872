#include "core/crypto/base64url.hpp"

#include "core/base/text.hpp"
#include "core/crypto/secret.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace evercert::crypto {
namespace {

constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t foreign = 0xFF;

constexpr std::array<std::uint8_t, 256> make_table(bool liberal) {
    std::array<std::uint8_t, 256> table{};
    table.fill(foreign);
    for (std::size_t i = 0; i < url_alphabet.size(); ++i) {
        table[static_cast<unsigned char>(url_alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    if (liberal) {
        table[static_cast<unsigned char>('+')] = 62;
        table[static_cast<unsigned char>('/')] = 63;
    }
    return table;
}

constexpr auto strict_table = make_table(false);
constexpr auto liberal_table = make_table(true);

// The text may be a MAC key: no message repeats any of it.
result<std::string> decode(std::string_view text, const std::array<std::uint8_t, 256>& table,
                           bool canonical) {
    if (text.size() % 4 == 1) {
        return fail(errc::parse, fmt::format("not base64url: {} characters cannot be a whole number of bytes",
                                             text.size()));
    }
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const std::uint8_t digit = table[static_cast<unsigned char>(text[at])];
        if (digit == foreign) {
            wipe(bytes);
            return fail(errc::parse,
                        fmt::format("not base64url: the character at offset {} does not belong", at));
        }
        bits = (bits << 6U) | digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes.push_back(static_cast<char>((bits >> held) & 0xFFU));
        }
    }
    if (canonical && (bits & ((1U << held) - 1U)) != 0) {
        return fail(errc::parse, "not base64url: the last character has bits that belong to no byte");
    }
    return bytes;
}

} // namespace

std::string base64url(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : bytes) {
        bits = (bits << 8U) | static_cast<unsigned char>(c);
        held += 8;
        while (held >= 6) {
            held -= 6;
            text.push_back(url_alphabet[(bits >> held) & 0x3FU]);
        }
    }
    if (held > 0) {
        text.push_back(url_alphabet[(bits << (6 - held)) & 0x3FU]);
    }
    return text;
}

result<std::string> base64url_decode(std::string_view text) {
    return decode(text, strict_table, true);
}

result<std::string> base64_decode_liberal(std::string_view text) {
    text = trim(text);
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) {
        text.remove_suffix(1);
    }
    return decode(text, liberal_table, false);
}

} // namespace evercert::crypto
