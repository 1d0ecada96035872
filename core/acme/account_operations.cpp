// Reading, changing and ending accounts (RFC 8555 sections 7.3.2, 7.3.5, 7.3.6).
#include "core/acme/account_operations.hpp"

#include "core/acme/account.hpp"
#include "core/acme/authorization.hpp"
#include "core/acme/jws.hpp"

#include <fmt/format.h>

namespace evercert::acme {
namespace {

void tell(const session& talk, std::string_view id, std::string message) {
    event what;
    what.id = id;
    what.message = std::move(message);
    what.fields.emplace_back("issuer", talk.settings().name);
    what.fields.emplace_back("account", talk.account_url());
    talk.parts().events.emit(what);
}

failure refused_here(errc code, std::string message) {
    return {step::key_change, error(code, std::move(message))};
}

/// The request for one try: it names the account URL and is signed with the old key, and both may have
/// changed before the next.
outcome<signed_request> key_change_request(const session& talk, const std::string& url,
                                           const crypto::key& new_key) {
    jws_header header;
    header.url = url;
    auto inner = sign_jws(new_key, header, key_change_payload(talk.account_url(), *talk.account_key()));
    if (!inner) {
        return std::unexpected(failure(step::key_change, std::move(inner.error())));
    }
    signed_request request(step::key_change, url, std::move(*inner));
    request.key = new_key;
    request.names_account = true;
    return request;
}

/// What is wrong after the CA has said that a key change is done, given what the new key leads to. Without an
/// HTTP status: the caller has to look again.
failure unproven(const outcome<std::string>& found) {
    if (found) {
        return refused_here(errc::refused,
                            "the CA took the key change, but the new key belongs to another account");
    }
    failure why(step::key_change,
                found.error().cause.within("the CA took the key change, but does not show that it is done"));
    why.retry_after = found.error().retry_after;
    return why;
}

} // namespace

awaitable<outcome<account_details>> read_account(session& talk) {
    if (auto able = talk.has_account(); !able) {
        co_return std::unexpected(std::move(able.error()));
    }
    signed_request request(step::account, talk.account_url());
    const auto answer = co_await talk.post(std::move(request));
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    const auto object = read_object(step::account, *answer);
    if (!object) {
        co_return std::unexpected(object.error());
    }
    co_return read_account_details(*object, talk.account_url());
}

awaitable<outcome<void>> update_contacts(session& talk, std::vector<std::string> mail_addresses) {
    if (auto able = talk.has_account(); !able) {
        co_return std::unexpected(std::move(able.error()));
    }
    signed_request request(step::account, talk.account_url(), contacts_payload(mail_addresses));
    request.repeatable = true; // the second time changes nothing
    const auto answer = co_await talk.post(std::move(request));
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    if (!answer->body.empty()) { // a page that is no answer of an ACME server has changed nothing
        const auto object = read_object(step::account, *answer);
        if (!object) {
            co_return std::unexpected(object.error());
        }
        if (read_account_status(answer->body) != account_status::valid) {
            failure why(step::account,
                        error(errc::refused, "the CA has deactivated or revoked this account"));
            why.http_status = static_cast<int>(answer->status);
            co_return std::unexpected(std::move(why));
        }
    }
    tell(talk, "acme.account_updated", "the contacts of the account were changed at the CA");
    co_return outcome<void>();
}

awaitable<outcome<void>> deactivate_account(session& talk) {
    if (auto able = talk.has_account(); !able) {
        co_return std::unexpected(std::move(able.error()));
    }
    signed_request request(step::account, talk.account_url(), deactivation_payload());
    const auto answer = co_await talk.post(std::move(request));
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    const auto object = read_object(step::account, *answer);
    if (!object) {
        co_return std::unexpected(object.error());
    }
    const auto now = read_account_details(*object, talk.account_url());
    if (now.status != "deactivated") {
        failure why(step::account,
                    error(errc::protocol,
                          "the CA took the deactivation but does not call the account deactivated",
                          now.status));
        why.http_status = static_cast<int>(answer->status);
        co_return std::unexpected(std::move(why));
    }
    tell(talk, "acme.account_deactivated", "the account was deactivated at the CA, for good");
    talk.close_account(failure(
        step::account, error(errc::refused, "this account has been deactivated; a new account needs a new "
                                            "account key")));
    co_return outcome<void>();
}

awaitable<outcome<void>> change_key(session& talk, crypto::key new_key) {
    if (auto able = talk.has_account(); !able) {
        co_return std::unexpected(std::move(able.error()));
    }
    if (new_key.public_digest() == talk.account_key()->public_digest()) {
        co_return std::unexpected(
            refused_here(errc::invalid_argument, "the new account key is the one that is in use already"));
    }
    for (bool moved = false;; moved = true) {
        const auto where = co_await talk.get_directory();
        if (!where) {
            co_return std::unexpected(where.error());
        }
        if ((*where)->key_change.empty()) {
            co_return std::unexpected(refused_here(errc::unsupported, "the CA's directory has no keyChange"));
        }
        const std::string account_used = talk.account_url();
        auto request = key_change_request(talk, (*where)->key_change, new_key);
        if (!request) {
            co_return std::unexpected(std::move(request.error()));
        }
        const auto answer = co_await talk.post(std::move(*request));
        if (answer) {
            // An old key is not given up for a word: some CAs say 200 and change nothing.
            std::optional<crypto::key> asked(new_key);
            const auto found = co_await talk.look_up_account(std::move(asked));
            if (!found || *found != account_used) {
                co_return std::unexpected(unproven(found));
            }
            talk.use_account(std::move(new_key), account_used);
            tell(talk, "acme.account_key_changed", "the account has a new key at the CA");
            co_return outcome<void>();
        }
        failure why = answer.error();
        // The account had moved to another URL; post() has found it by the old key.
        if (!moved && !talk.account_url().empty() && talk.account_url() != account_used) {
            continue;
        }
        if (why.http_status == 409) {
            why.cause.message = fmt::format(
                "{}: the new key belongs to another account already; make another key", why.cause.message);
        }
        co_return std::unexpected(std::move(why));
    }
}

} // namespace evercert::acme
