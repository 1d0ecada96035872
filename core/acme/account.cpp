#include "core/acme/account.hpp"

#include "core/acme/json_read.hpp"
#include "core/json/writer.hpp"

namespace evercert::acme {

std::string account_lookup_payload() {
    json::writer out;
    out.begin_object().member_bool("onlyReturnExisting", true).end_object();
    return out.text();
}

std::string account_payload(const registration& terms, std::string_view eab) {
    json::writer out;
    out.begin_object();
    if (!terms.contacts.empty()) {
        out.key("contact").begin_array();
        for (const auto& address : terms.contacts) {
            out.string("mailto:" + address);
        }
        out.end_array();
    }
    out.member_bool("termsOfServiceAgreed", terms.agree_to_terms);
    if (!eab.empty()) {
        out.key("externalAccountBinding").raw(eab);
    }
    out.end_object();
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

} // namespace evercert::acme
