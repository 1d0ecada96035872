#include "core/crypto/base64url.hpp"
#include "core/json/writer.hpp"
#include "tests/support/scripted_ca_internal.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace evercert::testing {
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
    accounts.clear();
    orders.clear();
    authorizations.clear();
}

std::string scripted_ca::fresh_nonce() {
    std::string nonce = fmt::format("nonce_{:08}", next_nonce_++);
    nonces_.insert(nonce);
    return nonce;
}

awaitable<result<http_response>> scripted_ca::send(http_request request) {
    const std::size_t limit = request.body_limit;
    auto got = co_await converse(std::move(request));
    if (got && got->body.size() > limit) {
        co_return fail(errc::too_large, "the answer is too long");
    }
    co_return got;
}

awaitable<result<http_response>> scripted_ca::converse(http_request request) {
    ca_request seen;
    seen.index = requests.size();
    seen.method = request.method;
    seen.path = request.url.starts_with(origin) ? request.url.substr(origin.size()) : request.url;
    if (const auto jws = open_jws(request.body)) {
        seen.payload = jws->payload;
        seen.kid = jws->kid;
    }
    seen.purpose = request.purpose;
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

http_response scripted_ca::directory() const {
    json::writer out;
    out.begin_object();
    out.member("x7Rk2", "a random member");
    out.member("newNonce", url_of("/new-nonce"));
    out.member("newAccount", url_of("/new-account"));
    out.member("newOrder", url_of("/new-order"));
    out.member("revokeCert", url_of("/revoke"));
    if (key_change) {
        out.member("keyChange", url_of("/key-change"));
    }
    if (!renewal_info_path.empty()) {
        out.member("renewalInfo", url_of(renewal_info_path));
    }
    out.key("meta").begin_object();
    if (terms) {
        out.member("termsOfService", "https://ca.example/terms");
    }
    if (!profiles.empty()) {
        out.key("profiles").begin_object();
        for (const auto& name : profiles) {
            out.member(name, "https://ca.example/profiles");
        }
        out.end_object();
    }
    out.member_bool("externalAccountRequired", external_account_required);
    out.end_object().end_object();
    return json_answer(200, out.text());
}

http_response scripted_ca::renewal_window(std::string_view start, std::string_view end,
                                          std::string_view retry_after) {
    json::writer out;
    out.begin_object().key("suggestedWindow").begin_object();
    out.member("start", start).member("end", end).end_object();
    out.member("explanationURL", "https://ca.example/why").end_object();
    http_response answer = json_answer(200, out.text());
    if (!retry_after.empty()) {
        answer.headers.emplace_back("Retry-After", retry_after);
    }
    return answer;
}

http_response scripted_ca::renewal_info(const http_request& request, const std::string& id) const {
    const bool with_credentials =
        std::ranges::any_of(request.headers, [](const auto& h) { return h.first == "Authorization"; });
    if (request.method != "GET" || with_credentials || !request.body.empty()) {
        return problem(405, "malformed", "renewal information is for a plain GET");
    }
    const auto found = renewal_infos.find(id);
    return found == renewal_infos.end() ? problem(404, "malformed", "no such certificate") : found->second;
}

http_response scripted_ca::answer(const http_request& request, ca_request& seen) {
    if (request.method == "GET" && seen.path == "/directory") {
        return directory();
    }
    const std::string folder = renewal_info_path + (renewal_info_path.ends_with('/') ? "" : "/");
    if (!renewal_info_path.empty() && seen.path.starts_with(folder)) {
        return renewal_info(request, seen.path.substr(folder.size()));
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
    const auto signer = accounts.find(jws->kid);
    if (!by_key && signer == accounts.end()) {
        return problem(400, "accountDoesNotExist", "no such account");
    }
    if (!algorithms.contains(jws->algorithm)) {
        return problem(400, "badSignatureAlgorithm", "not that one");
    }
    if (!verify_jws(jws->algorithm, by_key ? jws->jwk : signer->second.jwk, jws->signing_input,
                    jws->signature)) {
        return problem(400, "malformed", "signature");
    }
    if (!by_key && signer->second.status != "valid") {
        return problem(403, "unauthorized", "the account is " + signer->second.status);
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
    if (seen.path == "/key-change" && key_change) {
        return change_key(*jws);
    }
    if (accounts.contains(url_of(seen.path))) {
        return account(*jws);
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
