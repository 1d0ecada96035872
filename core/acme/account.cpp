#include "core/acme/account.hpp"

#include "core/acme/json_read.hpp"
#include "core/json/writer.hpp"

namespace evercert::acme {
namespace {

constexpr std::size_t most_contacts = 64;

void add_contacts(json::writer& out, const std::vector<std::string>& mail_addresses) {
    out.key("contact").begin_array();
    for (const auto& address : mail_addresses) {
        out.string("mailto:" + address);
    }
    out.end_array();
}

} // namespace

std::string account_lookup_payload() {
    json::writer out;
    out.begin_object().member_bool("onlyReturnExisting", true).end_object();
    return out.text();
}

std::string account_payload(const registration& terms, std::string_view eab) {
    json::writer out;
    out.begin_object();
    if (!terms.contacts.empty()) {
        add_contacts(out, terms.contacts);
    }
    out.member_bool("termsOfServiceAgreed", terms.agree_to_terms);
    if (!eab.empty()) {
        out.key("externalAccountBinding").raw(eab);
    }
    out.end_object();
    return out.text();
}

std::string contacts_payload(const std::vector<std::string>& mail_addresses) {
    json::writer out;
    out.begin_object();
    add_contacts(out, mail_addresses);
    out.end_object();
    return out.text();
}

std::string key_change_payload(std::string_view account_url, const crypto::key& old_key) {
    json::writer out;
    out.begin_object().member("account", account_url);
    out.key("oldKey").raw(old_key.public_jwk()).end_object();
    return out.text();
}

account_status read_account_status(std::string_view body) {
    const auto object = json::parse(body, 256 * 1024);
    if (!object || !object->is_object()) {
        return account_status::valid;
    }
    const std::string word = text_or_empty(*object, "status", 32);
    if (word.empty() || word == "valid") {
        return account_status::valid;
    }
    return word == "deactivated" ? account_status::deactivated
           : word == "revoked"   ? account_status::revoked
                                 : account_status::unknown;
}

account_details read_account_details(const json::value& object, std::string account_url) {
    account_details seen;
    seen.url = std::move(account_url);
    seen.status = text_or_empty(object, "status", 32);
    seen.orders_url = link_or_empty(object, "orders");
    if (const auto contacts = object.optional_array("contact")) {
        for (const auto& item : *contacts) {
            auto text = item.as_string();
            if (text && !text->empty() && text->size() <= 1024 && seen.contacts.size() < most_contacts) {
                seen.contacts.push_back(std::move(*text));
            }
        }
    }
    return seen;
}

} // namespace evercert::acme
