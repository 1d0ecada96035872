#pragma once
// What a program is called with in each convention, and what its end means. No I/O.
#include "solvers/dns01/exec.hpp"
#include "solvers/dns01/exec_environment.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace evercert::solvers {

enum class hook_operation { add, remove };

/// What a certbot hook is told of the others of its batch, and a cleanup hook of its auth hook.
struct certbot_context {
    std::string all_domains; ///< with commas between
    std::size_t remaining = 0;
    std::string auth_output; ///< foreign
};

struct hook_call {
    std::vector<std::string> argv;
    std::vector<std::pair<std::string, std::string>> environment; ///< goes before all other
    std::string shown; ///< the call for people: keys and tokens are left out, and names are escaped
};

/// More than one task only for dehydrated's chain. Empty argv: there is nothing to call.
hook_call make_hook_call(const exec_settings& settings, hook_operation what,
                         const std::vector<txt_task>& tasks, const certbot_context& context);

/// How long a run may take.
milliseconds run_deadline(const exec_settings& settings);

/// Success, or why not, with the mend.
result<void> judge(const exec_settings& settings, const hook_call& call, const process_outcome& outcome,
                   const secret_environment& secrets);

/// "dns_cf" of "/usr/share/acme/dns_cf.sh"; empty if that is no name of a dnsapi script.
std::string dnsapi_name(std::string_view script);

/// The shell program that stands in for acme.sh around a dnsapi script (the folder acme_sh).
extern const char* const acme_sh_shim;

} // namespace evercert::solvers
