#include "core/acme/session.hpp"

#include "core/acme/account.hpp"
#include "core/acme/retry_after.hpp"
#include "core/acme/url_policy.hpp"

#include <fmt/format.h>

namespace evercert::acme {
namespace {

constexpr auto directory_life = std::chrono::hours(24);
constexpr auto proof_life = std::chrono::minutes(10);

} // namespace

void session::use_account(crypto::key account_key, std::string account_url) {
    thumbprint_ = account_key.jwk_thumbprint();
    key_ = std::move(account_key);
    account_url_ = std::move(account_url);
    if (!account_url_.empty()) {
        account_lost_.reset(); // until then, who tries is told what became of the old one
    }
}

void session::close_account(failure why) {
    account_url_.clear();
    account_lost_ = std::move(why);
}

void session::note_proven(const std::string& account_url) {
    proven_account_ = account_url;
    proven_at_ = parts_.time.steady_now();
}

bool session::is_proven(const std::string& account_url) const {
    return proven_account_ == account_url && parts_.time.steady_now() - proven_at_ < proof_life;
}

outcome<void> session::has_account() const {
    if (key_ && !account_url_.empty()) {
        return {};
    }
    return std::unexpected(account_lost_.value_or(failure(
        step::account, error(errc::invalid_argument, "no account has been opened at this issuer yet"))));
}

std::optional<milliseconds> session::asked_wait(const http_response& answer) const {
    return parse_retry_after(answer.header("Retry-After"), parts_.time.now());
}

awaitable<outcome<gate::pass>> session::enter_new_order() {
    const unsigned seen = order_failures_;
    auto pass = co_await order_gate_.enter();
    if (order_failures_ != seen) {
        co_return std::unexpected(*order_failure_);
    }
    co_return outcome<gate::pass>(std::move(pass));
}

void session::note_new_order_failure(const failure& why) {
    if (why.http_status == 0 || why.http_status >= 500) {
        ++order_failures_;
        order_failure_ = why;
    }
}

outcome<std::string> session::location(step where, const http_response& answer) const {
    const auto field = answer.header("Location");
    failure why(where,
                error(errc::protocol, fmt::format("the CA's {} answer has no Location", to_string(where))));
    why.http_status = static_cast<int>(answer.status);
    if (field.empty()) {
        return std::unexpected(std::move(why));
    }
    auto url = accept_url(resolve_url(settings_.directory, field), settings_.directory);
    if (!url) {
        why.cause = url.error().within("Location");
        return std::unexpected(std::move(why));
    }
    return std::move(*url);
}

awaitable<outcome<std::shared_ptr<const directory>>> session::get_directory() {
    const auto fresh = [this] {
        return directory_ && parts_.time.steady_now() - directory_since_ < directory_life;
    };
    if (fresh()) {
        co_return directory_;
    }
    const unsigned tries_before = directory_tries_;
    const auto held = co_await directory_gate_.enter();
    if (fresh()) {
        co_return directory_;
    }
    if (directory_tries_ != tries_before && directory_failure_) {
        co_return std::unexpected(*directory_failure_); // what the one we waited for was told
    }
    plain_request request(step::directory, "GET", settings_.directory);
    auto fetched = co_await get(std::move(request));
    ++directory_tries_;
    outcome<json::value> object = fetched ? read_object(step::directory, *fetched)
                                          : outcome<json::value>(std::unexpected(std::move(fetched.error())));
    if (!object) {
        directory_failure_ = object.error();
        co_return std::unexpected(std::move(object.error()));
    }
    auto parsed = parse_directory(*object, settings_.directory);
    if (!parsed) {
        directory_failure_ = failure(step::directory, std::move(parsed.error()));
        co_return std::unexpected(*directory_failure_);
    }
    directory_ = std::make_shared<const directory>(std::move(*parsed));
    directory_since_ = parts_.time.steady_now();
    directory_failure_.reset();
    co_return directory_;
}

awaitable<outcome<std::shared_ptr<const directory>>> session::get_directory_for(std::string profile) {
    const unsigned tries_before = directory_tries_;
    auto known = co_await get_directory();
    const bool fetched_just_now = directory_tries_ != tries_before;
    if (!known || profile.empty() || (*known)->lists_profile(profile) || fetched_just_now) {
        co_return known;
    }
    forget_directory();
    co_return co_await get_directory();
}

void session::distrust_directory(const std::string& url) {
    if (directory_ &&
        (url == directory_->new_nonce || url == directory_->new_account || url == directory_->new_order ||
         url == directory_->revoke_cert || url == directory_->key_change)) {
        directory_.reset();
    }
}

awaitable<outcome<std::string>> session::look_up_account(std::optional<crypto::key> other) {
    auto where = co_await get_directory();
    if (!where) {
        co_return std::unexpected(std::move(where.error()));
    }
    signed_request request(step::account, (*where)->new_account, account_lookup_payload());
    request.by = other ? signed_request::signer::other_key : signed_request::signer::account_key;
    request.key = std::move(other);
    request.repeatable = true; // it never makes anything
    auto answer = co_await post(std::move(request));
    if (!answer) {
        co_return std::unexpected(std::move(answer.error()));
    }
    auto url = location(step::account, *answer);
    if (url && read_account_status(answer->body) != account_status::valid) {
        failure why(step::account,
                    error(errc::refused,
                          "the CA has deactivated or revoked this account; a new account needs "
                          "a new account key"));
        why.http_status = static_cast<int>(answer->status);
        co_return std::unexpected(std::move(why));
    }
    co_return url;
}

awaitable<outcome<void>> session::recover_account(std::string unknown_url) {
    const auto held = co_await account_gate_.enter();
    if (account_lost_) {
        co_return std::unexpected(*account_lost_);
    }
    if (account_url_ != unknown_url) {
        co_return outcome<void>(); // somebody else has found the new one
    }
    auto found = co_await look_up_account();
    if (!found) {
        if (account_unknown(found.error())) {
            close_account(found.error());
        }
        co_return std::unexpected(std::move(found.error()));
    }
    account_url_ = std::move(*found);
    co_return outcome<void>();
}

} // namespace evercert::acme
