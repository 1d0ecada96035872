#include "core/dns/wire.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

namespace evercert::dns {
namespace {

unsigned byte_of(char c) noexcept {
    return static_cast<unsigned char>(c);
}

// More than a name has labels: an honest one needs a pointer or two, and a chain of them only costs time.
constexpr unsigned most_pointers = 127;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool stands_for_itself(char c) noexcept {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '*' || c == '/' || c == '+';
}

} // namespace

bool wire_reader::want(std::size_t bytes) noexcept {
    good_ = good_ && left() >= bytes;
    return good_;
}

std::uint8_t wire_reader::u8() {
    return want(1) ? static_cast<std::uint8_t>(byte_of(packet_[at_++])) : std::uint8_t{0};
}

std::uint16_t wire_reader::u16() {
    if (!want(2)) {
        return 0;
    }
    const unsigned high = u8();
    return static_cast<std::uint16_t>(high << 8U | u8());
}

std::uint32_t wire_reader::u32() {
    if (!want(4)) {
        return 0;
    }
    const std::uint32_t high = u16();
    return high << 16U | u16();
}

std::string_view wire_reader::take(std::size_t bytes) {
    if (!want(bytes)) {
        return {};
    }
    at_ += bytes;
    return packet_.substr(at_ - bytes, bytes);
}

std::string wire_reader::name(bool pointers) {
    std::string out;
    std::size_t here = at_;
    std::size_t nearer_than = at_; // where the next pointer must lead to something before
    bool followed = false;
    unsigned hops = 0;
    while (good_) {
        if (here >= packet_.size()) {
            break;
        }
        const unsigned length = byte_of(packet_[here]);
        if (length == 0) {
            out.push_back('\0');
            at_ = followed ? at_ : here + 1;
            return out;
        }
        if ((length & 0xC0U) == 0xC0U) {
            if (!pointers || here + 1 >= packet_.size()) {
                break;
            }
            const std::size_t target = (length & 0x3FU) << 8U | byte_of(packet_[here + 1]);
            if (target >= nearer_than || target < header_size) {
                break;
            }
            if (!followed) {
                at_ = here + 2;
                followed = true;
            }
            if (++hops > most_pointers) {
                break;
            }
            nearer_than = here = target;
            continue;
        }
        if ((length & 0xC0U) != 0 || here + 1 + length > packet_.size() ||
            out.size() + 1 + length + 1 > longest_name) {
            break;
        }
        out.append(packet_.substr(here, 1 + length));
        here += 1 + length;
    }
    good_ = false;
    return {};
}

void put_u16(std::string& out, unsigned value) {
    out.push_back(static_cast<char>(value >> 8U & 0xFFU));
    out.push_back(static_cast<char>(value & 0xFFU));
}

void put_u32(std::string& out, std::uint32_t value) {
    put_u16(out, value >> 16U);
    put_u16(out, value & 0xFFFFU);
}

void set_u16(std::string& packet, std::size_t at, unsigned value) {
    packet.at(at) = static_cast<char>(value >> 8U & 0xFFU);
    packet.at(at + 1) = static_cast<char>(value & 0xFFU);
}

result<std::string> name_to_wire(std::string_view text) {
    const auto refuse = [&](std::string_view why) {
        return fail(errc::invalid_argument, fmt::format("this is not a DNS name: {}", why),
                    std::string(text.substr(0, 300)));
    };
    std::string wire;
    std::string label;
    const auto end_label = [&] {
        wire.push_back(static_cast<char>(label.size()));
        wire += label;
        label.clear();
    };
    if (text == "." || text.empty()) {
        return std::string(1, '\0');
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '.') {
            if (label.empty()) {
                return refuse("a label is empty");
            }
            end_label();
            continue;
        }
        if (c == '\\') {
            const auto rest = text.substr(i + 1, 3);
            if (rest.size() == 3 && is_digit(rest[0]) && is_digit(rest[1]) && is_digit(rest[2])) {
                const int value = (rest[0] - '0') * 100 + (rest[1] - '0') * 10 + (rest[2] - '0');
                if (value > 255) {
                    return refuse("\\DDD goes to 255");
                }
                c = static_cast<char>(value);
                i += 3;
            } else if (!rest.empty() && !is_digit(rest[0])) {
                c = rest[0];
                i += 1;
            } else {
                return refuse("a backslash wants a character or three digits behind it");
            }
        }
        label.push_back(c);
        if (label.size() > 63) {
            return refuse("a label is longer than 63 bytes");
        }
    }
    if (!label.empty()) {
        end_label();
    }
    wire.push_back('\0');
    if (wire.size() > longest_name) {
        return refuse("it is longer than 255 bytes");
    }
    return wire;
}

std::string name_to_text(std::string_view wire) {
    std::string text;
    for (std::size_t at = 0; at < wire.size() && wire[at] != 0;) {
        const auto label = wire.substr(at + 1, byte_of(wire[at]));
        at += 1 + label.size();
        if (!text.empty()) {
            text.push_back('.');
        }
        for (const char c : label) {
            if (stands_for_itself(c)) {
                text.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
            } else {
                text += fmt::format("\\{:03}", byte_of(c));
            }
        }
    }
    return text;
}

std::string lower_name(std::string_view wire) {
    // Lengths are below 64, where no letters are.
    return to_lower_ascii(wire);
}

} // namespace evercert::dns
