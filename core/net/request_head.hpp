#pragma once
// The strict reading of a request head (RFC 9112). Beast reads it as well: a request is served only if both
// agree, because Beast accepts what a server should not (folded lines, lists in Content-Length, any
// Transfer-Encoding, no Host).
#include <cstddef>
#include <string>
#include <string_view>

namespace evercert::net {

/// Where a head that is still arriving stands. Feed it the whole buffer each time; it does not look twice at
/// a byte.
class head_scanner {
public:
    enum class state { more, complete, bad };

    state scan(std::string_view bytes) noexcept;
    /// Bytes of empty lines in front of the request line, to be passed over (RFC 9112 section 2.2).
    [[nodiscard]] std::size_t leading() const noexcept { return leading_; }
    /// Bytes up to and with the empty line, from the start of the buffer; valid when complete.
    [[nodiscard]] std::size_t size() const noexcept { return seen_; }
    /// Bytes of the request line, or of what has come of it so far.
    [[nodiscard]] std::size_t request_line() const noexcept {
        return line_ == 0 ? line_length_ : first_line_;
    }

private:
    std::size_t leading_ = 0;
    std::size_t seen_ = 0;
    std::size_t line_ = 0;        ///< complete lines so far
    std::size_t line_length_ = 0; ///< bytes of the present line
    std::size_t first_line_ = 0;
    bool after_cr_ = false;
};

struct request_head {
    unsigned status = 0; ///< the answer if the request cannot be served; 0 if it can
    std::string method;
    std::string path; ///< "*" for OPTIONS *
    std::string query;
    std::string host; ///< as server_request::host
    std::string authority;
    unsigned minor = 1; ///< HTTP/1.minor
    bool keep_alive = true;
    bool expects_continue = false;
    bool has_body = false;

    request_head() = default;
};

/// `head` is a complete head without leading empty lines.
request_head parse_request_head(std::string_view head);

} // namespace evercert::net
