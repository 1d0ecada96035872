#pragma once
// Keeps managed certificates alive: one machine each, one scheduler over all.
#include "core/acme/client.hpp"
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/base/worker_pool.hpp"
#include "core/model/issuer.hpp"
#include "core/model/managed_certificate.hpp"
#include "core/ports/deployer.hpp"
#include "core/ports/event_sink.hpp"
#include "core/ports/solver.hpp"
#include "core/store/repository.hpp"

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
std::string_view to_string(state s) noexcept;

/// Facts about the leaf that is live.
struct live_certificate {
    unsigned version = 0;
    std::string serial;      ///< lower-case hex
    std::string fingerprint; ///< SHA-256, lower-case hex
    std::string issuer;      ///< the CA's common name: foreign text
    wall_time not_before;
    wall_time not_after;
    bool revoked = false;
};

/// A snapshot for status, show and JSON.
struct certificate_status {
    std::string name;
    std::vector<std::string> names;
    std::string issuer;
    std::string challenge;
    std::string key;
    std::vector<std::string> deploy;
    state where = state::starting;
    std::optional<live_certificate> live;
    std::optional<wall_time> next_run;
    std::string next_reason;   ///< "renewal at 2/3 of its lifetime", "retry 3 after a failure"
    unsigned failures = 0;     ///< of ordering, in a row
    std::string problem_class; ///< of the last failure
    std::string problem;       ///< one line: cause and mend; empty when all is well
    std::optional<wall_time> last_failure;
    std::optional<wall_time> last_success;
    bool deployed = false; ///< the live leaf was seen deployed (or there is nothing to deploy)
    unsigned deploy_failures = 0;
    std::string deploy_problem;
    std::string order_url; ///< foreign text
    std::string directory; ///< absolute path of live/<name>
};

/// What the engine is to do: the checked configuration as objects.
struct assignment {
    std::vector<managed_certificate> certificates;
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

    /// Sorted by name.
    [[nodiscard]] virtual std::vector<certificate_status> list() const = 0;
    [[nodiscard]] virtual std::optional<certificate_status> show(std::string_view name) const = 0;

    // Asked for by a person; errc::not_found for an unknown name.
    /// Makes a renewal due. Without `now` a backoff still has to pass; with it, it is tried at once.
    virtual result<void> renew(std::string_view name, bool now) = 0;
    /// Deploys the live version again.
    virtual result<void> deploy(std::string_view name) = 0;
    /// Revokes the live certificate at its CA and returns when the CA has confirmed; a replacement is then
    /// ordered.
    virtual awaitable<result<void>> revoke(std::string name, std::optional<int> reason) = 0;
};

/// Makes the conversation partner for an issuer; called once per issuer (and again when its settings change).
using client_factory = std::function<result<std::unique_ptr<acme::client>>(const issuer&)>;
/// The decoded HMAC key of an external account, read from the file that the configuration names.
using secret_reader = std::function<result<crypto::secret>(const std::string& file)>;

/// All references must outlive the engine.
struct engine_parts {
    storage::repository& repository;
    deployer& deploys;
    event_sink& events;
    time_source& time;
    random_source& random;
    worker_pool& workers;
    client_factory make_client;
    secret_reader read_hmac_key;
    unsigned keep_versions = 10;
};
std::unique_ptr<engine> make_engine(const asio::any_io_executor& executor, engine_parts parts);

} // namespace evercert::lifecycle
