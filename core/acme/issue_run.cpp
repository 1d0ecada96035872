#include "core/acme/issue_run.hpp"

#include "core/acme/chain_choice.hpp"
#include "core/acme/link_header.hpp"
#include "core/acme/proof.hpp"
#include "core/acme/url_policy.hpp"
#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace evercert::acme {
namespace {

constexpr std::size_t chain_limit = 1024 * 1024;
constexpr std::size_t most_alternates = 10;
constexpr std::size_t most_explained = 16;
constexpr std::string_view chain_media_type = "application/pem-certificate-chain";

/// A stored order URL that leads nowhere any more: the CA forgot the order, or it belongs to another account.
bool forgotten(const failure& why) noexcept {
    return why.http_status == 404 || why.http_status == 410 ||
           (why.said && (why.said->is("unauthorized") || why.said->is("malformed")));
}

} // namespace

awaitable<outcome<issued>> issue_run::go() {
    order_action next = flow_.resume(order_event(order_event::kind::started));
    for (;;) {
        switch (next) {
        case order_action::create:
            next = co_await create();
            break;
        case order_action::fetch:
            next = co_await fetch();
            break;
        case order_action::wait_and_fetch:
            next = co_await wait_and_fetch();
            break;
        case order_action::prove:
            next = co_await prove();
            break;
        case order_action::finalize:
            next = co_await finalize();
            break;
        case order_action::download:
            next = co_await download();
            break;
        case order_action::finish: {
            issued what;
            what.chain_pem = std::move(chain_pem_);
            what.order_url = order_url_;
            co_return what;
        }
        case order_action::fail: {
            failure why = flow_.trouble();
            why.finalized = finalized_;
            co_await explain(why);
            if (order_lost(why)) {
                co_await abandon();
            }
            co_return std::unexpected(std::move(why));
        }
        }
    }
}

order_action issue_run::seen(step where, const http_response& answer) {
    const auto object = read_object(where, answer);
    if (!object) {
        return failed(object.error());
    }
    auto parsed = parse_order(*object, context_.directory_url());
    if (!parsed) {
        failure why(where, std::move(parsed.error()));
        why.http_status = static_cast<int>(answer.status);
        return failed(std::move(why));
    }
    if (parsed->status == order_status::processing || parsed->status == order_status::valid) {
        finalized_ = true;
        processing_since_ = processing_since_.value_or(context_.time().steady_now());
    }
    const order_action next = flow_.resume(order_event(std::move(*parsed)));
    if (next == order_action::wait_and_fetch) {
        pace_.answered(context_.time().steady_now(), context_.talk.asked_wait(answer));
    }
    return next;
}

awaitable<order_action> issue_run::fetch() {
    const bool first_look = flow_.state() == order_state::fetching;
    signed_request request(step::order, order_url_);
    auto answer = co_await context_.talk.post(std::move(request));
    if (!answer) {
        failure why = std::move(answer.error());
        why.order_gone = why.where == step::order && forgotten(why);
        co_return failed(std::move(why));
    }
    const order_action next = seen(step::order, *answer);
    if (first_look && next != order_action::fail) {
        context_.tell(
            "acme.order_resumed", severity::info,
            fmt::format("an order from before is continued; it is {}", to_string(flow_.current().status)),
            {{"order", order_url_}});
    }
    co_return next;
}

awaitable<order_action> issue_run::wait_and_fetch() {
    const steady_time due = pace_.due();
    const steady_time now = context_.time().steady_now();
    const steady_time deadline =
        processing_since_
            ? std::min(context_.deadline, *processing_since_ + context_.request.processing_patience)
            : context_.deadline;
    if (due > deadline) {
        const auto wait = std::chrono::ceil<milliseconds>(due - now);
        co_return flow_.resume(order_event::impatient(std::max<milliseconds>(wait, shortest_asked_wait)));
    }
    if (due > now) {
        const auto alarm = context_.time().make_timer();
        co_await alarm->wait_until(due);
    }
    co_return co_await fetch();
}

awaitable<order_action> issue_run::prove() {
    const auto& urls = flow_.current().authorizations;
    if (!context_.request.answers) {
        co_return failed(
            failure(step::authorization, error(errc::invalid_argument, "no challenge is configured for this "
                                                                       "certificate")));
    }
    // One each and a few to spare: the CA does not get to choose how much work we do.
    if (urls.size() > context_.request.names.size() + 16) {
        failure why(step::order,
                    error(errc::protocol, fmt::format("the CA's order has {} authorizations for {} names",
                                                      urls.size(), context_.request.names.size())));
        why.order_gone = true;
        co_return failed(std::move(why));
    }
    proof all(context_, urls);
    auto proven = co_await all.run();
    if (!proven) {
        left_pending_ = all.left_pending();
        failure why = std::move(proven.error());
        why.order_gone = why.order_gone || (why.where == step::authorization &&
                                            (why.http_status == 404 || why.http_status == 410));
        co_return failed(std::move(why));
    }
    co_return flow_.resume(order_event(order_event::kind::proven));
}

