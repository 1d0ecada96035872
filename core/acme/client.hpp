#pragma once
// Speaks RFC 8555 with one issuer. It does not decide when, does not store anything and does not keep
// certificates alive.
#include "core/acme/problem.hpp"
#include "core/base/async.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/base/worker_pool.hpp"
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

/// One issuance. Named variables of this type only (g++ 12).
struct issuance {
    std::string certificate; ///< name of the managed certificate, for events
    std::vector<identifier> names;
    std::string csr;       ///< DER, made with a key that is durable already
    std::string order_url; ///< resume this order if not empty
    std::string preferred_chain;
    milliseconds patience =
        std::chrono::minutes(5); ///< give up waiting then; the order stays and is resumed later
    solver* answers = nullptr;   ///< for challenges of its type
    /// Called as soon as the CA has accepted an order and before anything else is sent: make the URL durable.
    std::function<awaitable<result<void>>(std::string order_url)> on_order;
};

/// What the CA returned: PEM texts, foreign, to be parsed and checked by the caller. The first is the default
/// or, where `preferred_chain` matches an alternate, that one.
struct issued {
    std::string chain_pem;
    std::string order_url;
};

class client {
public:
    virtual ~client() = default;

    /// Uses this account from now on. `account_url` may be empty if it is not known (yet).
    virtual void use_account(crypto::key account_key, std::string account_url) = 0;
    /// The account URL: looked up by onlyReturnExisting, and registered if there is none (RFC 8555
    /// sections 7.3, 7.3.1).
    virtual awaitable<outcome<std::string>> open_account(registration terms) = 0;

    /// Orders (or resumes), proves all names in parallel, finalizes, downloads. On failure the authorizations
    /// that an abandoned order leaves pending are deactivated as far as the CA answers. `failure::where` says
    /// how far it came. When the order itself is gone or invalid `order_lost(failure)` is true: the next try
    /// starts a new one.
    virtual awaitable<outcome<issued>> issue(issuance request) = 0;

    /// Revokes by the account key, or by `certificate_key` if given (RFC 8555 section 7.6). alreadyRevoked is
    /// success.
    virtual awaitable<outcome<void>> revoke(std::string certificate_der, std::optional<int> reason,
                                            std::optional<crypto::key> certificate_key) = 0;
};

/// Whether the stored order URL must be forgotten after this failure.
bool order_lost(const failure& what) noexcept;

/// All references must outlive the client.
struct client_parts {
    http_client& http;
    time_source& time;
    random_source& random;
    event_sink& events;
};
std::unique_ptr<client> make_client(issuer settings, client_parts parts, asio::any_io_executor executor);

} // namespace evercert::acme
