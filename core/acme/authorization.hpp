#pragma once
// Authorization and challenge objects (RFC 8555 sections 7.1.4, 7.5, 8).
#include "core/acme/problem.hpp"
#include "core/base/error.hpp"
#include "core/json/value.hpp"
#include "core/model/identifier.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::acme {

enum class authorization_status { pending, valid, invalid, deactivated, expired, revoked, unknown };
std::string_view to_string(authorization_status status) noexcept;

/// A challenge without a status counts as pending: some CAs leave it out of the ones not begun.
enum class challenge_status { pending, processing, valid, invalid, unknown };
std::string_view to_string(challenge_status status) noexcept;

struct challenge {
    std::string type; ///< foreign text
    std::string url;  ///< has passed accept_url
    challenge_status status = challenge_status::pending;
    std::string token; ///< good_token, or empty: dns-persist-01 has none, and a bad one is never kept
    bool bad_token = false;
    std::vector<std::string> issuer_domains; ///< dns-persist-01: what the CA may be called; foreign text
    std::optional<problem> trouble;

    /// It has what its type needs: a token, or for dns-persist-01 a name of the CA.
    [[nodiscard]] bool answerable() const noexcept;
};

struct authorization {
    authorization_status status = authorization_status::unknown;
    identifier name;                   ///< with "*." put back for a wildcard authorization
    std::vector<challenge> challenges; ///< only those with a type and an acceptable URL
    std::optional<wall_time> expires;

    /// The first error that one of the challenges carries.
    [[nodiscard]] const problem* trouble() const noexcept;
    [[nodiscard]] const challenge* by_url(std::string_view url) const noexcept;
    /// "http-01, dns-01": what is offered, foreign text.
    [[nodiscard]] std::string offered() const;
};

result<authorization> parse_authorization(const json::value& object, std::string_view directory_url);
result<challenge> parse_challenge(const json::value& object, std::string_view directory_url);

/// {"status":"deactivated"} (section 7.5.2).
std::string deactivation_payload();

} // namespace evercert::acme
