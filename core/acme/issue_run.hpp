#pragma once
// One issuance: the coroutine shell around order_flow.
#include "core/acme/issue_context.hpp"
#include "core/acme/order_flow.hpp"
#include "core/acme/poll_pace.hpp"

#include <optional>
#include <string>
#include <vector>

namespace evercert::acme {

class issue_run {
public:
    explicit issue_run(issue_context& context)
        : context_(context)
        , flow_(context.request.names, context.request.order_url, context.request.profile)
        , order_url_(context.request.order_url) {}

    /// See client::issue.
    awaitable<outcome<issued>> go();

private:
    awaitable<order_action> create(); ///< in new_order.cpp, with what belongs to it
    awaitable<outcome<http_response>> ask_for_order(std::string url, std::string replaces);
    void note_profile_refusal(failure& why);
    awaitable<order_action> fetch();
    awaitable<order_action> wait_and_fetch();
    awaitable<order_action> prove();
    awaitable<order_action> finalize();
    awaitable<order_action> download();
    awaitable<outcome<http_response>> chain_at(std::string url);
    awaitable<std::string> preferred(http_response standard);
    awaitable<void> explain(failure& why);
    awaitable<void> abandon();

    order_action failed(failure why) { return flow_.resume(order_event(std::move(why))); }
    order_action seen(step where, const http_response& answer);

    issue_context& context_;
    order_flow flow_;
    poll_pace pace_{poll_kind::order};
    std::string order_url_;
    std::string chain_pem_;
    std::vector<std::string> left_pending_;
    bool finalized_ = false;
    std::optional<steady_time> processing_since_;
};

} // namespace evercert::acme