awaitable<order_action> issue_run::finalize() {
    finalized_ = true; // from here on an answer may be lost
    signed_request request(step::finalize, flow_.current().finalize, finalize_payload(context_.request.csr));
    auto answer = co_await context_.talk.post(std::move(request));
    if (!answer) {
        failure why = std::move(answer.error());
        if (why.said && why.said->is("orderNotReady")) {
            pace_.answered(context_.time().steady_now(), why.retry_after);
            co_return flow_.resume(order_event(order_event::kind::not_ready, std::move(why)));
        }
        note_profile_refusal(why);
        // An order with a profile that the CA has withdrawn stays as it is until it expires.
        why.order_gone = why.where == step::finalize &&
                         (why.profile_missing || why.http_status == 404 || why.http_status == 410);
        co_return failed(std::move(why));
    }
    context_.tell("acme.finalized", severity::debug, "the CA took the certificate request");
    co_return seen(step::finalize, *answer);
}

awaitable<outcome<http_response>> issue_run::chain_at(std::string url) {
    signed_request request(step::certificate, std::move(url));
    request.accept = chain_media_type;
    request.body_limit = chain_limit;
    auto answer = co_await context_.talk.post(std::move(request));
    if (!answer) {
        co_return answer;
    }
    const auto field = answer->header("Content-Type");
    const bool right_type = equals_ignoring_case(trim(field.substr(0, field.find(';'))), chain_media_type);
    if (!right_type || answer->body.empty()) {
        failure why(
            step::certificate,
            error(errc::protocol,
                  right_type ? std::string("the CA answered with an empty certificate chain")
                             : fmt::format("the CA answered with something that is not {}", chain_media_type),
                  std::string(field.substr(0, 100))));
        why.http_status = static_cast<int>(answer->status);
        co_return std::unexpected(std::move(why));
    }
    co_return answer;
}

awaitable<order_action> issue_run::download() {
    auto answer = co_await chain_at(flow_.current().certificate);
    if (!answer) {
        failure why = std::move(answer.error());
        why.order_gone = why.where == step::certificate && (why.http_status == 404 || why.http_status == 410);
        co_return failed(std::move(why));
    }
    if (context_.request.preferred_chain.empty()) {
        chain_pem_ = std::move(answer->body);
    } else {
        chain_pem_ = co_await preferred(std::move(*answer));
    }
    co_return flow_.resume(order_event(order_event::kind::downloaded));
}

awaitable<std::string> issue_run::preferred(http_response standard) {
    const std::string& wanted = context_.request.preferred_chain;
    if (chain_matches(standard.body, wanted)) {
        co_return std::move(standard.body);
    }
    const auto alternates =
        links_of(standard.all("Link"), "alternate", flow_.current().certificate, most_alternates);
    for (const auto& target : alternates) {
        const auto url = accept_url(target, context_.directory_url());
        if (!url) {
            continue;
        }
        auto answer = co_await chain_at(*url);
        if (answer && chain_matches(answer->body, wanted)) {
            co_return std::move(answer->body);
        }
    }
    context_.tell("acme.preferred_chain_missing", severity::warning,
                  fmt::format("none of the CA's {} chains has the preferred top; its default is used",
                              alternates.size() + 1),
                  {{"preferred_chain", wanted}});
    co_return std::move(standard.body);
}

/// Some CAs leave out why an order is invalid; one of its challenges knows.
awaitable<void> issue_run::explain(failure& why) {
    if (why.said || why.where != step::order || flow_.current().status != order_status::invalid) {
        co_return;
    }
    const auto urls = flow_.current().authorizations;
    for (std::size_t i = 0; i < std::min(urls.size(), most_explained); ++i) {
        signed_request request(step::authorization, urls[i]);
        const auto answer = co_await context_.talk.post(std::move(request));
        if (!answer) {
            co_return;
        }
        const auto object = read_object(step::authorization, *answer);
        if (!object) {
            continue;
        }
        const auto parsed = parse_authorization(*object, context_.directory_url());
        if (parsed && parsed->trouble() != nullptr) {
            why.said = *parsed->trouble();
            why.name = parsed->name;
            why.cause.message += fmt::format(": {} for {}", type_word(*why.said), parsed->name.value);
            why.cause.foreign = foreign_text(*why.said);
            co_return;
        }
    }
}

awaitable<void> issue_run::abandon() {
    for (const auto& url : std::exchange(left_pending_, {})) {
        signed_request request(step::authorization, url, deactivation_payload());
        const auto answer = co_await context_.talk.post(std::move(request));
        if (!answer && answer.error().http_status == 0) {
            co_return; // the CA is out of reach; what is left expires by itself
        }
    }
}

} // namespace evercert::acme
