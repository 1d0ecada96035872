// Orders, authorizations, challenges and certificates of the scripted CA.
#include "core/crypto/base64url.hpp"
#include "core/crypto/key.hpp"
#include "core/json/writer.hpp"
#include "tests/support/scripted_ca_internal.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::testing {
http_response scripted_ca::new_order(const opened_jws& jws) {
    const auto payload = json::parse(jws.payload);
    const auto list = payload ? payload->array("identifiers") : fail(errc::parse, "payload");
    if (!list || !has_only(*payload, {"identifiers", "profile", "replaces"})) {
        return problem(400, "malformed", "members of the payload");
    }
    order_record made;
    made.profile = payload->string("profile").value_or(profiles.empty() ? "" : profiles.front());
    if (payload->string("profile") && std::ranges::find(profiles, made.profile) == profiles.end()) {
        return problem(400, "invalidProfile", "no such profile");
    }
    made.replaces = payload->string("replaces").value_or("");
    if (!made.replaces.empty()) {
        if (renewal_info_path.empty()) {
            return problem(400, "malformed", "an unknown member");
        }
        if (refuse_replaces) {
            return *refuse_replaces;
        }
        const bool again = std::ranges::any_of(orders, [&](const order_record& other) {
            return other.replaces == made.replaces && other.status != "invalid";
        });
        if (again) {
            return problem(409, "alreadyReplaced", "that certificate has been replaced");
        }
    }
    for (const auto& item : *list) {
        auto name = parse_identifier(item.string("value").value_or(""), true);
        if (!name) {
            return problem(400, "rejectedIdentifier", "bad name");
        }
        authorization_record one;
        one.name = *name;
        one.token = token_text.empty()
                        ? fmt::format("token-{}_{}", authorizations.size(), "abcdefghijklmnopqrst")
                        : token_text;
        if (born_valid) {
            one.status = one.challenge_status = "valid";
        }
        made.names.push_back(std::move(*name));
        made.authorizations.push_back(authorizations.size());
        authorizations.push_back(std::move(one));
    }
    std::ranges::reverse(made.names); // the order of elements means nothing
    orders.push_back(std::move(made));
    http_response answer = order(orders.size() - 1, false);
    answer.status = 201;
    answer.headers.emplace_back("Location", url_of(fmt::format("/order/{}", orders.size() - 1)));
    return answer;
}

void scripted_ca::refresh(order_record& one) {
    const auto has = [&](std::string_view status) {
        return [this, status](std::size_t n) { return authorizations[n].status == status; };
    };
    if (one.status == "pending" && std::ranges::all_of(one.authorizations, has("valid"))) {
        one.status = "ready";
    }
    const bool broken = std::ranges::any_of(one.authorizations, has("invalid")) ||
                        std::ranges::any_of(one.authorizations, has("deactivated"));
    if (one.status == "pending" && broken) {
        one.status = "invalid";
    }
}

http_response scripted_ca::order(std::size_t number, bool polled) {
    order_record& one = orders[number];
    refresh(one);
    if (polled && one.status == "processing" && !never_signs && ++one.polls >= processing_polls) {
        one.status = "valid";
    }
    json::writer out;
    out.begin_object();
    out.member("status", one.status);
    out.member("expires", "2026-11-28T00:00:00Z");
    out.key("identifiers").begin_array();
    for (const auto& name : one.names) {
        out.begin_object().member("type", name.type_name()).member("value", name.value).end_object();
    }
    out.end_array().key("authorizations").begin_array();
    for (const auto n : one.authorizations) {
        out.string(url_of(fmt::format("/authz/{}", n)));
    }
    out.end_array();
    if (!one.profile.empty()) {
        out.member("profile", one.profile);
    }
    if (!one.replaces.empty()) {
        out.member("replaces", one.replaces);
    }
    out.member("finalize", url_of(fmt::format("/finalize/{}", number)));
    if (one.status == "valid") {
        out.member("certificate", url_of(fmt::format("/cert/{}", number)));
    }
    out.end_object();
    http_response answer = json_answer(200, out.text());
    if (one.status == "processing" && !order_retry_after.empty()) {
        answer.headers.emplace_back("Retry-After", order_retry_after);
    }
    return answer;
}

std::string scripted_ca::challenge_json(std::size_t number) const {
    const auto& one = authorizations[number];
    json::writer out;
    out.begin_object();
    out.member("type", "http-01");
    out.member("url", url_of(fmt::format("/challenge/{}", number)));
    out.member("status", one.challenge_status);
    out.member("token", one.token);
    if (one.challenge_status == "invalid") {
        out.key("error").begin_object();
        out.member("type", "urn:ietf:params:acme:error:connection");
        out.member("detail", "could not reach " + one.name.value);
        out.member("status", std::int64_t(400));
        out.end_object();
    }
    out.end_object();
    return out.text();
}

