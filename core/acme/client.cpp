#include "core/acme/client.hpp"

#include "core/acme/account.hpp"
#include "core/acme/issue_run.hpp"
#include "core/acme/jws.hpp"
#include "core/acme/session.hpp"
#include "core/crypto/base64url.hpp"
#include "core/json/writer.hpp"

#include <fmt/format.h>

namespace evercert::acme {
namespace {

std::string revocation_payload(std::string_view certificate_der, std::optional<int> reason) {
    json::writer out;
    out.begin_object().member("certificate", crypto::base64url(certificate_der));
    if (reason) {
        out.member("reason", static_cast<std::int64_t>(*reason));
    }
    out.end_object();
    return out.text();
}

/// Whether a lookup that was refused like this leaves it open that registering works.
bool may_register(const failure& lookup) noexcept {
    const bool asked_to_wait = lookup.http_status == 429 || (lookup.said && lookup.said->is("rateLimited"));
    return lookup.where == step::account && lookup.said && lookup.http_status >= 400 &&
           lookup.http_status <= 499 && !asked_to_wait && !lookup.said->is("badNonce") &&
           !lookup.said->is("badSignatureAlgorithm") && !lookup.said->is("badPublicKey");
}

class acme_client final : public client {
public:
    acme_client(issuer settings, client_parts parts, asio::any_io_executor executor)
        : talk_(std::move(settings), parts), executor_(std::move(executor)) {}

    void use_account(crypto::key account_key, std::string account_url) override {
        talk_.use_account(std::move(account_key), std::move(account_url));
    }
    awaitable<outcome<std::string>> open_account(registration terms) override;
    awaitable<outcome<issued>> issue(issuance request) override;
    awaitable<outcome<void>> revoke(std::string certificate_der, std::optional<int> reason,
                                    std::optional<crypto::key> certificate_key) override;

private:
    awaitable<outcome<std::string>> register_account(registration terms);
    std::string remember(std::string url, std::string_view id, std::string message);

    session talk_;
    asio::any_io_executor executor_;
};

std::string acme_client::remember(std::string url, std::string_view id, std::string message) {
    talk_.use_account(*talk_.account_key(), url);
    event what;
    what.id = id;
    what.message = std::move(message);
    what.fields.emplace_back("issuer", talk_.settings().name);
    what.fields.emplace_back("account", url);
    talk_.parts().events.emit(what);
    return url;
}

awaitable<outcome<std::string>> acme_client::open_account(registration terms) {
    if (!talk_.account_key()) {
        co_return std::unexpected(
            failure(step::account, error(errc::internal, "open_account without an account key")));
    }
    if (!talk_.account_url().empty()) {
        co_return talk_.account_url();
    }
    // The key may be registered already, by a run that ended before it could note the URL; a second
    // registration with the same external account would then fail for ever where those can be used only once.
    auto known = co_await talk_.look_up_account();
    if (known) {
        co_return remember(std::move(*known), "acme.account_found",
                           "the account key has an account at the CA");
    }
    if (!may_register(known.error())) {
        co_return std::unexpected(std::move(known.error()));
    }
    co_return co_await register_account(std::move(terms));
}

awaitable<outcome<std::string>> acme_client::register_account(registration terms) {
    const auto where = co_await talk_.get_directory();
    if (!where) {
        co_return std::unexpected(where.error());
    }
    const directory& from = **where; // kept by `where`
    if (from.external_account_required && !terms.eab) {
        talk_.forget_directory(); // the CA may change its mind
        co_return std::unexpected(failure(
            step::account,
            error(errc::invalid_argument,
                  fmt::format("issuer {} wants an external account: set eab with the key id and the HMAC key "
                              "that the CA hands out",
                              talk_.settings().name))));
    }
    if (!from.terms_of_service.empty() && !terms.agree_to_terms) {
        talk_.forget_directory();
        co_return std::unexpected(failure(
            step::account,
            error(errc::invalid_argument,
                  fmt::format("issuer {} has terms of service; read them and set agree_to_terms: true",
                              talk_.settings().name),
                  from.terms_of_service)));
    }
    const std::string eab =
        terms.eab ? bind_account(*terms.eab, talk_.account_key()->public_jwk(), from.new_account)
                  : std::string();
    signed_request request(step::account, from.new_account, account_payload(terms, eab));
    request.by = signed_request::signer::account_key;
    const auto answer = co_await talk_.post(std::move(request));
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    auto url = talk_.location(step::account, *answer);
    if (!url) {
        co_return std::unexpected(std::move(url.error()));
    }
    if (read_account_status(answer->body) != account_status::valid) {
        co_return std::unexpected(
            failure(step::account, error(errc::refused, "the CA has deactivated or revoked this account; "
                                                        "a new account needs a new account key")));
    }
    co_return remember(std::move(*url), "acme.account_registered", "an account was registered at the CA");
}

awaitable<outcome<issued>> acme_client::issue(issuance request) {
    issue_context context(talk_, executor_, std::move(request));
    issue_run run(context);
    co_return co_await run.go();
}

awaitable<outcome<void>> acme_client::revoke(std::string certificate_der, std::optional<int> reason,
                                             std::optional<crypto::key> certificate_key) {
    const auto where = co_await talk_.get_directory();
    if (!where) {
        co_return std::unexpected(where.error());
    }
    if ((*where)->revoke_cert.empty()) {
        co_return std::unexpected(
            failure(step::revocation, error(errc::unsupported, "the CA's directory has no revokeCert")));
    }
    for (;;) {
        signed_request request(step::revocation, (*where)->revoke_cert,
                               revocation_payload(certificate_der, reason));
        if (certificate_key) {
            request.by = signed_request::signer::other_key;
            request.key = certificate_key;
        }
        const auto answer = co_await talk_.post(std::move(request));
        if (answer || (answer.error().said && answer.error().said->is("alreadyRevoked"))) {
            co_return outcome<void>();
        }
        if (reason && answer.error().said && answer.error().said->is("badRevocationReason")) {
            reason.reset();
            continue;
        }
        co_return std::unexpected(answer.error());
    }
}

} // namespace

bool order_lost(const failure& what) noexcept {
    if (what.order_gone) {
        return true;
    }
    const bool about_order = what.where == step::order || what.where == step::authorization ||
                             what.where == step::challenge || what.where == step::finalize ||
                             what.where == step::certificate;
    return about_order && (what.http_status == 404 || what.http_status == 410);
}

std::unique_ptr<client> make_client(issuer settings, client_parts parts, asio::any_io_executor executor) {
    return std::make_unique<acme_client>(std::move(settings), parts, std::move(executor));
}

} // namespace evercert::acme
