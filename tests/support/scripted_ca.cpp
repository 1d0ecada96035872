#include "tests/support/scripted_ca.hpp"

#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "core/crypto/key.hpp"
#include "core/json/writer.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace evercert::testing {
namespace {

std::string url_of(std::string_view path) {
    return std::string(scripted_ca::origin) + std::string(path);
}

http_response json_answer(unsigned status, std::string body) {
    http_response answer;
    answer.status = status;
    answer.headers.emplace_back("Content-Type", "application/json");
    answer.body = std::move(body);
    return answer;
}

/// The number after `prefix`, if the path is of that form.
std::optional<std::size_t> numbered(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) {
        return std::nullopt;
    }
    std::size_t number = 0;
    const auto* end = path.data() + path.size();
    const auto [rest, ec] = std::from_chars(path.data() + prefix.size(), end, number);
    return ec == std::errc() && rest == end ? std::optional(number) : std::nullopt;
}

} // namespace

http_response scripted_ca::problem(unsigned status, std::string_view type, std::string_view detail) {
    json::writer out;
    out.begin_object();
    out.member("type", "urn:ietf:params:acme:error:" + std::string(type));
    out.member("detail", detail);
    out.member("status", static_cast<std::int64_t>(status));
    out.end_object();
    http_response answer;
    answer.status = status;
    answer.headers.emplace_back("Content-Type", "application/problem+json");
    answer.body = out.text();
    return answer;
}

const test_ca& scripted_ca::pki() const {
    static const test_ca shared("Scripted");
    return shared;
}

std::size_t scripted_ca::count(std::string_view line) const {
    return static_cast<std::size_t>(std::ranges::count(log, line));
}

void scripted_ca::forget_everything() {
    nonces_.clear();
    accounts_.clear();
    orders.clear();
    authorizations.clear();
}

std::string scripted_ca::fresh_nonce() {
    std::string nonce = fmt::format("nonce_{:08}", next_nonce_++);
    nonces_.insert(nonce);
    return nonce;
}

awaitable<result<http_response>> scripted_ca::send(http_request request) {
    ca_request seen;
    seen.index = requests.size();
    seen.method = request.method;
    seen.path = request.url.starts_with(origin) ? request.url.substr(origin.size()) : request.url;
    if (const auto jws = open_jws(request.body)) {
        seen.payload = jws->payload;
        seen.kid = jws->kid;
    }
    log.push_back(seen.method + " " + seen.path);
    requests.push_back(seen);
    // As on a network, nothing is answered before the caller has given up the thread.
    if (latency > milliseconds(0)) {
        co_await sleep_for(time_, latency);
    } else {
        co_await asio::post(asio::use_awaitable);
    }
    if (before) {
        if (auto instead = before(seen)) {
            co_return std::move(*instead);
        }
    }
    http_response normal = answer(request, seen);
    if (after) {
        co_return after(seen, std::move(normal));
    }
    co_return normal;
}

http_response scripted_ca::answer(const http_request& request, ca_request& seen) {
    if (request.method == "GET" && seen.path == "/directory") {
        json::writer out;
        out.begin_object();
        out.member("x7Rk2", "a random member");
        out.member("newNonce", url_of("/new-nonce"));
        out.member("newAccount", url_of("/new-account"));
        out.member("newOrder", url_of("/new-order"));
        out.member("revokeCert", url_of("/revoke"));
        out.member("keyChange", url_of("/key-change"));
        out.key("meta").begin_object();
        if (terms) {
            out.member("termsOfService", "https://ca.example/terms");
        }
        out.member_bool("externalAccountRequired", external_account_required);
        out.end_object().end_object();
        return json_answer(200, out.text());
    }
    http_response reply;
    if (seen.path == "/new-nonce" && request.method == "HEAD") {
        reply.status = 200;
    } else {
        reply = request.method == "POST" ? signed_answer(request, seen)
                                         : problem(405, "malformed", "no such method here");
    }
    reply.headers.emplace_back("Replay-Nonce", fresh_nonce());
    return reply;
}

