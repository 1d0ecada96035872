#include "core/acme/client.hpp"

#include "core/acme/account_operations.hpp"
#include "core/acme/issue_run.hpp"
#include "core/acme/renewal_info.hpp"
#include "core/acme/session.hpp"
#include "core/crypto/base64url.hpp"
#include "core/json/writer.hpp"

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

class acme_client final : public client {
public:
    acme_client(issuer settings, client_parts parts, asio::any_io_executor executor)
        : talk_(std::move(settings), parts), executor_(std::move(executor)) {}

    void use_account(crypto::key account_key, std::string account_url) override {
        talk_.use_account(std::move(account_key), std::move(account_url));
    }
    [[nodiscard]] bool account_lost() const noexcept override { return talk_.account_lost(); }
    awaitable<outcome<std::string>> open_account(registration terms) override {
        return acme::open_account(talk_, std::move(terms));
    }
    awaitable<outcome<std::string>> find_account(crypto::key account_key) override {
        return talk_.look_up_account(std::move(account_key));
    }
    awaitable<outcome<account_details>> read_account() override { return acme::read_account(talk_); }
    awaitable<outcome<void>> update_contacts(std::vector<std::string> mail_addresses) override {
        return acme::update_contacts(talk_, std::move(mail_addresses));
    }
    awaitable<outcome<void>> deactivate_account() override { return acme::deactivate_account(talk_); }
    awaitable<outcome<void>> change_key(crypto::key new_key) override {
        return acme::change_key(talk_, std::move(new_key));
    }
    awaitable<outcome<issuer_description>> describe() override;
    awaitable<outcome<renewal_info>> fetch_renewal_info(std::string certificate_id) override {
        return acme::fetch_renewal_info(talk_, std::move(certificate_id));
    }
    awaitable<outcome<issued>> issue(issuance request) override;
    awaitable<outcome<void>> revoke(std::string certificate_der, std::optional<int> reason,
                                    std::optional<crypto::key> certificate_key) override;

private:
    session talk_;
    asio::any_io_executor executor_;
};

awaitable<outcome<issuer_description>> acme_client::describe() {
    const auto where = co_await talk_.get_directory();
    if (!where) {
        co_return std::unexpected(where.error());
    }
    const directory& from = **where; // kept by `where`
    issuer_description what;
    what.renewal_info = !from.renewal_info.empty();
    what.external_account_required = from.external_account_required;
    what.key_change = !from.key_change.empty();
    what.terms_of_service = from.terms_of_service;
    what.profiles = from.profiles;
    what.caa_identities = from.caa_identities;
    what.issuer_domains = from.issuer_domains;
    what.account_hash_prefix = from.account_hash_prefix;
    co_return what;
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

bool account_unknown(const failure& what) noexcept {
    return what.said && what.said->is("accountDoesNotExist");
}

std::unique_ptr<client> make_client(issuer settings, client_parts parts, asio::any_io_executor executor) {
    return std::make_unique<acme_client>(std::move(settings), parts, std::move(executor));
}

} // namespace evercert::acme
