#pragma once
// What one managed certificate does next: decisions only, no I/O, no clock. The engine performs them.
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/lifecycle/problem_class.hpp"
#include "core/model/managed_certificate.hpp"
#include "core/store/records.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace evercert::lifecycle {

/// What deciding needs to know of a stored version.
struct version_facts {
    unsigned number = 0;
    std::string fingerprint; ///< SHA-256 of the leaf, lower-case hex
    std::string serial;
    std::string issuer_name; ///< the CA's common name: foreign text
    std::string names;       ///< as names_key()
    std::string key_digest;  ///< hex of the public key's digest
    key_type key = key_type::ecdsa_p256;
    wall_time not_before;
    wall_time not_after;
    bool just_staged =
        false; ///< stored and read back a moment ago: not to be checked again before it goes live

    friend bool operator==(const version_facts&, const version_facts&) = default;
};

/// Sorted, comma-joined: equal for equal sets of names.
std::string names_key(std::vector<identifier> names);
/// Changes when a change of the entry makes a failed try worth repeating.
std::string intent_of(const managed_certificate& wanted);

/// All that one certificate's machine knows; a test builds it in a line.
struct machine_state {
    managed_certificate wanted;
    bool looked = false; ///< the files have been looked at
    std::optional<version_facts> live;
    std::optional<version_facts>
        staged; ///< stored, not (or not successfully) deployed yet: version job.deploying
    storage::job_record job;
};

// What happened.
struct looked { ///< at the files and the record
    std::optional<version_facts> live;
    std::optional<version_facts> staged; ///< a usable version that should become live
    std::optional<storage::job_record> job;
};
struct woken {}; ///< nothing but time has passed
struct reconfigured {
    managed_certificate wanted;
};
struct renewal_asked {
    bool at_once = false; ///< without waiting for a backoff
};
struct deployment_asked {};
struct order_begun { ///< the key is durable, the CA is about to be asked
    std::string key_digest;
};
struct order_accepted {
    std::string url;
};
struct issued {
    version_facts version;
};
struct order_failed {
    verdict judged;
    std::string text; ///< for people, one line
    bool order_lost = false;
};
struct made_live {};
struct deployed {};
struct deployment_failed {
    std::string text;
    std::optional<version_facts> back_to; ///< the version that is live again, if it was switched back
};
struct revoked {
    std::string fingerprint;
};
using machine_event =
    std::variant<looked, woken, reconfigured, renewal_asked, deployment_asked, order_begun, order_accepted,
                 issued, order_failed, made_live, deployed, deployment_failed, revoked>;

enum class action {
    look,   ///< at the files
    wait,   ///< until `when`
    order,  ///< (or resume job.order_url) and store the next version
    deploy, ///< make `staged` live and have it served
};
struct next_step {
    action what = action::look;
    wall_time when{};   ///< of wait
    std::string reason; ///< why this, or why then
};

/// Takes in what happened and says what to do next. Total: any event in any state has an answer, and `wait`
/// is never for longer than the state's own times demand. `random` draws renewal moments and jitter.
next_step resume(machine_state& state, const machine_event& happened, wall_time now, random_source& random);

} // namespace evercert::lifecycle