http_response scripted_ca::signed_answer(const http_request& request, ca_request& seen) {
    const auto type = std::ranges::find(request.headers, "Content-Type", &http_header::first);
    if (type == request.headers.end() || type->second != "application/jose+json") {
        return problem(415, "malformed", "media type");
    }
    const auto jws = open_jws(request.body);
    if (!jws) {
        return problem(400, "malformed", jws.error().message);
    }
    if (nonces_.erase(jws->nonce) == 0) {
        return problem(400, "badNonce", "unknown nonce");
    }
    if (jws->url != request.url) {
        return problem(403, "unauthorized", "url of the header");
    }
    const bool by_key = seen.path == "/new-account" || (seen.path == "/revoke" && jws->kid.empty());
    if (by_key == jws->jwk.empty()) {
        return problem(400, "malformed", "jwk and kid in the wrong place");
    }
    const auto account = accounts_.find(jws->kid);
    if (!by_key && account == accounts_.end()) {
        return problem(400, "accountDoesNotExist", "no such account");
    }
    if (jws->algorithm != "ES256") {
        return problem(400, "badSignatureAlgorithm", "ES256 only");
    }
    if (!verify_es256(by_key ? jws->jwk : account->second, jws->signing_input, jws->signature)) {
        return problem(400, "malformed", "signature");
    }
    if (seen.path == "/new-account") {
        return new_account(*jws);
    }
    if (seen.path == "/new-order") {
        return new_order(*jws);
    }
    if (seen.path == "/revoke") {
        return revoke(*jws);
    }
    if (const auto n = numbered(seen.path, "/authz/"); n && *n < authorizations.size()) {
        return authorization(*n, jws->payload);
    }
    if (const auto n = numbered(seen.path, "/challenge/"); n && *n < authorizations.size()) {
        return challenge(*n, *jws);
    }
    if (const auto n = numbered(seen.path, "/order/"); n && *n < orders.size() && jws->payload.empty()) {
        return order(*n, true);
    }
    if (const auto n = numbered(seen.path, "/finalize/"); n && *n < orders.size()) {
        return finalize(*n, jws->payload);
    }
    if (const auto n = numbered(seen.path, "/cert/"); n && *n < orders.size() && jws->payload.empty()) {
        return chain(*n, false);
    }
    if (const auto n = numbered(seen.path, "/alternate/"); n && *n < orders.size() && jws->payload.empty()) {
        return chain(*n, true);
    }
    return problem(404, "malformed", "no such thing");
}

http_response scripted_ca::new_account(const opened_jws& jws) {
    const auto payload = json::parse(jws.payload);
    if (!payload || !payload->is_object()) {
        return problem(400, "malformed", "payload");
    }
    const auto known =
        std::ranges::find_if(accounts_, [&](const auto& entry) { return entry.second == jws.jwk; });
    http_response answer = json_answer(known == accounts_.end() ? 201 : 200, R"({"status":"valid"})");
    if (known != accounts_.end()) {
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
        const std::string protected_part = inner->string("protected").value_or("");
        const std::string payload_part = inner->string("payload").value_or("");
        const auto header = json::parse(crypto::base64url_decode(protected_part).value_or(""));
        const std::string id = header ? header->string("kid").value_or("") : "";
        const auto key = external_accounts.find(id);
        const bool good =
            key != external_accounts.end() && header->string("alg").value_or("") == "HS256" &&
            header->string("url").value_or("") == jws.url && !header->string("nonce") &&
            crypto::base64url_decode(payload_part).value_or("") == jws.jwk &&
            crypto::base64url(crypto::hmac_sha256(key->second, protected_part + "." + payload_part)) ==
                inner->string("signature").value_or("");
        if (!good || !used_external_accounts_.insert(id).second) {
            return problem(403, "unauthorized", "binding");
        }
    }
    const std::string url = url_of(fmt::format("/account/{}", next_account_++));
    accounts_[url] = jws.jwk;
    answer.headers.emplace_back("Location", url);
    return answer;
}

http_response scripted_ca::revoke(const opened_jws& jws) {
    const auto payload = json::parse(jws.payload);
    const auto der = payload ? crypto::base64url_decode(payload->string("certificate").value_or(""))
                             : fail(errc::parse, "payload");
    if (!der) {
        return problem(400, "malformed", "certificate");
    }
    const auto reason = payload->optional_integer("reason").value_or(std::nullopt);
    if (reason && *reason == 6) {
        return problem(400, "badRevocationReason", "not that one");
    }
    if (std::ranges::any_of(revoked, [&](const auto& entry) { return entry.first == *der; })) {
        return problem(400, "alreadyRevoked", "again");
    }
    revoked.emplace_back(*der, reason);
    http_response answer;
    answer.status = 200;
    return answer;
}

} // namespace evercert::testing
