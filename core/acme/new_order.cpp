// Making an order: what is asked for besides names, and what to do without.
#include "core/acme/new_order.hpp"

#include "core/acme/issue_run.hpp"
#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace evercert::acme {
namespace {

constexpr std::size_t longest_shown_profile = 64;
constexpr std::size_t most_shown_profiles = 16;

// Types that say what is wrong, and it is not `replaces`.
constexpr std::array<std::string_view, 20> other_reasons{"rateLimited",
                                                         "badNonce",
                                                         "rejectedIdentifier",
                                                         "unsupportedIdentifier",
                                                         "invalidProfile",
                                                         "userActionRequired",
                                                         "accountDoesNotExist",
                                                         "externalAccountRequired",
                                                         "badSignatureAlgorithm",
                                                         "badPublicKey",
                                                         "invalidContact",
                                                         "unsupportedContact",
                                                         "caa",
                                                         "dns",
                                                         "connection",
                                                         "tls",
                                                         "incorrectResponse",
                                                         "onionCAARequired",
                                                         "unknownDelegation",
                                                         "orderNotReady"};

bool other_reason(std::string_view type) noexcept {
    return std::ranges::find(other_reasons, type) != other_reasons.end();
}

} // namespace

bool may_blame_replaces(const failure& refused) noexcept {
    if (refused.where != step::new_order) {
        return false;
    }
    const auto& said = refused.said;
    if (said && (said->is("alreadyReplaced") || said->is("conflict"))) {
        return true;
    }
    if (refused.retry_after) {
        return false;
    }
    if (said && (other_reason(said->type) ||
                 std::ranges::any_of(said->subproblems,
                                     [](const problem::sub& part) { return other_reason(part.type); }))) {
        return false;
    }
    switch (refused.http_status) {
    case 405: // the URL, the form or the size of the request
    case 408:
    case 413:
    case 415:
    case 429:
        return false;
    case 500:
        return said && said->is("serverInternal");
    default:
        return refused.http_status >= 400 && refused.http_status <= 499;
    }
}

failure profile_not_listed(const directory& from, std::string_view issuer, std::string_view profile) {
    std::string listed;
    for (std::size_t i = 0; i < std::min(from.profiles.size(), most_shown_profiles); ++i) {
        listed += fmt::format("{}'{}'", i == 0 ? "" : ", ", escape(from.profiles[i], longest_shown_profile));
    }
    if (from.profiles.size() > most_shown_profiles) {
        listed += fmt::format(" and {} more", from.profiles.size() - most_shown_profiles);
    }
    failure why(step::new_order,
                error(errc::invalid_argument,
                      fmt::format("issuer {} does not offer the profile '{}'; it offers {}", issuer,
                                  escape(profile, longest_shown_profile), listed.empty() ? "none" : listed)));
    why.profile_missing = true;
    return why;
}

awaitable<order_action> issue_run::create() {
    const issuance& request = context_.request;
    session& talk = context_.talk;
    const auto where = co_await talk.get_directory_for(request.profile);
    if (!where) {
        co_return failed(where.error());
    }
    if (!request.profile.empty() && !(*where)->lists_profile(request.profile)) {
        co_return failed(profile_not_listed(**where, talk.settings().name, request.profile));
    }
    const auto turn = co_await talk.enter_new_order();
    if (!turn) {
        co_return failed(turn.error());
    }
    // Some CAs that know nothing of it refuse orders with members they do not know.
    std::string replaces = (*where)->renewal_info.empty() ? std::string() : request.replaces;
    auto answer = co_await ask_for_order((*where)->new_order, replaces);
    if (!answer && !replaces.empty() && may_blame_replaces(answer.error())) {
        context_.tell(
            "acme.replaces_dropped", severity::info,
            fmt::format("{}; this may be for naming the certificate that is replaced, so the order is "
                        "asked for once more without",
                        answer.error().cause.message),
            {{"replaces", replaces}, {"reason", answer.error().cause.foreign}});
        replaces.clear();
        answer = co_await ask_for_order((*where)->new_order, replaces);
    }
    if (!answer) {
        failure why = std::move(answer.error());
        talk.note_new_order_failure(why);
        note_profile_refusal(why);
        co_return failed(std::move(why));
    }
    auto url = talk.location(step::new_order, *answer);
    if (!url) {
        co_return failed(std::move(url.error()));
    }
    order_url_ = *url;
    if (request.on_order) {
        accepted_order accepted(std::move(*url), !replaces.empty());
        auto kept = co_await request.on_order(std::move(accepted));
        if (!kept) {
            co_return failed(
                failure(step::new_order, kept.error().within("keeping the URL of the new order")));
        }
    }
    context_.tell("acme.order_created", severity::info, "the CA accepted an order", {{"order", order_url_}});
    co_return seen(step::new_order, *answer);
}

awaitable<outcome<http_response>> issue_run::ask_for_order(std::string url, std::string replaces) {
    signed_request request(step::new_order, std::move(url),
                           new_order_payload(context_.request.names, context_.request.profile, replaces));
    co_return co_await context_.talk.post(std::move(request));
}

void issue_run::note_profile_refusal(failure& why) {
    if (why.said && why.said->is("invalidProfile")) {
        why.profile_missing = !context_.request.profile.empty();
        context_.talk.forget_directory(); // the next try sees which there are now
    }
}

} // namespace evercert::acme
