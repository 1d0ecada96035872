#include "core/crypto/base64url.hpp"

#include "core/base/text.hpp"
#include "core/crypto/secret.hpp"

#include <fmt/format.h>

#include <algorithm>
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
    std::string bytes(text.size() / 4 * 3 + text.size() % 4, '\0'); // at least as many as come out
    std::size_t size = 0;
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
            bytes[size++] = static_cast<char>((bits >> held) & 0xFFU);
        }
    }
    if (canonical && (bits & ((1U << held) - 1U)) != 0) {
        return fail(errc::parse, "not base64url: the last character has bits that belong to no byte");
    }
    bytes.resize(size);
    return bytes;
}

} // namespace

std::string base64url(std::string_view bytes) {
    std::string text((bytes.size() * 4 + 2) / 3, '\0');
    char* out = text.data();
    const auto put = [&out](std::uint32_t bits, int digits) {
        for (int shift = 18; digits > 0; --digits, shift -= 6) {
            *out++ = url_alphabet[(bits >> static_cast<unsigned>(shift)) & 0x3FU];
        }
    };
    const auto byte = [&bytes](std::size_t at) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at]));
    };
    std::size_t at = 0;
    for (; at + 3 <= bytes.size(); at += 3) {
        put(byte(at) << 16U | byte(at + 1) << 8U | byte(at + 2), 4);
    }
    if (bytes.size() - at == 2) {
        put(byte(at) << 16U | byte(at + 1) << 8U, 3);
    } else if (bytes.size() - at == 1) {
        put(byte(at) << 16U, 2);
    }
    return text;
}

std::string base64(std::string_view bytes) {
    std::string text = base64url(bytes);
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    text.append((4 - text.size() % 4) % 4, '=');
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
