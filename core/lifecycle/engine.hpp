#pragma once
// Keeps managed certificates alive: one machine each, one scheduler over all.
#include "core/acme/client.hpp"
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/base/worker_pool.hpp"
#include "core/lifecycle/machine.hpp"
#include "core/lifecycle/rate_ledger.hpp"
#include "core/lifecycle/revocation_watch.hpp"
#include "core/lifecycle/vault.hpp"
#include "core/model/issuer.hpp"
#include "core/model/issuer_facts.hpp"
#include "core/model/managed_certificate.hpp"
#include "core/ports/deployer.hpp"
#include "core/ports/event_sink.hpp"
#include "core/ports/preflight.hpp"
#include "core/ports/solver.hpp"
#include "core/store/repository.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evercert::lifecycle {

/// Where a certificate is, in words an operator recognises.
enum class state {
    starting,  ///< its files have not been looked at yet
    waiting,   ///< a good certificate is live; the next renewal has its time
    queued,    ///< due, waiting for a free place at its issuer
    ordering,  ///< a conversation with the CA is under way
    deploying, ///< a version is being switched live, servers are being reloaded and looked at
    failing,   ///< the last try to order or to deploy failed; the next one has its time
};
inline constexpr std::array all_states{state::starting, state::waiting,   state::queued,
                                       state::ordering, state::deploying, state::failing};
std::string_view to_string(state s) noexcept;

/// Facts about a leaf that is live.
struct live_certificate {
    unsigned version = 0;
    key_type key = key_type::ecdsa_p256;
    std::string serial;      ///< lower-case hex
    std::string fingerprint; ///< SHA-256, lower-case hex
    std::string issuer;      ///< the CA's common name: foreign text
    wall_time not_before;
    wall_time not_after;
    bool revoked = false;
};

/// What stands between a certificate and one of its issuers.
struct issuer_state {
    std::string name;
    unsigned failures = 0; ///< of this certificate there, in a row
    std::string problem_class;
    std::string problem;                      ///< one line: cause and mend; empty when all is well
    std::optional<wall_time> first_failure{}; ///< of those; not in the socket's JSON
    std::optional<wall_time> last_failure;
    std::optional<wall_time> not_before; ///< nothing is tried there before this
    std::string held_because;            ///< the issuer's pause or limits
};

/// The CA's own word on when to renew (RFC 9773).
struct renewal_window_state {
    wall_time start;
    wall_time end;
    wall_time moment;            ///< drawn inside
    std::string explanation_url; ///< foreign text
};

/// A snapshot for status, show, explain and JSON.
struct certificate_status {
    std::string name;
    std::vector<std::string> names;
    std::string issuer; ///< where it came from, else the preferred one
    std::vector<std::string> issuers;
    std::string challenge;
    std::vector<std::string> keys;
    std::string profile;
    bool reuse_key = false;
    std::vector<certificate_output> outputs; ///< with "{name}" filled in
    std::vector<std::string> deploy;
    state where = state::starting;
    std::optional<live_certificate> live;     ///< of the first key type
    std::vector<live_certificate> other_keys; ///< of the others
    std::optional<wall_time> next_run;
    cause next_cause = cause::none;
    std::string next_reason;   ///< "renewal at 2/3 of its lifetime", "retry 3 after a failure"
    unsigned failures = 0;     ///< of ordering, in a row
    std::string problem_class; ///< of the last failure
    std::string problem;       ///< one line: cause and mend; empty when all is well
    std::optional<wall_time> last_failure;
    std::optional<wall_time> last_success;
    bool deployed = false; ///< the live leaf was seen deployed (or there is nothing to deploy)
    unsigned deploy_failures = 0;
    std::string deploy_problem;
    std::string order_url;        ///< foreign text
    std::string directory;        ///< absolute path of live/<name>
    std::vector<issuer_state> at; ///< only issuers with trouble
    std::optional<renewal_window_state> window;
    bool revoking = false; ///< a revocation was asked for and is not confirmed yet
    /// Why the CRL that its leaf names cannot be used: known to examine() only, empty when all is well.
    std::string crl_problem;
    /// What is wrong with standing DNS records that prove its names (dns-persist-01), likewise.
    std::string record_problem;
};

/// One line of `evercert plan`.
struct planned_step {
    std::string certificate;
    wall_time when;
    state where = state::waiting;
    cause why = cause::none;
    std::string reason;
    std::string issuer;
    wall_time expires{}; ///< of the live leaf; the epoch if there is none
};

/// An account as `evercert account` shows it.
struct account_status {
    std::string issuer;
    std::string directory;
    std::string url;        ///< empty: none yet
    std::string key;        ///< type
    std::string thumbprint; ///< RFC 7638, for CAA accounturi's neighbours and dns-persist
    std::string contacts;   ///< comma-joined, as last sent
    bool configured = true; ///< its issuer is in the configuration
    bool deactivated = false;
    std::string at_the_ca; ///< status the CA tells: only from show; foreign text
    std::string trouble;   ///< why the CA could not be asked; empty otherwise
    std::vector<rate_ledger::level> limits;
};

/// What is left of a CA's limits for our account there.
struct issuer_budget {
    std::string issuer;
    std::vector<rate_ledger::level> limits; ///< the account's, and the emptiest of the others
};

/// What was found when somebody asked what stands in the way.
struct diagnosis {
    std::string certificate;
    std::string issuer; ///< for which it was looked at: the preferred one
    std::vector<finding> findings;
};

