#pragma once
// What core and the solvers ask of the DNS (RFC 1035, RFC 2136). The implementation (core/dns) knows packets
// and sockets; what an answer means is the caller's business.
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/model/endpoint.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evercert {

/// The types that are asked for. Records of other types are left out of answers.
enum class dns_type : std::uint16_t { a = 1, ns = 2, cname = 5, soa = 6, txt = 16, aaaa = 28, caa = 257 };
std::string_view to_string(dns_type type) noexcept; ///< "AAAA"

/// Values as on the wire; others may come too.
enum class dns_rcode : std::uint16_t {
    no_error = 0,
    format_error = 1,
    server_failure = 2,
    name_error = 3, ///< NXDOMAIN
    not_implemented = 4,
    refused = 5,
    not_authorised = 9, ///< also how a server says that it does not like the TSIG
    not_zone = 10,
    bad_signature = 16,
    bad_key = 17,
    bad_time = 18,
};
std::string to_string(dns_rcode code); ///< "NXDOMAIN", "rcode 23"

/// Everything in it is foreign text.
struct dns_record {
    std::string name; ///< owner: lower case, no final dot; empty is the root
    dns_type type = dns_type::a;
    std::uint32_t ttl = 0; ///< seconds
    /// a, aaaa: the address; ns, cname: a name written as `name` is; soa: the primary server's; txt: its
    /// strings joined, any bytes; caa: the value, any bytes.
    std::string value;
    std::string caa_tag; ///< lower case
    bool caa_critical = false;

    friend bool operator==(const dns_record&, const dns_record&) = default;
};

struct dns_question {
    std::string name; ///< A-labels, with or without a final dot
    dns_type type = dns_type::a;

    dns_question(std::string n, dns_type t) : name(std::move(n)), type(t) {}
};

struct dns_answer {
    dns_rcode code = dns_rcode::no_error;
    bool authoritative = false;
    bool authenticated = false; ///< a resolver says that it validated the answer (AD)
    std::vector<dns_record> answers;
    std::vector<dns_record> authority;
    std::vector<dns_record> additional;
};

/// RFC 8945.
struct tsig_key {
    enum class algorithm { hmac_sha256, hmac_sha384, hmac_sha512 };

    std::string name;
    algorithm how = algorithm::hmac_sha256;
    std::string secret; ///< raw bytes

    friend bool operator==(const tsig_key&, const tsig_key&) = default;
};

/// TXT records to be added to and removed from one zone in one step (RFC 2136). Of what is there already
/// nothing else changes.
struct dns_update {
    struct text {
        std::string name;
        std::string value;      ///< at most 255 bytes
        std::uint32_t ttl = 60; ///< seconds; of no meaning for removal

        friend bool operator==(const text&, const text&) = default;
    };

    std::string zone;
    std::vector<text> add;
    std::vector<text> remove;

    dns_update() = default;
    explicit dns_update(std::string z) : zone(std::move(z)) {}
};

/// One exchange each; any rcode is a value. Errors: errc::invalid_argument (a name that cannot be asked for),
/// network (no way there, or nobody listens), timed_out, protocol (an answer that is none). Cancelling the
/// coroutine closes its sockets.
class dns_client {
public:
    virtual ~dns_client() = default;
    /// Asks the resolvers of the system or of the configuration, one after another until one answers, with
    /// recursion and with DNSSEC as they do it.
    virtual awaitable<result<dns_answer>> resolve(dns_question what) = 0;
    /// Asks this server for what it knows itself.
    virtual awaitable<result<dns_answer>> ask(endpoint server, dns_question what) = 0;
    /// Sends an update, signed if there is a key, which must live as long as the call; the answer's signature
    /// is checked (else errc::protocol). A server that does not accept the key is errc::refused, clocks that
    /// do not agree are errc::out_of_time.
    virtual awaitable<result<dns_answer>> update(endpoint server, dns_update what, const tsig_key* key) = 0;
};

} // namespace evercert
