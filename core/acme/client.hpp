#pragma once
// Speaks RFC 8555 with one issuer. It does not decide when, does not store anything and does not keep
// certificates alive.
#include "core/acme/problem.hpp"
#include "core/base/async.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/crypto/key.hpp"
#include "core/model/issuer.hpp"
#include "core/ports/event_sink.hpp"
#include "core/ports/http_client.hpp"
#include "core/ports/solver.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evercert::acme {

/// External account binding material (RFC 8555 section 7.3.4), read from its file by the caller.
struct binding {
    std::string key_id;
    crypto::secret hmac_key; ///< decoded bytes
};

/// What new_account needs; the key is already durable when this is called.
struct registration {
    std::vector<std::string> contacts; ///< mail addresses, without "mailto:"
    bool agree_to_terms = false;
    std::optional<binding> eab;
};

/// A new order that the CA has accepted.
struct accepted_order {
    accepted_order(std::string where, bool as_renewal) : url(std::move(where)), replaces(as_renewal) {}

    std::string url;
    bool replaces; ///< the CA has taken what it replaces (RFC 9773 section 5)
};

/// One issuance. Named variables of this type only (g++ 12).
struct issuance {
    std::string certificate; ///< name of the managed certificate, for events
    std::vector<identifier> names;
    std::string csr;       ///< DER, made with a key that is durable already
    std::string order_url; ///< resume this order if not empty
    std::string preferred_chain;
    std::string profile; ///< asked for if not empty; must be in the directory
    std::string
        replaces; ///< ARI identifier of the certificate that this one replaces (RFC 9773 section 5); sent
                  ///< where the directory has renewalInfo, dropped once when the CA may have refused it
    milliseconds patience =
        std::chrono::minutes(5); ///< give up waiting then; the order stays and is resumed later
    milliseconds processing_patience =
        std::chrono::minutes(1); ///< of it, with a CA that works on an order whose names are proven
    solver_choice answers;       ///< the first whose challenge the CA offers is asked
    /// Called as soon as the CA has accepted an order and before anything else is sent: make the URL durable.
    std::function<awaitable<result<void>>(accepted_order)> on_order;
};

/// What the CA returned: PEM texts, foreign, to be parsed and checked by the caller. The first is the default
/// or, where `preferred_chain` matches an alternate, that one.
struct issued {
    std::string chain_pem;
    std::string order_url;
};

/// What a directory says of itself.
struct issuer_description {
    bool renewal_info = false;
    bool external_account_required = false;
    bool key_change = false;
    std::string terms_of_service;      ///< foreign text; may be empty
    std::vector<std::string> profiles; ///< names, foreign text
    // What records in the DNS depend on; foreign text, as the directory has it.
    std::vector<std::string> caa_identities{};
    std::vector<std::string> issuer_domains{};
    std::string account_hash_prefix{};
};

/// A CA's answer about when to renew (RFC 9773 section 4.2).
struct renewal_info {
    wall_time start;
    wall_time end;               ///< after start
    std::string explanation_url; ///< foreign text for people; may be empty
    milliseconds retry_after{0}; ///< from 1 min to 1 day; 6 h where the CA did not say
};

/// An account object as the CA shows it (RFC 8555 section 7.1.2); foreign text. What it does not say, or not
/// in the right form, is empty.
struct account_details {
    std::string url;
    std::string status;                ///< "valid", "deactivated", "revoked"
    std::vector<std::string> contacts; ///< "mailto:ops@example.com"; many CAs no longer tell
    std::string orders_url;
};

/// All requests together keep to the issuer's `limits.requests`: what is asked too early waits its turn.
class client {
public:
    virtual ~client() = default;

    /// Uses this account from now on. `account_url` may be empty if it is not known (yet).
    virtual void use_account(crypto::key account_key, std::string account_url) = 0;
    /// Whether the CA has said that it knows neither the URL nor the key of the account: nothing more is sent
    /// for it before open_account has made it anew.
    [[nodiscard]] virtual bool account_lost() const noexcept = 0;
    /// The account URL: looked up by onlyReturnExisting, and registered if there is none (RFC 8555
    /// sections 7.3, 7.3.1).
    virtual awaitable<outcome<std::string>> open_account(registration terms) = 0;

    /// The URL of the account that `account_key` has at the CA, by onlyReturnExisting: which key counts after
    /// a key change whose answer was lost. Does not change what use_account said.
    virtual awaitable<outcome<std::string>> find_account(crypto::key account_key) = 0;
    /// By POST-as-GET of the account URL, which some CAs do not answer: their failure is passed on.
    virtual awaitable<outcome<account_details>> read_account() = 0;
    /// Replaces the contacts by these, or by none (RFC 8555 section 7.3.2).
    virtual awaitable<outcome<void>> update_contacts(std::vector<std::string> mail_addresses) = 0;
    /// For good (RFC 8555 section 7.3.6). After success nothing more is sent for the account. errc::protocol
    /// when the CA's answer does not say that it is done.
    virtual awaitable<outcome<void>> deactivate_account() = 0;
    /// Makes the account use `new_key`, which is durable already (RFC 8555 section 7.3.5), looks whether that
    /// is so, and uses it from then on. A failure without an HTTP status, or with 5xx, leaves it open whether
    /// the CA has done it: ask find_account. errc::unsupported: the directory has no keyChange;
    /// errc::invalid_argument: it is the key in use; HTTP status 409: it belongs to another account.
    /// Challenges are answered with the key of the moment at which they are set up, and the CA checks them
    /// against the key of the moment at which it asks: wait until no issuance is under way, and begin none
    /// meanwhile.
    virtual awaitable<outcome<void>> change_key(crypto::key new_key) = 0;

    /// What the directory says; fetched if need be.
    virtual awaitable<outcome<issuer_description>> describe() = 0;
    /// When the CA wants this certificate renewed. `certificate_id` as made by renewal_id().
    /// errc::unsupported: the directory has no renewalInfo; HTTP status 404: the CA does not know the
    /// certificate; errc::protocol: what it says makes no sense, and will not soon. `failure::retry_after` is
    /// what it asked, if it did.
    virtual awaitable<outcome<renewal_info>> fetch_renewal_info(std::string certificate_id) = 0;

    /// Orders (or resumes), proves all names in parallel, finalizes, downloads. On failure the authorizations
    /// that an abandoned order leaves pending are deactivated as far as the CA answers. `failure::where` says
    /// how far it came. When the order itself is gone or invalid `order_lost(failure)` is true: the next try
    /// starts a new one. An order never has another profile than was asked for: see failure::profile_missing.
    /// For a resumed order `profile` is only compared, and `replaces` means nothing.
    virtual awaitable<outcome<issued>> issue(issuance request) = 0;

    /// Revokes by the account key, or by `certificate_key` if given (RFC 8555 section 7.6). alreadyRevoked is
    /// success.
    virtual awaitable<outcome<void>> revoke(std::string certificate_der, std::optional<int> reason,
                                            std::optional<crypto::key> certificate_key) = 0;
};

/// Whether the stored order URL must be forgotten after this failure.
bool order_lost(const failure& what) noexcept;
/// Whether the CA says that it does not know the account or, if it was asked for one, the key.
bool account_unknown(const failure& what) noexcept;

/// All references must outlive the client.
struct client_parts {
    http_client& http;
    time_source& time;
    random_source& random;
    event_sink& events;
};
std::unique_ptr<client> make_client(issuer settings, client_parts parts, asio::any_io_executor executor);

} // namespace evercert::acme
