#pragma once
// Problem documents (RFC 8555 section 6.7, RFC 7807) and what else can go wrong when talking to a CA.
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/json/value.hpp"
#include "core/model/identifier.hpp"
#include "core/ports/http_client.hpp"

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::acme {

/// What a CA says is wrong. All text is foreign: shown only through escape().
struct problem {
    std::string type; ///< without "urn:ietf:params:acme:error:" ("badNonce"); another URI is kept whole
    std::string title;
    std::string detail;
    std::string instance; ///< URL for a human (userActionRequired), if it is one
    int status = 0;       ///< its member, or the HTTP status
    struct sub {
        std::string type;
        std::string detail;
        std::optional<identifier> name;
    };
    std::vector<sub> subproblems;
    std::vector<std::string> algorithms; ///< of badSignatureAlgorithm

    [[nodiscard]] bool is(std::string_view name) const noexcept { return type == name; }
};

/// Which step of the conversation failed: the same problem means different things at different steps.
enum class step {
    directory,
    nonce,
    account,
    new_order,
    authorization,
    challenge,
    finalize,
    order,
    certificate,
    revocation,
    key_change,
    renewal_info
};
std::string_view to_string(step where) noexcept;

/// A failed conversation with a CA.
struct failure {
    step where = step::directory;
    error cause;                             ///< always set; its message is ours
    std::optional<problem> said;             ///< the CA's own account, if it gave one
    int http_status = 0;                     ///< 0 if there was no answer
    std::optional<milliseconds> retry_after; ///< as the CA asked, already capped to a day
    std::optional<identifier> name;          ///< the name whose authorization failed
    std::string challenge;                   ///< by which it was to be proven ("dns-01"), if that far
    bool order_gone = false; ///< the order can never be completed; see order_lost() in client.hpp
    bool finalized = false;  ///< the CA was asked for the certificate, and it may exist
    /// The profile asked for is not to be had: the directory does not list it, the CA answered
    /// invalidProfile, or made the order with another one.
    bool profile_missing = false;

    failure() = default;
    failure(step w, error c) : where(w), cause(std::move(c)) {}
};

template <class T>
using outcome = std::expected<T, failure>;

/// An error object inside an order or a challenge. Members of a wrong type count as missing; long texts are
/// cut.
problem read_problem(const json::value& object, int http_status);
/// The body of an error response; nullopt if it is no JSON object that says anything (HTML of a front end,
/// empty).
std::optional<problem> parse_problem(std::string_view body, int http_status);
/// The type if it is a plain word that may stand in our own messages, else "an unnamed problem".
std::string_view type_word(const problem& said) noexcept;
/// "type: detail", foreign text for error::foreign.
std::string foreign_text(const problem& said);

/// The failure that an answer other than 2xx means: its problem, its status, what it asks about waiting.
/// `now` is for a Retry-After in date form.
failure refusal(step where, const http_response& answer, wall_time now);
/// The JSON object of a 2xx answer. A page of another media type is never read as ACME: errc::protocol.
outcome<json::value> read_object(step where, const http_response& answer);

} // namespace evercert::acme
