#pragma once
// Programs that put TXT records into the DNS, in the calling conventions of lego, certbot, dehydrated and
// acme.sh, so that the scripts which people have run as they are.
#include "core/base/time.hpp"
#include "core/base/worker_pool.hpp"
#include "core/ports/process_runner.hpp"
#include "solvers/dns01/provider.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace evercert::solvers {

enum class hook_convention {
    lego,       ///< PROGRAM present|cleanup NAME. VALUE; the name is where CNAMEs lead
    lego_raw,   ///< EXEC_MODE=RAW: PROGRAM present|cleanup -- DOMAIN TOKEN KEYAUTHORIZATION
    certbot,    ///< --manual-auth-hook and --manual-cleanup-hook: CERTBOT_... in the environment
    dehydrated, ///< PROGRAM deploy_challenge|clean_challenge DOMAIN TOKEN VALUE, or several triples (`chain`)
    acme_sh,    ///< a dnsapi script dns_NAME.sh with functions dns_NAME_add and dns_NAME_rm
};

struct exec_settings {
    hook_convention convention = hook_convention::lego;
    /// The program and arguments that go before those of the convention (certbot: the auth hook). acme_sh:
    /// one element, the absolute path of the script.
    std::vector<std::string> program;
    std::vector<std::string> cleanup; ///< certbot only: the cleanup hook; empty: nothing is cleaned up
    /// Files of NAME=value lines for the program's environment, a later file before an earlier one. Read
    /// before each call; what is in them is secret.
    std::vector<std::string> environment_files;
    std::vector<std::pair<std::string, std::string>> environment; ///< goes before the files
    std::string account_conf; ///< acme_sh only: an account.conf of acme.sh, read, never written; or empty
    /// acme_sh only: an absolute folder where scripts keep what they save (made 0700). Empty: what is saved
    /// is forgotten when the script ends.
    std::string state_folder;
    bool chain = false; ///< dehydrated only: HOOK_CHAIN=yes; implies one_at_a_time
    /// One call at a time, in the order of coming. All four tools call scripts so, and many a script rewrites
    /// a whole zone: overlapping is for programs that are known to stand it.
    bool one_at_a_time = true;
    milliseconds deadline{0}; ///< of one run; 0 is 60 s, for acme_sh 120 s
    milliseconds gather{300}; ///< how long the first waits for others of its batch (certbot, chain)
    std::size_t output_limit = 16 * 1024; ///< of what one run says, so much of the end is kept
};

/// The settings can be used, or errc::invalid_argument with the mend. Looks at no file.
result<void> check(const exec_settings& settings);

/// `settings` must have passed the check. Errors of calls: errc::not_found (no such program), timed_out,
/// refused (it failed, or was killed), io and parse (environment files). They name the program, how it was
/// called and the mend; what it printed is `foreign`, without the values of environment files. Cancelling a
/// waiting call leaves the others in their order; cancelling a running one ends the program and all it
/// started. All that is passed must outlive the provider, and the provider its calls.
std::unique_ptr<dns_provider> make_exec_provider(process_runner& runner, time_source& time,
                                                 worker_pool& workers, exec_settings settings);

} // namespace evercert::solvers
