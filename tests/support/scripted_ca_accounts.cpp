// Accounts of the scripted CA and their keys.
#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "core/json/writer.hpp"
#include "tests/support/scripted_ca_internal.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::testing {
namespace {

http_response account_answer(const std::string& url, const scripted_ca::account_record& one) {
    json::writer out;
    out.begin_object().member("status", one.status);
    out.member("contact", one.contacts);
    out.member("orders", url + "/orders").end_object();
    return json_answer(200, out.text());
}

bool good_contacts(const std::vector<std::string>& contacts) {
    return std::ranges::all_of(contacts, [](const std::string& one) {
        return one.starts_with("mailto:") && one.find('@') != std::string::npos &&
               one.find_first_of("?, ") == std::string::npos;
    });
}

} // namespace

http_response scripted_ca::new_account(const opened_jws& jws) {
    const auto payload = json::parse(jws.payload);
    if (!payload || !payload->is_object()) {
        return problem(400, "malformed", "payload");
    }
    const auto known =
        std::ranges::find_if(accounts, [&](const auto& entry) { return entry.second.jwk == jws.jwk; });
    http_response answer = json_answer(known == accounts.end() ? 201 : 200, R"({"status":"valid"})");
    if (known != accounts.end()) {
        if (known->second.status != "valid") {
            return problem(403, "unauthorized", "the account is " + known->second.status);
        }
        answer.headers.emplace_back("Location", known->first);
        return answer;
    }
    if (payload->boolean("onlyReturnExisting").value_or(false)) {
        return problem(400, "accountDoesNotExist", "no account for this key");
    }
    if (terms && !payload->boolean("termsOfServiceAgreed").value_or(false)) {
        return problem(403, "userActionRequired", "terms");
    }
    if (external_account_required) {
        const auto inner = payload->object("externalAccountBinding");
        if (!inner) {
            return problem(403, "externalAccountRequired", "no binding");
        }
        if (!bind(*inner, jws)) {
            return problem(403, "unauthorized", "binding");
        }
    }
    const std::string url = url_of(fmt::format("/account/{}", next_account_++));
    accounts[url].jwk = jws.jwk;
    accounts[url].contacts = payload->optional_strings("contact").value_or(std::vector<std::string>());
    answer.headers.emplace_back("Location", url);
    return answer;
}

bool scripted_ca::bind(const json::value& binding, const opened_jws& jws) {
    const std::string protected_part = binding.string("protected").value_or("");
    const std::string payload_part = binding.string("payload").value_or("");
    const auto header = json::parse(crypto::base64url_decode(protected_part).value_or(""));
    const std::string id = header ? header->string("kid").value_or("") : "";
    const auto key = external_accounts.find(id);
    return key != external_accounts.end() && header->string("alg").value_or("") == "HS256" &&
           header->string("url").value_or("") == jws.url && !header->string("nonce") &&
           crypto::base64url_decode(payload_part).value_or("") == jws.jwk &&
           crypto::base64url(crypto::hmac_sha256(key->second, protected_part + "." + payload_part)) ==
               binding.string("signature").value_or("") &&
           used_external_accounts_.insert(id).second;
}

http_response scripted_ca::account(const opened_jws& jws) {
    if (jws.kid != jws.url) {
        return problem(403, "unauthorized", "the account of somebody else");
    }
    account_record& one = accounts[jws.url];
    if (jws.payload.empty()) {
        return account_answer(jws.url, one);
    }
    const auto payload = json::parse(jws.payload);
    if (!payload || !has_only(*payload, {"contact", "status"})) {
        return problem(400, "malformed", "payload");
    }
    const auto contacts = payload->optional_strings("contact");
    const auto status = payload->optional_string("status");
    if (!contacts || !status || (*status && **status != "deactivated")) {
        return problem(400, "malformed", "members of the payload");
    }
    if (!good_contacts(*contacts)) {
        return problem(400, "invalidContact", "a contact");
    }
    if (payload->strings("contact")) {
        one.contacts = *contacts;
    }
    one.status = status->value_or(one.status);
    return account_answer(jws.url, one);
}

http_response scripted_ca::change_key(const opened_jws& outer) {
    const auto inner = open_jws(outer.payload);
    if (!inner) {
        return problem(400, "malformed", "inner JWS: " + inner.error().message);
    }
    if (inner->jwk.empty() || inner->has_nonce || inner->url != outer.url) {
        return problem(400, "malformed", "header of the inner JWS");
    }
    if (!algorithms.contains(inner->algorithm)) {
        return problem(400, "badSignatureAlgorithm", "not that one");
    }
    if (!verify_jws(inner->algorithm, inner->jwk, inner->signing_input, inner->signature)) {
        return problem(403, "unauthorized", "signature of the new key");
    }
    account_record& mine = accounts[outer.kid];
    const auto payload = json::parse(inner->payload);
    const auto old_key = payload ? payload->object("oldKey") : fail(errc::parse, "payload");
    if (!old_key || !has_only(*payload, {"account", "oldKey"}) || canonical_jwk(*old_key) != mine.jwk ||
        payload->string("account").value_or("") != outer.kid) {
        return problem(400, "malformed", "payload of the inner JWS");
    }
    const auto owner =
        std::ranges::find_if(accounts, [&](const auto& entry) { return entry.second.jwk == inner->jwk; });
    if (owner != accounts.end()) {
        http_response taken = problem(409, "conflict", "that key has an account");
        taken.headers.emplace_back("Location", owner->first);
        return taken;
    }
    mine.jwk = inner->jwk;
    return account_answer(outer.kid, mine);
}

} // namespace evercert::testing
