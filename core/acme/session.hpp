#pragma once
// One account's conversation with one CA: directory, nonces and signed requests, shared by all that happens
// at once.
#include "core/acme/client.hpp"
#include "core/acme/directory.hpp"
#include "core/acme/gate.hpp"
#include "core/acme/nonce_pool.hpp"
#include "core/acme/request_pace.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evercert::acme {

/// A signed POST (RFC 8555 section 6.2). An empty payload makes it a POST-as-GET.
struct signed_request {
    enum class signer {
        account,     ///< by kid
        account_key, ///< by jwk: newAccount
        other_key,   ///< by jwk of `key`: revocation by the certificate's key
    };

    step where;
    std::string url;
    std::string payload;
    signer by = signer::account;
    std::optional<crypto::key> key; ///< other_key signs with it; otherwise one that the payload is about
    bool repeatable = false;        ///< may be sent twice after a broken connection or a 5xx
    bool names_account = false;     ///< the payload holds the account URL: not sent again under another one
    std::string accept = "application/json";
    std::size_t body_limit = 256 * 1024;

    signed_request(step w, std::string u, std::string p)
        : where(w), url(std::move(u)), payload(std::move(p)) {}
    /// POST-as-GET.
    signed_request(step w, std::string u) : where(w), url(std::move(u)), repeatable(true) {}
};

/// A request that is not signed: directory, newNonce and renewalInfo only (RFC 8555 section 6.3).
struct plain_request {
    step where;
    std::string method; ///< GET or HEAD
    std::string url;
    std::size_t body_limit = 256 * 1024;

    plain_request(step w, std::string m, std::string u) : where(w), method(std::move(m)), url(std::move(u)) {}
};

/// All requests of a session keep to the issuer's `limits.requests`.
class session {
public:
    session(issuer settings, client_parts parts)
        : settings_(std::move(settings))
        , parts_(parts)
        , directory_gate_(parts.time)
        , account_gate_(parts.time)
        , order_gate_(parts.time)
        , pace_(settings_.limits.requests, parts.time) {}

    void use_account(crypto::key account_key, std::string account_url);
    /// Nothing more is sent for the account; who tries is told why.
    void close_account(failure why);
    /// The CA has forgotten the account.
    [[nodiscard]] bool account_lost() const noexcept {
        return account_lost_ && account_unknown(*account_lost_);
    }
    /// Whether there is an account to act for; if not, why.
    [[nodiscard]] outcome<void> has_account() const;
    [[nodiscard]] const std::string& account_url() const noexcept { return account_url_; }
    [[nodiscard]] const std::optional<crypto::key>& account_key() const noexcept { return key_; }
    [[nodiscard]] const issuer& settings() const noexcept { return settings_; }
    [[nodiscard]] const client_parts& parts() const noexcept { return parts_; }
    [[nodiscard]] const std::string& thumbprint() const noexcept { return thumbprint_; }

    /// The directory, fetched once for all who ask at the same time and again after a day or trouble with its
    /// URLs.
    awaitable<outcome<std::shared_ptr<const directory>>> get_directory();

    /// The same, but fetched anew when the known one does not list `profile`: it may be stale. Then it may
    /// still not list it. An empty profile is always listed.
    awaitable<outcome<std::shared_ptr<const directory>>> get_directory_for(std::string profile);

    /// Asks for a new one next time: what it said stood in our way.
    void forget_directory() noexcept { directory_.reset(); }

    /// Sends it and returns the 2xx answer; a broken connection or a 5xx without Retry-After is retried at
    /// most twice.
    awaitable<outcome<http_response>> get(plain_request request);

    /// Signs it, sends it and returns the 2xx answer. badNonce is retried at once (at most 10 times); a
    /// broken connection or a 5xx without Retry-After is retried at most twice if the request is repeatable;
    /// when the CA does not know the account, or refuses what we sign before it has taken anything from this
    /// key, or long after (a key from a backup may not be the account's any more, and a CA that lost its
    /// state may have given the URL to another), the account is looked up by its key once. All else is a
    /// failure.
    awaitable<outcome<http_response>> post(signed_request request);

    /// The account URL of our key, or of `other`, by onlyReturnExisting (section 7.3.1); accountDoesNotExist
    /// is a failure.
    awaitable<outcome<std::string>> look_up_account(std::optional<crypto::key> other = std::nullopt);

    /// One new order at a time, from its request until its URL is durable: a crash then loses one order at
    /// most, however many certificates are in work. When the CA failed to answer the one before, those who
    /// waited behind it get that failure instead of running into it one after the other.
    awaitable<outcome<gate::pass>> enter_new_order();
    /// Tells those who wait that the CA did not answer.
    void note_new_order_failure(const failure& why);

    /// Checks the Location of a newAccount or newOrder answer.
    [[nodiscard]] outcome<std::string> location(step where, const http_response& answer) const;
    /// What the answer asks about waiting.
    [[nodiscard]] std::optional<milliseconds> asked_wait(const http_response& answer) const;

private:
    awaitable<outcome<std::string>> take_nonce(std::shared_ptr<const directory> from);
    awaitable<outcome<void>> recover_account(std::string unknown_url);
    awaitable<void> pause(unsigned repetition);
    [[nodiscard]] outcome<http_request> signed_http(const signed_request& request,
                                                    const std::string& nonce) const;
    [[nodiscard]] outcome<void> can_sign(const signed_request& request) const;
    void distrust_directory(const std::string& url);
    void note_proven(const std::string& account_url);
    /// Whether the CA has taken something from our key for this account, not long ago.
    [[nodiscard]] bool is_proven(const std::string& account_url) const;

    issuer settings_;
    client_parts parts_;
    std::optional<crypto::key> key_;
    std::string thumbprint_;
    std::string account_url_;
    std::optional<failure> account_lost_; ///< why there is no account URL any more
    std::string proven_account_;          ///< URL of the account for which our signature was accepted
    steady_time proven_at_{};             ///< when that was seen last

    gate directory_gate_;
    std::shared_ptr<const directory> directory_;
    steady_time directory_since_{};
    std::optional<failure> directory_failure_; ///< of the latest try
    unsigned directory_tries_ = 0;

    gate account_gate_;
    gate order_gate_;
    std::optional<failure> order_failure_; ///< the latest by which the CA as a whole did not answer
    unsigned order_failures_ = 0;
    nonce_pool nonces_;
    request_pace pace_;
};

} // namespace evercert::acme
