#pragma once
// What one managed certificate does next: decisions only, no I/O, no clock. The engine performs them.
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/lifecycle/problem_class.hpp"
#include "core/lifecycle/rate_ledger.hpp"
#include "core/model/managed_certificate.hpp"
#include "core/store/records.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace evercert::lifecycle {

using storage::leaf_facts;
using storage::version_facts;

/// Sorted, comma-joined: equal for equal sets of names.
std::string names_key(const std::vector<identifier>& names);
/// Whether `key` is names_key of something with this name in it, or of exactly these.
bool lists_name(std::string_view key, std::string_view name) noexcept;
bool lists_names(std::string_view key, const std::vector<identifier>& names);
/// Changes when a change of the entry makes a failed try worth repeating.
std::string intent_of(const managed_certificate& wanted);

/// An issuer must not be asked for a while, for a reason that is not this certificate's own failure.
struct issuer_hold {
    std::string issuer;
    wall_time until;
    std::string reason;
    bool paused = false;   ///< it fails; otherwise its limits leave no room
    bool give_way = false; ///< the next issuer is tried meanwhile
};

/// All that one certificate's machine knows; a test builds it in a line.
struct machine_state {
    certificate_ptr wanted;
    bool looked = false; ///< the files have been looked at
    std::optional<version_facts> live;
    std::optional<version_facts>
        staged; ///< stored, not (or not successfully) deployed yet: version job.deploying
    storage::job_record job;
    std::vector<issuer_hold> holds; ///< not recorded: whoever pauses tells again after a restart
};

// What happened.
struct looked { ///< at the files and the record
    std::optional<version_facts> live;
    std::optional<version_facts> staged; ///< a usable version that should become live
    std::optional<storage::job_record> job;
};
struct woken {}; ///< nothing but time has passed
struct reconfigured {
    certificate_ptr wanted;
    bool elsewhere = false; ///< it is deployed to others than before; a machine just woken cannot tell
};
struct clock_set_back { ///< while waiting: waits stay as long as they were
    milliseconds by;
};
struct renewal_asked {
    bool at_once = false; ///< without waiting for a backoff
};
struct deployment_asked {};
struct order_begun { ///< the key is durable, the CA is about to be asked for a new order
    storage::order_record order;
    std::optional<spent_order> spent;                         ///< what it takes from the issuer's limits
    std::vector<storage::spent_order_record> still_counted{}; ///< of what was taken before
};
struct order_accepted {
    key_type key = key_type::ecdsa_p256;
    std::string url;
    std::optional<spent_order> spent{}; ///< what it takes from the limits after all: no renewal to the CA
};
struct issued { ///< all key types, stored
    version_facts version;
    std::string issuer;
    std::string profile;
    bool live = false; ///< already
};
struct order_failed {
    std::string issuer;
    verdict judged;
    std::string text; ///< for people, one line
    bool order_lost = false;
    bool unissued = false;                    ///< nothing has come of the order, and nothing will
    bool limited = false;                     ///< one of the CA's limits is reached, by the CA's count
    std::optional<wall_time> limited_until{}; ///< as the CA says
    wall_time issuer_rests_until{};           ///< when it has paused the issuer as a whole
    bool slow = false; ///< the order stands and time alone may mend it: the CA works on it, its answer was
                       ///< lost, our clock is wrong
    key_type key = key_type::ecdsa_p256;          ///< whose order it was
    std::optional<std::string> failed_validation; ///< the name, when the CA could not validate it
};
struct held {
    issuer_hold hold;
};
struct made_live {};
struct deployed {};
struct deployment_failed {
    std::string text;
    std::optional<version_facts> back_to; ///< the version that is live again, if it was switched back
};
struct revocation_asked {
    std::optional<int> reason; ///< RFC 5280 code
};
struct revoked { ///< the CA has confirmed, or a CRL or the CA's renewal information says so
    std::string fingerprint;
};
struct revocation_failed {
    std::string fingerprint;
    bool for_good = false; ///< asking again would not help
};
struct renewal_info_seen {
    std::string fingerprint; ///< of the leaf
    wall_time start;
    wall_time end;
    std::string explanation_url;
};
using machine_event =
    std::variant<looked, woken, reconfigured, clock_set_back, renewal_asked, deployment_asked, order_begun,
                 order_accepted, issued, order_failed, held, made_live, deployed, deployment_failed,
                 revocation_asked, revoked, revocation_failed, renewal_info_seen>;

enum class action {
    look,   ///< at the files
    wait,   ///< until `when`
    order,  ///< (or resume) at `issuer` and store the next version
    deploy, ///< make `staged` live and have it served
    revoke, ///< job.revoking
};

/// Why something is due when it is, for people and machines.
enum class cause {
    none,
    first,        ///< there is no certificate yet
    configured,   ///< the entry was changed
    asked,        ///< by an operator
    revoked,      ///< what is live was revoked
    expired,      ///<
    renewal_info, ///< the CA's window
    lifetime,     ///< the share of its lifetime
    retry,        ///< after a failure
    hold,         ///< its issuer's pause or limits
    deployment,   ///< a stored version waits for its servers
};
std::string_view to_string(cause why) noexcept;

struct next_step {
    action what = action::look;
    wall_time when{}; ///< of wait
    cause why = cause::none;
    std::string reason; ///< why this, or why then
    std::string issuer; ///< of order
};

/// Takes in what happened and says what to do next. Total: any event in any state has an answer, and `wait`
/// is never for longer than the state's own times demand. `random` draws renewal moments and jitter.
next_step resume(machine_state& state, machine_event happened, wall_time now, random_source& random);

} // namespace evercert::lifecycle
