#include "core/net/client_hello.hpp"

#include "core/base/text.hpp"

#include <algorithm>

namespace evercert::net {

namespace {

constexpr std::size_t record_header = 5;
constexpr std::size_t message_header = 4;
constexpr std::size_t longest_record = 16 * 1024;

constexpr unsigned content_alert = 21;
constexpr unsigned content_handshake = 22;
constexpr unsigned message_client_hello = 1;

constexpr unsigned extension_server_name = 0;
constexpr unsigned extension_protocols = 16;
constexpr unsigned extension_versions = 43;

/// Takes fields off the front; `good` turns false, for good, when one reaches beyond the end.
class fields {
public:
    explicit fields(std::string_view text) : rest_(text) {}

    unsigned number(std::size_t octets) {
        unsigned out = 0;
        for (const char c : bytes(octets)) {
            out = out << 8U | static_cast<unsigned char>(c);
        }
        return out;
    }
    std::string_view bytes(std::size_t size) {
        if (size > rest_.size()) {
            good_ = false;
            rest_ = {};
        }
        const auto out = rest_.substr(0, good_ ? size : 0);
        rest_.remove_prefix(out.size());
        return out;
    }
    /// A vector with a length of so many octets in front.
    std::string_view vector(std::size_t octets) { return bytes(number(octets)); }

    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] bool good() const noexcept { return good_; }

private:
    std::string_view rest_;
    bool good_ = true;
};

using refusal = std::optional<tls_alert>;

refusal read_server_name(std::string_view data, std::string& into) {
    fields outer(data);
    fields list(outer.vector(2));
    const unsigned type = list.number(1);
    const auto name = list.vector(2);
    // Only host names have ever been defined, and of each kind there is one at most.
    if (!outer.good() || !outer.at_end() || !list.good() || !list.at_end() || type != 0) {
        return tls_alert::decode_error;
    }
    if (name.empty() || name.size() > 255 || name.find('\0') != std::string_view::npos) {
        return tls_alert::unrecognized_name;
    }
    into = to_lower_ascii(name);
    return {};
}

refusal read_protocols(std::string_view data, std::vector<std::string>& into) {
    fields outer(data);
    fields list(outer.vector(2));
    if (!outer.good() || !outer.at_end() || list.at_end()) {
        return tls_alert::decode_error;
    }
    while (!list.at_end()) {
        const auto name = list.vector(1);
        if (!list.good() || name.empty()) {
            return tls_alert::decode_error;
        }
        into.emplace_back(name);
    }
    return {};
}

/// Versions that nobody knows are skipped (RFC 8701): that is what clients send them for.
unsigned newest_known(unsigned a, unsigned b) {
    constexpr unsigned tls_1_0 = 0x0301;
    return b >= tls_1_0 && b <= tls_1_3 ? std::max(a, b) : a;
}

refusal read_versions(std::string_view data, std::uint16_t& into) {
    fields outer(data);
    const auto versions = outer.vector(1);
    if (!outer.good() || !outer.at_end() || versions.empty() || versions.size() % 2 != 0) {
        return tls_alert::decode_error;
    }
    unsigned newest = 0;
    for (fields list(versions); !list.at_end();) {
        newest = newest_known(newest, list.number(2));
    }
    into = static_cast<std::uint16_t>(newest);
    return {};
}

refusal read_extensions(std::string_view data, client_hello& into) {
    fields list(data);
    unsigned seen = 0;
    while (!list.at_end()) {
        const unsigned type = list.number(2);
        const auto content = list.vector(2);
        if (!list.good()) {
            return tls_alert::decode_error;
        }
        refusal no;
        unsigned bit = 0;
        switch (type) {
        case extension_server_name:
            bit = 1;
            no = read_server_name(content, into.server_name);
            break;
        case extension_protocols:
            bit = 2;
            no = read_protocols(content, into.protocols);
            break;
        case extension_versions:
            bit = 4;
            no = read_versions(content, into.newest_version);
            break;
        default:
            break;
        }
        if ((seen & bit) != 0) {
            return tls_alert::illegal_parameter; // which of the two is meant?
        }
        if (no) {
            return no;
        }
        seen |= bit;
    }
    return {};
}

hello_reading read_message(std::string_view body) {
    hello_reading out;
    client_hello found;
    fields all(body);
    found.legacy_version = static_cast<std::uint16_t>(all.number(2));
    all.bytes(32); // random
    const auto session = all.vector(1);
    const auto suites = all.vector(2);
    const auto compression = all.vector(1);
    const bool with_extensions = !all.at_end();
    const auto extensions = with_extensions ? all.vector(2) : std::string_view();
    if (!all.good() || !all.at_end() || session.size() > 32 || suites.empty() || suites.size() % 2 != 0 ||
        compression.empty()) {
        out.refusal = tls_alert::decode_error;
        return out;
    }
    // A client that knows TLS 1.3 says so in an extension; the field in front ends at 1.2.
    found.newest_version =
        static_cast<std::uint16_t>(newest_known(0, std::min<unsigned>(found.legacy_version, tls_1_2)));
    out.refusal = read_extensions(extensions, found);
    if (!out.refusal) {
        out.hello = std::move(found);
    }
    return out;
}

/// How much of the message the records hold; a refusal if they cannot begin one. Copies it `into` if asked
/// to.
refusal walk_records(std::string_view raw, std::size_t& have, std::size_t& wanted, std::string* into) {
    std::string head;
    have = 0;
    wanted = longest_client_hello; // until the message's own header has come
    for (std::size_t at = 0; at < raw.size() && have < wanted;) {
        fields header(raw.substr(at));
        const unsigned type = header.number(1);
        if (type != content_handshake) {
            return tls_alert::unexpected_message;
        }
        const unsigned major = header.number(1);
        if (header.good() && major != 3) {
            return tls_alert::protocol_version;
        }
        header.number(1);
        const std::size_t length = header.number(2);
        if (!header.good()) {
            break;
        }
        if (length == 0) {
            return tls_alert::unexpected_message;
        }
        if (length > longest_record) {
            return tls_alert::record_overflow;
        }
        const auto fragment = raw.substr(at + record_header, length);
        at += record_header + length;
        have += fragment.size();
        head.append(fragment.substr(0, message_header - head.size()));
        if (!head.empty() && head[0] != static_cast<char>(message_client_hello)) {
            return tls_alert::unexpected_message;
        }
        if (head.size() == message_header) {
            fields message(head);
            message.number(1);
            wanted = message_header + message.number(3);
            if (wanted > longest_client_hello) {
                return tls_alert::decode_error;
            }
        }
        if (into != nullptr) {
            into->append(fragment);
        }
    }
    return {};
}

} // namespace

