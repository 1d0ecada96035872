#include "core/net/request_head.hpp"

#include "core/base/text.hpp"
#include "core/net/url.hpp"

#include <algorithm>
#include <optional>

namespace evercert::net {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_token_byte(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_byte);
}

/// field-vchar, obs-text, SP and HTAB (RFC 9110 section 5.5).
bool is_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

std::string_view next_line(std::string_view& rest) {
    const auto end = rest.find("\r\n");
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
    return line;
}

/// HTTP/1.0 and 1.1. Any other is the client's mistake: 505 (which RFC 9110 section 2.5 allows, and does not
/// ask for) would say that something is wrong with us.
bool check_version(std::string_view version, request_head& out) {
    out.minor = version == "HTTP/1.0" ? 0 : 1;
    return version == "HTTP/1.0" || version == "HTTP/1.1";
}

bool set_path(std::string_view target, request_head& out) {
    const bool printable =
        std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
    if (!printable) {
        return false;
    }
    const auto mark = target.find('?');
    out.path = target.substr(0, mark);
    out.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
    if (out.path.empty()) {
        out.path = "/";
    }
    return true;
}

/// Origin-form, absolute-form or "*"; `authority` is set for absolute-form (RFC 9112 section 3.2).
bool parse_target(std::string_view target, request_head& out, std::optional<std::string_view>& authority) {
    if (target == "*") {
        out.path = "*";
        return out.method == "OPTIONS";
    }
    if (out.method == "CONNECT") {
        return false; // its authority-form asks for a proxy, which we are not
    }
    if (target.starts_with('/')) {
        return set_path(target, out);
    }
    const auto colon = target.find("://");
    if (colon == std::string_view::npos) {
        return false;
    }
    const auto scheme = target.substr(0, colon);
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
        return false;
    }
    target.remove_prefix(colon + 3);
    const auto end = target.find_first_of("/?#");
    authority = target.substr(0, end);
    return !authority->empty() &&
           set_path(end == std::string_view::npos ? std::string_view() : target.substr(end), out);
}

unsigned check_request_line(std::string_view line, request_head& out,
                            std::optional<std::string_view>& authority) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last || !is_token(line.substr(0, first))) {
        return 400;
    }
    const auto target = line.substr(first + 1, last - first - 1);
    if (target.empty() || target.find(' ') != std::string_view::npos) {
        return 400;
    }
    if (!check_version(line.substr(last + 1), out)) {
        return 400;
    }
    out.method = line.substr(0, first);
    return parse_target(target, out, authority) ? 0 : 400;
}

struct field_counts {
    unsigned host = 0;
    unsigned length = 0;
    unsigned coding = 0;
    std::string_view host_value;
};

unsigned check_field(std::string_view line, request_head& out, field_counts& seen) {
    const auto colon = line.find(':');
    // A line that begins with a space is a folded one (obs-fold); a space before the colon has smuggled
    // requests.
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        return 400;
    }
    const auto name = line.substr(0, colon);
    const auto value = trim(line.substr(colon + 1));
    if (!is_value(line.substr(colon + 1))) {
        return 400;
    }
    if (equals_ignoring_case(name, "host")) {
        ++seen.host;
        seen.host_value = value;
    } else if (equals_ignoring_case(name, "content-length")) {
        ++seen.length;
        if (value.empty() || !std::all_of(value.begin(), value.end(), is_digit)) {
            return 400;
        }
        if (value.find_first_not_of('0') != std::string_view::npos) {
            out.has_body = true;
        }
        if (value.size() > 18) {
            return 413; // more than any limit, and Beast would see a number it cannot hold
        }
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
        ++seen.coding;
        out.has_body = true;
        if (!equals_ignoring_case(value, "chunked")) {
            return 400;
        }
    } else if (equals_ignoring_case(name, "expect")) {
        if (!equals_ignoring_case(value, "100-continue")) {
            return 417;
        }
        out.expects_continue = true;
    } else if (equals_ignoring_case(name, "connection")) {
        for (auto rest = value; !rest.empty();) {
            const auto comma = rest.find(',');
            if (equals_ignoring_case(trim(rest.substr(0, comma)), "close")) {
                out.keep_alive = false;
            }
            rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        }
    }
    return 0;
}

unsigned set_host(std::optional<std::string_view> authority, const field_counts& seen, request_head& out) {
    if (seen.host > 1 || (seen.host == 0 && out.minor > 0)) {
        return 400;
    }
    std::string own_host;
    if (!seen.host_value.empty()) {
        auto where = parse_host_port(seen.host_value);
        if (!where) {
            return 400;
        }
        own_host = std::move(where->host);
    }
    if (!authority) {
        out.host = std::move(own_host);
        out.authority = seen.host_value;
        return 0;
    }
    auto where = parse_host_port(*authority);
    if (!where) {
        return 400;
    }
    out.host = std::move(where->host);
    out.authority = *authority;
    return 0;
}

} // namespace

head_scanner::state head_scanner::scan(std::string_view bytes) noexcept {
    for (; seen_ < bytes.size(); ++seen_) {
        const char c = bytes[seen_];
        if (after_cr_ != (c == '\n')) {
            return state::bad; // a bare CR or a bare LF
        }
        if (c == '\r') {
            after_cr_ = true;
        } else if (c != '\n') {
            if (line_ == 0 && line_length_ == 0 && !is_token_byte(c)) {
                return state::bad; // no request begins so: a TLS hello on a plain port ends here
            }
            if (c == '\0') {
                return state::bad;
            }
            ++line_length_;
        } else {
            after_cr_ = false;
            if (line_length_ > 0) {
                first_line_ = line_ == 0 ? line_length_ : first_line_;
                ++line_;
                line_length_ = 0;
            } else if (line_ > 0) {
                ++seen_;
                return state::complete;
            } else if ((leading_ += 2) > 4) {
                return state::bad;
            }
        }
    }
    return state::more;
}

request_head parse_request_head(std::string_view head) {
    request_head out;
    std::string_view rest = head;
    std::optional<std::string_view> authority;
    out.status = check_request_line(next_line(rest), out, authority);
    field_counts seen;
    while (out.status == 0 && !rest.empty()) {
        const auto line = next_line(rest);
        if (line.empty()) {
            break;
        }
        out.status = check_field(line, out, seen);
    }
    if (out.status != 0) {
        return out;
    }
    if (seen.length > 1 || seen.coding > 1 || (seen.length > 0 && seen.coding > 0) ||
        (seen.coding > 0 && out.minor == 0)) {
        out.status = 400;
        return out;
    }
    if (out.minor == 0) {
        out.keep_alive = false;
        out.expects_continue = false; // RFC 9110 section 10.1.1: ignored from an HTTP/1.0 client
    }
    out.status = set_host(authority, seen, out);
    return out;
}

} // namespace evercert::net
