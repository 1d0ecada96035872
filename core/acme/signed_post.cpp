// One signed POST, and the plain requests for what it needs.
#include "core/acme/jws.hpp"
#include "core/acme/session.hpp"
#include "core/base/text.hpp"

#include <fmt/format.h>

namespace evercert::acme {
namespace {

constexpr unsigned most_bad_nonces = 10;
constexpr unsigned most_repetitions = 2;

bool success(const http_response& answer) noexcept {
    return answer.status >= 200 && answer.status <= 299;
}

/// Worth a second try within a second: the server did not ask us to stay away.
bool hiccup(const http_response& answer) noexcept {
    return answer.status >= 500 && answer.status <= 599 && answer.header("Retry-After").empty();
}

failure transport_failure(step where, const error& cause) {
    return {where, cause.within(fmt::format("talking to the CA ({} step)", to_string(where)))};
}

} // namespace

awaitable<void> session::pause(unsigned repetition) {
    const milliseconds wait =
        milliseconds(250) * (1U << (repetition - 1)) + milliseconds(parts_.random.between(0, 100));
    co_await sleep_for(parts_.time, wait);
}

awaitable<outcome<http_response>> session::get(plain_request request) {
    for (unsigned repetition = 1;; ++repetition) {
        co_await pace_.take();
        http_request out(request.method, request.url);
        out.body_limit = request.body_limit;
        out.purpose = to_string(request.where);
        auto answer = co_await parts_.http.send(std::move(out));
        const bool again = answer ? hiccup(*answer) : answer.error().code == errc::network;
        if (again && repetition <= most_repetitions) {
            co_await pause(repetition);
            continue;
        }
        if (!answer) {
            co_return std::unexpected(transport_failure(request.where, answer.error()));
        }
        if (!success(*answer)) {
            co_return std::unexpected(refusal(request.where, *answer, parts_.time.now()));
        }
        co_return std::move(*answer);
    }
}

awaitable<outcome<std::string>> session::take_nonce(std::shared_ptr<const directory> from) {
    if (auto kept = nonces_.take(parts_.time.steady_now())) {
        co_return std::move(*kept);
    }
    plain_request request(step::nonce, "HEAD", from->new_nonce);
    auto answer = co_await get(std::move(request));
    if (!answer) {
        distrust_directory(from->new_nonce);
        co_return std::unexpected(std::move(answer.error()));
    }
    const auto nonce = answer->header("Replay-Nonce");
    if (!good_nonce(nonce)) {
        failure why(step::nonce,
                    error(errc::protocol, "the CA's newNonce answer carries no usable Replay-Nonce"));
        why.http_status = static_cast<int>(answer->status);
        co_return std::unexpected(std::move(why));
    }
    co_return std::string(nonce);
}

outcome<void> session::can_sign(const signed_request& request) const {
    if (request.by == signed_request::signer::account) {
        return has_account();
    }
    if (request.by == signed_request::signer::account_key ? !key_ : !request.key) {
        return std::unexpected(
            failure(step::account, error(errc::internal, "no key to sign the request with")));
    }
    return {};
}

outcome<http_request> session::signed_http(const signed_request& request, const std::string& nonce) const {
    jws_header header;
    header.url = request.url;
    header.nonce = nonce;
    if (request.by == signed_request::signer::account) {
        header.kid = account_url_;
    }
    const crypto::key& signer = request.by == signed_request::signer::other_key ? *request.key : *key_;
    auto body = sign_jws(signer, header, request.payload);
    if (!body) {
        return std::unexpected(failure(request.where, std::move(body.error())));
    }
    http_request out("POST", request.url);
    out.headers.emplace_back("Content-Type", "application/jose+json");
    out.headers.emplace_back("Accept", request.accept);
    out.headers.emplace_back("Accept-Language", "en");
    out.body = std::move(*body);
    out.body_limit = request.body_limit;
    out.purpose = to_string(request.where);
    return out;
}

awaitable<outcome<http_response>> session::post(signed_request request) {
    std::string nonce; // kept over a retry only when it came with badNonce
    unsigned bad_nonces = 0;
    unsigned repetitions = 0;
    bool recovered = false;
    for (;;) {
        if (auto able = can_sign(request); !able) {
            co_return std::unexpected(std::move(able.error()));
        }
        const auto where = co_await get_directory();
        if (!where) {
            co_return std::unexpected(where.error());
        }
        if (nonce.empty()) {
            auto taken = co_await take_nonce(*where);
            if (!taken) {
                co_return std::unexpected(std::move(taken.error()));
            }
            nonce = std::move(*taken);
        }
        // Not earlier: what is signed must not be old when it goes out.
        co_await pace_.take();
        // Another order may have lost the account while we waited.
        if (auto able = can_sign(request); !able) {
            co_return std::unexpected(std::move(able.error()));
        }
        const std::string account_used = account_url_;
        const bool by_account = request.by == signed_request::signer::account;
        auto out = signed_http(request, nonce);
        nonce.clear();
        if (!out) {
            co_return std::unexpected(std::move(out.error()));
        }
        auto answer = co_await parts_.http.send(std::move(*out));
        const bool repeat_allowed = request.repeatable && repetitions < most_repetitions;
        if (!answer) {
            if (repeat_allowed && answer.error().code == errc::network) {
                co_await pause(++repetitions);
                continue;
            }
            distrust_directory(request.url);
            co_return std::unexpected(transport_failure(request.where, answer.error()));
        }
        const std::string fresh(answer->header("Replay-Nonce"));
        if (success(*answer)) {
            nonces_.put(fresh, parts_.time.steady_now());
            if (by_account) {
                note_proven(account_used);
            }
            co_return std::move(*answer);
        }
        failure why = refusal(request.where, *answer, parts_.time.now());
        if (why.said && why.said->is("badNonce") && bad_nonces < most_bad_nonces) {
            ++bad_nonces;
            event seen;
            seen.id = "acme.bad_nonce";
            seen.level = severity::debug;
            seen.message = "the CA refused a nonce; the request is signed and sent again";
            seen.fields.emplace_back("step", to_string(request.where));
            parts_.events.emit(seen);
            if (good_nonce(fresh)) {
                nonce = fresh;
            } else {
                nonces_.clear(); // what else was kept is not better
            }
            continue;
        }
        nonces_.put(fresh, parts_.time.steady_now());
        if (repeat_allowed && hiccup(*answer)) {
            co_await pause(++repetitions);
            continue;
        }
        if (why.http_status == 404 || why.http_status == 405) {
            distrust_directory(request.url);
        }
        if (why.said && why.said->is("badSignatureAlgorithm")) {
            // Each of our key types has just one algorithm, so only another key can help.
            const crypto::key& used = request.key ? *request.key : *key_;
            why.cause.message = fmt::format(
                "the CA does not accept {} signatures; configure an account_key of a type it accepts",
                used.jws_algorithm());
            why.cause.foreign +=
                why.said->algorithms.empty() ? "" : " (accepted: " + join(why.said->algorithms, ", ") + ")";
        }
        const bool unknown_account = by_account && account_unknown(why);
        const bool doubtful_key = by_account && !is_proven(account_used) && why.said &&
                                  (why.said->is("malformed") || why.said->is("unauthorized"));
        if ((unknown_account || doubtful_key) && !recovered) {
            recovered = true;
            auto found = co_await recover_account(account_used);
            if (!found) {
                co_return std::unexpected(std::move(found.error()));
            }
            if (doubtful_key && account_url_ == account_used) {
                note_proven(account_used); // the key is the account's: something else is wrong
            } else if (!request.names_account) {
                if (request.url == account_used) {
                    request.url = account_url_;
                }
                continue;
            }
        }
        if (unknown_account) {
            why.where = step::account;
        }
        co_return std::unexpected(std::move(why));
    }
}

} // namespace evercert::acme
