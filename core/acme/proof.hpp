#pragma once
// Proves all names of one order: the coroutine shell around authorization_flow.
#include "core/acme/authorization_flow.hpp"
#include "core/acme/issue_context.hpp"
#include "core/base/task_group.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evercert::acme {

/// Works on up to 16 authorizations at a time, besides those that wait for their sibling: where caches
/// remember what a CA has looked up (solver::remembered), the CA is asked for a name and its wildcard only
/// when the answers of both are in place, or it would find one of them and not look again for the other. The
/// first that cannot become valid stops the others. However it ends, by cancellation too, every challenge
/// that was presented has been cleaned up when run() returns or throws.
class proof {
public:
    proof(issue_context& context, std::vector<std::string> authorization_urls)
        : context_(context), urls_(std::move(authorization_urls)) {}

    awaitable<outcome<void>> run();
    /// Authorizations that were seen pending and did not become anything else.
    [[nodiscard]] const std::vector<std::string>& left_pending() const noexcept { return left_pending_; }

private:
    struct conversation;

    awaitable<void> work();
    awaitable<void> watch_patience();
    awaitable<outcome<void>> prove(std::string url);
    awaitable<outcome<void>> drive(conversation& with);
    awaitable<authorization_action> look(conversation& with);
    awaitable<authorization_action> present(conversation& with);
    awaitable<authorization_action> make_ready(conversation& with);
    awaitable<authorization_action> trigger(conversation& with);
    awaitable<void> wait_for_turn(conversation& with);
    awaitable<void> wait_for_sibling(conversation& with);
    [[nodiscard]] bool has_sibling_to_come(const conversation& with) const;
    void stir(); ///< something happened that siblings may wait for
    void settle(failure why);
    [[nodiscard]] failure timed_out() const;

    issue_context& context_;
    std::vector<std::string> urls_;
    std::size_t next_ = 0;
    std::size_t workers_ = 0;
    bool stopping_ = false;
    std::optional<failure> verdict_;
    std::vector<std::string> left_pending_;
    std::vector<conversation*> active_;
    task_group* group_ = nullptr;
    std::unique_ptr<timer> patience_;
};

} // namespace evercert::acme
