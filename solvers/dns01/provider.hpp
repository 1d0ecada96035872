#pragma once
// Who can put a TXT record into the DNS. One implementation each for an API, a protocol or a kind of hook.
#include "core/base/async.hpp"
#include "core/base/error.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace evercert::solvers {

/// One TXT record that proves one name. Names are lower case, A-labels, without final dot.
struct txt_task {
    std::string domain; ///< what is proven, without "*."
    std::string token;
    std::string key_authorization;
    std::string record; ///< where the CA looks: "_acme-challenge.example.com"
    std::string
        target;        ///< where CNAMEs lead from there; `record` if there are none. The TXT record goes here
    std::string value; ///< of the TXT record: letters, digits, "-", "_", and what dns-persist-01 needs

    txt_task() = default;
};

/// Calls for different tasks may overlap, on the loop thread; a provider whose API does not stand that puts
/// them in a row itself. Every call ends by its own deadline. Errors say what the operator has to change.
class dns_provider {
public:
    virtual ~dns_provider() = default;
    /// Puts the value beside whatever values the name has already. Again for the same is success.
    virtual awaitable<result<void>> add(txt_task task) = 0;
    /// Takes away this one value and nothing else; success if it is not there. Called for whatever was tried,
    /// also when add failed.
    virtual awaitable<result<void>> remove(txt_task task) = 0;
    /// Whether it wants `target` to be found for it. Hooks and services that follow CNAMEs themselves do not.
    [[nodiscard]] virtual bool wants_target() const noexcept { return true; }
};

} // namespace evercert::solvers
