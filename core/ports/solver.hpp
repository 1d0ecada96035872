#pragma once
// What makes a challenge answerable (RFC 8555 section 8). Core decides, a solver acts; it never sees an
// account key.
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/model/identifier.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evercert {

/// One challenge to make answerable. The token has been checked to be [A-Za-z0-9_-]+ (RFC 8555 section
/// 8.1), or is empty: dns-persist-01 has none.
struct challenge_task {
    identifier name; ///< without "*."
    std::string token;
    std::string key_authorization; ///< token "." thumbprint, finished
    /// Called on the loop thread each time the CA was seen asking, if the solver can know; may be empty.
    std::function<void()> on_fetched;
    bool wildcard = false;                     ///< what is proven is "*." before `name`
    std::string account_url;                   ///< of the account that orders
    std::string thumbprint;                    ///< of its key (RFC 7638)
    std::vector<std::string> issuer_domains{}; ///< dns-persist-01: what the CA calls itself; foreign text
    std::string account_hash_prefix{};         ///< dns-persist-01 from draft 02 on; foreign text

    challenge_task(identifier n, std::string t, std::string k, std::function<void()> f = {})
        : name(std::move(n))
        , token(std::move(t))
        , key_authorization(std::move(k))
        , on_fetched(std::move(f)) {}
};

class solver {
public:
    virtual ~solver() = default;
    /// "http-01"
    [[nodiscard]] virtual std::string_view challenge_type() const noexcept = 0;
    /// Whether caches keep what a CA has looked up: then all that is to be found at one place has to be there
    /// before a CA looks for the first time.
    [[nodiscard]] virtual bool remembered() const noexcept { return false; }
    /// MUST return quickly and MAY be called again for the same task. An error means the challenge must not
    /// be answered.
    virtual awaitable<result<void>> present(challenge_task task) = 0;
    /// The slow part, if any (waiting for DNS servers); cancellable.
    virtual awaitable<result<void>> wait_ready(challenge_task task) = 0;
    /// MUST free all that present made, MUST NOT need present to have succeeded, never fails an order.
    /// When it returns, the answer is no longer served.
    virtual awaitable<void> clean_up(challenge_task task) = 0;
};

/// Who may answer for a name (as it stands in the order), in order of preference. Gives the same for as long
/// as an issuance lasts.
using solver_choice = std::function<std::vector<solver*>(const identifier& name)>;

} // namespace evercert
