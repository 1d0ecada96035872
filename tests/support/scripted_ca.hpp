#pragma once
// An ACME CA inside the test: no sockets, no time of its own. It is honest and strict (signatures, nonces,
// URLs and payloads are checked) unless a knob or a hook says otherwise.
#include "core/base/time.hpp"
#include "core/ports/http_client.hpp"
#include "tests/support/jws_check.hpp"
#include "tests/support/test_pki.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace evercert::testing {

/// What a hook sees of a request.
struct ca_request {
    std::size_t index = 0; ///< since the CA was made
    std::string method;
    std::string path;    ///< "/new-order"
    std::string payload; ///< of the JWS
    std::string kid;
    std::string purpose; ///< what it says of itself, for measuring
};

class scripted_ca : public http_client {
public:
    static constexpr std::string_view origin = "https://ca.example";
    static std::string directory_url() { return std::string(origin) + "/directory"; }

    explicit scripted_ca(time_source& time) : time_(time) {}

    awaitable<result<http_response>> send(http_request request) override;

    // What it is asked, as "POST /new-order".
    std::vector<std::string> log;
    std::vector<ca_request> requests;
    [[nodiscard]] std::size_t count(std::string_view line) const;

    // Knobs.
    bool external_account_required = false;
    std::map<std::string, std::string> external_accounts; ///< key id -> HMAC key bytes; each can be used once
    bool terms = true;                                    ///< it has terms, and wants them agreed to
    std::set<std::string> algorithms{"ES256"};            ///< of account keys
    bool key_change = true;                               ///< the directory has keyChange
    std::vector<std::string> profiles;                    ///< in the directory; the first is the default
    std::string renewal_info_path; ///< the directory has renewalInfo with this path ("/renewal-info")
    std::map<std::string, http_response> renewal_infos; ///< certificate id -> the answer, as it is
    std::optional<http_response> refuse_replaces;       ///< the answer to newOrder with `replaces`
    std::function<std::optional<std::string>(const std::string& name, const std::string& token)>
        fetch;                      ///< what is served
    unsigned fetches = 3;           ///< of each challenge, when it is triggered
    unsigned polls_until_valid = 0; ///< authorization polls that still say pending after the trigger
    bool valid_at_once = false;     ///< the answer to the trigger says valid already
    bool never_validates = false;
    bool born_valid = false;           ///< authorizations need no challenge
    std::set<std::string> unreachable; ///< names whose validation fails
    unsigned processing_polls = 1; ///< order polls until the certificate is there; 0: finalize answers valid
    bool never_signs = false;
    std::string order_retry_after;
    std::string authorization_retry_after;
    std::string token_text; ///< instead of a good one
    unsigned alternates = 0;
    milliseconds latency{0};

    /// Answers instead of the CA, which then never sees the request.
    std::function<std::optional<result<http_response>>(const ca_request&)> before;
    /// Changes an answer after the CA has acted, or loses it.
    std::function<result<http_response>(const ca_request&, http_response)> after;

    /// A restart with loss of all state but the CA's own keys.
    void forget_everything();
    void forget_accounts() { accounts.clear(); }
    /// Makes the nonces handed out so far useless.
    void forget_nonces() { nonces_.clear(); }

    struct account_record {
        std::string jwk; ///< canonical
        std::string status = "valid";
        std::vector<std::string> contacts;
    };
    struct order_record {
        std::vector<identifier> names;
        std::string profile;
        std::string replaces;
        std::vector<std::size_t> authorizations;
        std::string status = "pending";
        unsigned polls = 0;
        std::string chain_pem;
    };
    struct authorization_record {
        identifier name;
        std::string token;
        std::string status = "pending";
        std::string challenge_status = "pending";
        bool triggered = false;
        unsigned polls = 0;
        std::string thumbprint; ///< of the account that triggered
        bool answer_wrong = false;
    };
    std::map<std::string, account_record> accounts; ///< by URL
    std::vector<order_record> orders;
    std::vector<authorization_record> authorizations;
    std::vector<std::pair<std::string, std::optional<std::int64_t>>> revoked; ///< DER and reason

    /// An answer of renewalInfo. No Retry-After when that is empty.
    static http_response renewal_window(std::string_view start, std::string_view end,
                                        std::string_view retry_after = "21600");
    static http_response problem(unsigned status, std::string_view type, std::string_view detail = "because");
    [[nodiscard]] const test_ca& pki() const;

private:
    awaitable<result<http_response>> converse(http_request request);
    http_response answer(const http_request& request, ca_request& seen);
    http_response directory() const;
    http_response renewal_info(const http_request& request, const std::string& id) const;
    http_response signed_answer(const http_request& request, ca_request& seen);
    http_response new_account(const opened_jws& jws);
    bool bind(const json::value& binding, const opened_jws& jws);
    http_response account(const opened_jws& jws);
    http_response change_key(const opened_jws& outer);
    http_response new_order(const opened_jws& jws);
    http_response authorization(std::size_t number, const std::string& payload);
    http_response challenge(std::size_t number, const opened_jws& jws);
    http_response finalize(std::size_t number, const std::string& payload);
    http_response order(std::size_t number, bool polled);
    http_response chain(std::size_t number, bool alternate);
    http_response revoke(const opened_jws& jws);
    std::string fresh_nonce();
    std::string challenge_json(std::size_t number) const;
    void validate(authorization_record& one);
    void refresh(order_record& one);

    time_source& time_;
    std::set<std::string> nonces_;
    std::size_t next_nonce_ = 1;
    std::size_t next_account_ = 1;
    std::set<std::string> used_external_accounts_;
};

} // namespace evercert::testing