std::string_view to_string(tls_alert what) noexcept {
    switch (what) {
    case tls_alert::unexpected_message:
        return "unexpected_message";
    case tls_alert::record_overflow:
        return "record_overflow";
    case tls_alert::illegal_parameter:
        return "illegal_parameter";
    case tls_alert::decode_error:
        return "decode_error";
    case tls_alert::protocol_version:
        return "protocol_version";
    case tls_alert::internal_error:
        return "internal_error";
    case tls_alert::unrecognized_name:
        return "unrecognized_name";
    case tls_alert::no_application_protocol:
        return "no_application_protocol";
    }
    return "unknown";
}

std::string alert_record(tls_alert what, std::uint16_t version) {
    constexpr char fatal = 2;
    const unsigned minor = std::clamp<unsigned>(version, 0x0301, tls_1_2) & 0xFFU;
    return {static_cast<char>(content_alert), 3, static_cast<char>(minor), 0, 2, fatal,
            static_cast<char>(what)};
}

hello_reading read_client_hello(std::string_view raw) {
    hello_reading out;
    std::size_t have = 0;
    std::size_t wanted = 0;
    out.refusal = walk_records(raw, have, wanted, nullptr);
    if (out.refusal) {
        return out;
    }
    if (have >= message_header && have >= wanted) {
        std::string message;
        walk_records(raw, have, wanted, &message);
        return read_message(std::string_view(message).substr(message_header, wanted - message_header));
    }
    if (raw.size() >= longest_hello_records) {
        out.refusal = tls_alert::decode_error;
    }
    return out;
}

} // namespace evercert::net
