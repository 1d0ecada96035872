#include "core/acme/directory.hpp"

#include "core/acme/json_read.hpp"
#include "core/acme/url_policy.hpp"

#include <algorithm>

namespace evercert::acme {
namespace {

result<std::string> required_url(const json::value& object, std::string_view member, std::string_view base) {
    auto text = object.string(member);
    if (!text) {
        return fail(errc::protocol, "directory: " + text.error().message);
    }
    auto url = accept_url(*text, base);
    if (!url) {
        return fail(url.error().within("directory: " + std::string(member)));
    }
    return url;
}

} // namespace

bool directory::lists_profile(std::string_view name) const {
    return std::ranges::find(profiles, name) != profiles.end();
}

result<directory> parse_directory(const json::value& object, std::string_view directory_url) {
    directory found;
    const auto need = [&](std::string_view member, std::string& into) -> result<void> {
        auto url = required_url(object, member, directory_url);
        if (!url) {
            return fail(std::move(url.error()));
        }
        into = std::move(*url);
        return {};
    };
    if (auto ok = need("newNonce", found.new_nonce); !ok) {
        return fail(std::move(ok.error()));
    }
    if (auto ok = need("newAccount", found.new_account); !ok) {
        return fail(std::move(ok.error()));
    }
    if (auto ok = need("newOrder", found.new_order); !ok) {
        return fail(std::move(ok.error()));
    }
    found.revoke_cert = required_url(object, "revokeCert", directory_url).value_or("");
    found.key_change = required_url(object, "keyChange", directory_url).value_or("");
    found.renewal_info = required_url(object, "renewalInfo", directory_url).value_or("");

    const auto meta = object.optional_object("meta");
    if (meta && *meta) {
        found.terms_of_service = text_or_empty(**meta, "termsOfService");
        const auto required = (*meta)->optional_boolean("externalAccountRequired");
        found.external_account_required = required && required->value_or(false);
        const auto profiles = (*meta)->optional_object("profiles");
        if (profiles && *profiles) {
            found.profiles = (*profiles)->member_names();
        }
        found.caa_identities =
            (*meta)->optional_strings("caaIdentities").value_or(std::vector<std::string>());
        found.issuer_domains =
            (*meta)->optional_strings("issuerDomainNames").value_or(std::vector<std::string>());
        found.account_hash_prefix = text_or_empty(**meta, "accountHashPrefix");
    }
    return found;
}

} // namespace evercert::acme