http_response scripted_ca::authorization(std::size_t number, const std::string& payload) {
    authorization_record& one = authorizations[number];
    if (payload == R"({"status":"deactivated"})") {
        one.status = "deactivated";
    } else if (!payload.empty()) {
        return problem(400, "malformed", "POST-as-GET has an empty payload");
    } else if (one.triggered && one.status == "pending" && one.polls++ >= polls_until_valid &&
               !never_validates) {
        validate(one);
    }
    json::writer out;
    out.begin_object();
    out.member("status", one.status);
    out.member("expires", "2026-11-28T00:00:00Z");
    out.key("identifier").begin_object();
    out.member("type", one.name.type_name()).member("value", one.name.base());
    out.end_object();
    if (one.name.wildcard()) {
        out.member_bool("wildcard", true);
    }
    out.key("challenges").begin_array();
    // Types from the future and one without token stand in front of the one that is wanted.
    out.begin_object()
        .member("type", "dns-persist-01")
        .member("url", url_of("/x"))
        .member("status", "pending")
        .end_object();
    out.begin_object()
        .member("type", "quantum-99")
        .member("url", url_of("/y"))
        .member("token", "../..")
        .end_object();
    out.raw(challenge_json(number));
    out.end_array().end_object();
    http_response answer = json_answer(200, out.text());
    if (one.status == "pending" && !authorization_retry_after.empty()) {
        answer.headers.emplace_back("Retry-After", authorization_retry_after);
    }
    return answer;
}

void scripted_ca::validate(authorization_record& one) {
    const bool good = !unreachable.contains(one.name.base()) && !one.answer_wrong;
    one.status = one.challenge_status = good ? "valid" : "invalid";
}

http_response scripted_ca::challenge(std::size_t number, const opened_jws& jws) {
    authorization_record& one = authorizations[number];
    if (jws.payload != "{}") {
        return problem(400, "malformed", "a challenge is answered with {}");
    }
    if (one.status != "pending") {
        return problem(400, "malformed", "not pending");
    }
    one.triggered = true;
    one.challenge_status = "processing";
    one.thumbprint = crypto::thumbprint_of(accounts[jws.kid].jwk);
    for (unsigned i = 0; fetch && i < fetches && !unreachable.contains(one.name.base()); ++i) {
        one.answer_wrong = fetch(one.name.base(), one.token) != one.token + "." + one.thumbprint;
    }
    if (valid_at_once) {
        validate(one);
    }
    http_response answer = json_answer(200, challenge_json(number));
    answer.headers.emplace_back("Link", fmt::format("<{}/directory>;rel=\"index\"", origin));
    answer.headers.emplace_back("Link", fmt::format("<{}/authz/{}>;rel=\"up\"", origin, number));
    return answer;
}

http_response scripted_ca::finalize(std::size_t number, const std::string& payload) {
    order_record& one = orders[number];
    refresh(one);
    if (one.status != "ready") {
        return problem(403, "orderNotReady", "the order is " + one.status);
    }
    const auto object = json::parse(payload);
    const auto csr =
        object ? crypto::base64url_decode(object->string("csr").value_or("")) : fail(errc::parse, "payload");
    try {
        const csr_facts facts = read_csr(csr.value_or(""));
        std::vector<identifier> wanted = one.names;
        std::ranges::sort(wanted);
        if (!facts.signature_good || facts.names != wanted) {
            return problem(400, "badCSR", "names or signature");
        }
        one.chain_pem = pki().issue_chain_pem(*csr, one.names, time_.now() - std::chrono::hours(1),
                                              time_.now() + std::chrono::hours(24 * 90));
    } catch (const std::exception& e) {
        return problem(400, "badCSR", e.what());
    }
    one.status = processing_polls == 0 && !never_signs ? "valid" : "processing";
    return order(number, false);
}

http_response scripted_ca::chain(std::size_t number, bool alternate) {
    http_response answer;
    answer.status = 200;
    answer.headers.emplace_back("Content-Type", "application/pem-certificate-chain");
    answer.body = orders[number].chain_pem;
    if (alternate) {
        // Only the issuing certificate on top: its issuer is the upper intermediate.
        answer.body = answer.body.substr(0, answer.body.rfind("-----BEGIN CERTIFICATE-----"));
    } else {
        for (unsigned i = 0; i < alternates; ++i) {
            answer.headers.emplace_back(
                "Link", fmt::format("</alternate/{}>; title=\"a, b; c\"; rel=\"alternate\"", number));
        }
    }
    return answer;
}

} // namespace evercert::testing