/// What the engine is to do: the checked configuration as objects.
struct assignment {
    std::vector<certificate_ptr> certificates;
    std::map<std::string, issuer> issuers;
    std::map<std::string, solver*>
        solvers; ///< by challenge name; they outlive the engine or the next assignment
};

class engine {
public:
    virtual ~engine() = default;

    /// Takes over this assignment: what did not change is not disturbed, changed entries are decided anew,
    /// removed ones are stopped (their files stay). The first call starts the work. Never waits for a CA.
    virtual void assign(assignment what) = 0;
    /// Resumes when nothing is due: every certificate is waiting, or failing with its next try in the future
    /// (--once).
    virtual awaitable<void> settle() = 0;
    /// Stops: no new work; what is under way gets `patience` to finish, then is cancelled. Everything is
    /// resumable.
    virtual awaitable<void> stop(milliseconds patience) = 0;

    /// Sorted by name: at most so many of those that come after `after`, as all at once take a kilobyte and
    /// more each. Of certificates at rest only what is kept in memory: no problem, no order, no window.
    [[nodiscard]] virtual std::vector<certificate_status> list(std::string_view after = {},
                                                               std::size_t most = SIZE_MAX) const = 0;
    /// How many are in which state; all states are there.
    [[nodiscard]] virtual std::map<state, std::size_t> count() const = 0;
    /// Each has a live certificate, nothing has failed and nothing is under way.
    [[nodiscard]] virtual bool all_well() const = 0;
    /// As list() tells it.
    [[nodiscard]] virtual std::optional<certificate_status> show(std::string_view name) const = 0;
    /// All there is, read from the record if need be; errc::not_found for an unknown name.
    virtual awaitable<result<certificate_status>> examine(std::string name) = 0;
    /// What will happen, soonest first.
    [[nodiscard]] virtual std::vector<planned_step> plan() const = 0;

    /// Of issuers that something was ordered from, as far as records tell; by name.
    [[nodiscard]] virtual std::vector<issuer_budget> budgets() const = 0;

    // Asked for by a person; errc::not_found for an unknown name.
    /// Makes a renewal due. Without `now` a backoff still has to pass; with it, it is tried at once.
    virtual result<void> renew(std::string_view name, bool now) = 0;
    /// Deploys the live version again.
    virtual result<void> deploy(std::string_view name) = 0;
    /// Revokes the live certificate (all its key types) at its CA and returns when the CA has confirmed. Its
    /// replacement, with another key, is deployed before that where it can be had within a few minutes; a
    /// compromised key (reason 1) is not waited for longer than one failed try.
    virtual awaitable<result<void>> revoke(std::string name, std::optional<int> reason) = 0;

    /// What each issuer of a certificate, in its order of preference, says of itself and of our account
    /// there, which is opened (registered, if need be) as an order would. An issuer that cannot be asked says
    /// why in `trouble`; the call as a whole fails only with errc::not_found, for an unknown certificate.
    virtual awaitable<result<std::vector<issuer_facts>>> facts(std::string certificate) = 0;
    /// Looks at all that a CA would look at, without asking it to; errc::not_found for an unknown name. Takes
    /// some ten seconds at most, once the issuer has answered.
    virtual awaitable<result<diagnosis>> diagnose(std::string certificate) = 0;

    // Accounts, by issuer.
    /// Those that the certificates are to come from, and those that there are files of.
    virtual awaitable<std::vector<account_status>> accounts() = 0;
    /// Asks the CA too.
    virtual awaitable<result<account_status>> account(std::string issuer) = 0;
    /// Gives the account a new key (RFC 8555 section 7.3.5), durable at each step.
    virtual awaitable<result<account_status>> roll_over_account(std::string issuer) = 0;
    /// For good: certificates stay valid, nothing more is ordered at this issuer until its account files are
    /// removed.
    virtual awaitable<result<account_status>> deactivate_account(std::string issuer) = 0;
};

/// Makes the conversation partner for an issuer; called once per issuer (and again when its settings change).
using client_factory = std::function<result<std::unique_ptr<acme::client>>(const issuer&)>;
/// The decoded HMAC key of an external account, read from where the configuration says.
using secret_reader = std::function<result<crypto::secret>(const external_account& whose)>;
/// Asks the CRL that a leaf names; see revocation_watch::check.
using crl_checker = std::function<awaitable<crl_answer>(watched_leaf leaf,
                                                        std::shared_ptr<const crypto::certificate> issuer)>;
/// The same from what is at hand; see revocation_watch::cached.
using crl_peek =
    std::function<std::optional<crl_answer>(const watched_leaf& leaf, const crypto::certificate& issuer)>;
/// See preflight::examine.
using preflight_look = std::function<awaitable<std::vector<finding>>(preflight_request request)>;

/// All references must outlive the engine.
struct engine_parts {
    storage::repository& repository; ///< accounts
    vault& files;                    ///< certificates
    deployer& deploys;
    event_sink& events;
    time_source& time;
    random_source& random;
    worker_pool& workers;
    client_factory make_client;
    secret_reader read_hmac_key;
    crl_checker check_crl;       ///< none: CRLs are not looked at
    crl_peek peek_crl{};         ///< none: what is wrong with a CRL is told in the log only
    preflight_look look_ahead{}; ///< none: orders go straight to the CA
    /// What is known to be wrong with a certificate's standing DNS records; none: nothing ever is.
    std::function<std::string(const std::string& certificate)> peek_records{};
    unsigned keep_versions = 10;
};
std::unique_ptr<engine> make_engine(const asio::any_io_executor& executor, engine_parts parts);

} // namespace evercert::lifecycle
