// Looking up and registering accounts (RFC 8555 sections 7.3, 7.3.1).
#include "core/acme/account.hpp"
#include "core/acme/account_operations.hpp"
#include "core/acme/jws.hpp"

#include <fmt/format.h>

namespace evercert::acme {
namespace {

/// Whether a lookup that was refused like this leaves it open that registering works.
bool may_register(const failure& lookup) noexcept {
    const bool asked_to_wait = lookup.http_status == 429 || (lookup.said && lookup.said->is("rateLimited"));
    return lookup.where == step::account && lookup.said && lookup.http_status >= 400 &&
           lookup.http_status <= 499 && !asked_to_wait && !lookup.said->is("badNonce") &&
           !lookup.said->is("badSignatureAlgorithm") && !lookup.said->is("badPublicKey");
}

std::string remember(session& talk, std::string url, std::string_view id, std::string message) {
    talk.use_account(*talk.account_key(), url);
    event what;
    what.id = id;
    what.message = std::move(message);
    what.fields.emplace_back("issuer", talk.settings().name);
    what.fields.emplace_back("account", url);
    talk.parts().events.emit(what);
    return url;
}

/// What the directory demands and the configuration does not give.
std::optional<error> missing_terms(const session& talk, const directory& from, const registration& terms) {
    if (from.external_account_required && !terms.eab) {
        return error(errc::invalid_argument,
                     fmt::format("issuer {} wants an external account: set eab with the key id and the HMAC "
                                 "key that the CA hands out",
                                 talk.settings().name));
    }
    if (!from.terms_of_service.empty() && !terms.agree_to_terms) {
        return error(errc::invalid_argument,
                     fmt::format("issuer {} has terms of service; read them and set agree_to_terms: true",
                                 talk.settings().name),
                     from.terms_of_service);
    }
    return std::nullopt;
}

awaitable<outcome<std::string>> register_account(session& talk, registration terms) {
    const auto where = co_await talk.get_directory();
    if (!where) {
        co_return std::unexpected(where.error());
    }
    const directory& from = **where; // kept by `where`
    if (auto missing = missing_terms(talk, from, terms)) {
        talk.forget_directory(); // the CA may change its mind
        co_return std::unexpected(failure(step::account, std::move(*missing)));
    }
    const std::string eab = terms.eab
                                ? bind_account(*terms.eab, talk.account_key()->public_jwk(), from.new_account)
                                : std::string();
    signed_request request(step::account, from.new_account, account_payload(terms, eab));
    request.by = signed_request::signer::account_key;
    const auto answer = co_await talk.post(std::move(request));
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    auto url = talk.location(step::account, *answer);
    if (!url) {
        co_return std::unexpected(std::move(url.error()));
    }
    if (read_account_status(answer->body) != account_status::valid) {
        co_return std::unexpected(
            failure(step::account, error(errc::refused, "the CA has deactivated or revoked this account; "
                                                        "a new account needs a new account key")));
    }
    co_return remember(talk, std::move(*url), "acme.account_registered",
                       "an account was registered at the CA");
}

} // namespace

awaitable<outcome<std::string>> open_account(session& talk, registration terms) {
    if (!talk.account_key()) {
        co_return std::unexpected(
            failure(step::account, error(errc::internal, "open_account without an account key")));
    }
    if (!talk.account_url().empty()) {
        co_return talk.account_url();
    }
    // The key may be registered already, by a run that ended before it could note the URL; a second
    // registration with the same external account would then fail for ever where those can be used only once.
    auto known = co_await talk.look_up_account();
    if (known) {
        co_return remember(talk, std::move(*known), "acme.account_found",
                           "the account key has an account at the CA");
    }
    if (!may_register(known.error())) {
        co_return std::unexpected(std::move(known.error()));
    }
    co_return co_await register_account(talk, std::move(terms));
}

} // namespace evercert::acme
