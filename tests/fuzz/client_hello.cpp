// The first bytes of a TLS connection: a decision stands whatever follows, and does not depend on how the
// bytes are cut into records.
#include "core/net/client_hello.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace evercert;

namespace {

bool same(const net::hello_reading& a, const net::hello_reading& b) {
    if (a.refusal != b.refusal || a.hello.has_value() != b.hello.has_value()) {
        return false;
    }
    return !a.hello ||
           (a.hello->server_name == b.hello->server_name && a.hello->protocols == b.hello->protocols &&
            a.hello->legacy_version == b.hello->legacy_version &&
            a.hello->newest_version == b.hello->newest_version);
}

bool decided(const net::hello_reading& reading) {
    return reading.hello || reading.refusal;
}

void fail_unless(bool good) {
    if (!good) {
        std::abort();
    }
}

std::string in_records(std::string_view message, std::size_t size) {
    std::string out;
    for (; !message.empty(); message.remove_prefix(message.size() < size ? message.size() : size)) {
        const auto part = message.substr(0, size);
        out += {'\x16', '\x03', '\x01', static_cast<char>(part.size() >> 8U), static_cast<char>(part.size())};
        out += part;
    }
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view raw(reinterpret_cast<const char*>(data), size);
    const auto whole = net::read_client_hello(raw);
    fail_unless(!(whole.hello && whole.refusal));
    if (whole.hello) {
        const auto& found = *whole.hello;
        fail_unless(found.server_name.size() <= 255 && found.server_name.find('\0') == std::string::npos);
        for (const auto& each : found.protocols) {
            fail_unless(!each.empty() && each.size() <= 255);
        }
        fail_unless(same(whole, net::read_client_hello(std::string(raw) + "\x15\x03\x03")));
    }
    for (std::size_t cut = 0; cut < size && cut < 600; ++cut) {
        const auto part = net::read_client_hello(raw.substr(0, cut));
        if (decided(part)) {
            fail_unless(same(part, whole));
            break;
        }
    }
    // The same bytes as the message itself, cut in two ways.
    if (size < 2000) {
        const auto in_one = net::read_client_hello(in_records(raw, 16384));
        const auto in_many = net::read_client_hello(in_records(raw, 3));
        fail_unless(same(in_one, in_many));
    }
    return 0;
}
