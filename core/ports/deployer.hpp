#pragma once
// Makes servers use the live version of a certificate, and sees for itself that they do.
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/model/identifier.hpp"
#include "core/model/output.hpp"

#include <string>
#include <vector>

namespace evercert {

/// Values only; has a constructor-free life as a named variable at the caller (see the g++ 12 note in the
/// README).
struct deployment_task {
    std::string certificate; ///< managed certificate
    std::vector<identifier> names;
    std::vector<certificate_output> outputs; ///< written first
    std::vector<std::string> deployments;    ///< names under `deployments`, in order
    std::string live_directory;              ///< absolute path of live/<name>
    std::vector<std::string> fingerprints;   ///< SHA-256 of the leaves of which one must be served (one for
                                           ///< each key type: the client's algorithms choose), lower-case hex
    std::vector<std::string>
        predecessors; ///< fingerprints of our older versions: "not yet", not "somebody else's"
};

class deployer {
public:
    virtual ~deployer() = default;
    /// Success means: every deployment tested, reloaded (once for all tasks that arrive within a short
    /// window) and, where it says how, seen serving the new leaf. On error nothing is undone here: the caller
    /// owns what is live.
    virtual awaitable<result<void>> deploy(deployment_task task) = 0;
};

} // namespace evercert
