#include "core/base/text.hpp"
#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "daemon/notify/channel.hpp"
#include "solvers/dns01/secret_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace evercert::daemon {
namespace {

constexpr std::size_t longest_secret = 4096;
constexpr milliseconds longest_wait = std::chrono::hours(1);
constexpr std::string_view encoded_mark = "whsec_";

/// The bytes to sign with: base64 behind "whsec_", else the text itself.
result<crypto::secret> key_of(crypto::secret text, const std::string& place) {
    if (!text.view().starts_with(encoded_mark)) {
        return text;
    }
    auto bytes = crypto::base64_decode_liberal(text.view().substr(encoded_mark.size()));
    if (!bytes || bytes->empty()) {
        return fail(errc::parse, fmt::format("{}: behind whsec_ there is no base64", place));
    }
    return crypto::secret(std::move(*bytes));
}

std::optional<milliseconds> retry_after(const http_response& answer, wall_time now) {
    const std::string_view text = trim(answer.header("Retry-After"));
    if (text.empty()) {
        return std::nullopt;
    }
    long long count = 0;
    const auto [stop, wrong] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (wrong == std::errc() && stop == text.data() + text.size() && count >= 0) {
        return std::min<milliseconds>(seconds(std::min(count, 86400LL)), longest_wait);
    }
    const auto date = parse_http_date(text);
    return date ? std::optional(std::clamp<milliseconds>(*date - now, milliseconds(0), longest_wait))
                : std::nullopt;
}

/// "https://host:port", which is all that is shown of a URL: the rest of it often is a secret.
std::string origin_of(const std::string& url) {
    return url.substr(0, url.find_first_of("/?", url.find("//") + 2));
}

/// Whether foreign text holds a piece of the URL that may be secret: servers say "Cannot POST /hooks/TOKEN".
bool repeats_secret(std::string_view text, const std::string& url) {
    constexpr std::size_t shortest = 6; // words such as "hooks" may be said
    std::string_view rest = std::string_view(url).substr(origin_of(url).size());
    while (!rest.empty()) {
        const std::string_view piece = rest.substr(0, rest.find_first_of("/?&="));
        if (piece.size() >= shortest && text.find(piece) != std::string_view::npos) {
            return true;
        }
        rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
    }
    return false;
}

class webhook final : public channel {
public:
    webhook(const webhook_parts& parts, config::webhook_channel how, milliseconds timeout)
        : parts_(parts), how_(std::move(how)), timeout_(timeout) {}

    awaitable<delivery> deliver(message what) override;
    [[nodiscard]] std::string target() const override { return origin_of(how_.url); }

private:
    awaitable<result<void>> sign(http_request& request, const std::string& id);
    [[nodiscard]] delivery verdict(const http_response& answer) const;

    webhook_parts parts_;
    config::webhook_channel how_;
    milliseconds timeout_;
};

awaitable<result<void>> webhook::sign(http_request& request, const std::string& id) {
    const auto now = std::chrono::floor<seconds>(parts_.time.now().time_since_epoch());
    const std::string moment = fmt::format("{}", now.count());
    request.headers.emplace_back("webhook-id", id);
    request.headers.emplace_back("webhook-timestamp", moment);
    if (how_.secret_file.empty() && how_.secret_credential.empty()) {
        co_return result<void>();
    }
    auto source = how_.secret_file.empty()
                      ? solvers::secret_source::credential(how_.secret_credential)
                      : result<solvers::secret_source>(solvers::secret_source::file(how_.secret_file));
    if (!source) {
        co_return fail(std::move(source.error()));
    }
    auto read = [from = *source]() -> result<crypto::secret> { return from.read(longest_secret); };
    auto text = co_await parts_.workers.run(read);
    if (!text) {
        co_return fail(std::move(text.error()));
    }
    const auto key = key_of(std::move(*text), source->place());
    if (!key) {
        co_return fail(key.error());
    }
    const std::string mac =
        crypto::hmac_sha256(key->view(), fmt::format("{}.{}.{}", id, moment, request.body));
    request.headers.emplace_back("webhook-signature", "v1," + crypto::base64(mac));
    co_return result<void>();
}

delivery webhook::verdict(const http_response& answer) const {
    const unsigned status = answer.status;
    if (status / 100 == 2) {
        return std::string();
    }
    const bool redirects = status / 100 == 3;
    const bool later = status >= 500 || status == 408 || status == 425 || status == 429;
    std::string text = fmt::format("{} answered with status {}", target(), status);
    if (redirects) {
        text += ": redirects are not followed; give the address that it leads to";
    }
    const errc code = later ? errc::busy : errc::refused;
    std::string said = repeats_secret(answer.body, how_.url) ? "" : answer.body.substr(0, 1000);
    return std::unexpected(refusal(error(code, std::move(text), std::move(said)), !later,
                                   later ? retry_after(answer, parts_.time.now()) : std::nullopt));
}

awaitable<delivery> webhook::deliver(message what) {
    http_request request("POST", how_.url);
    request.allow_http = true; // where that is not meant, the configuration was refused
    request.deadline = timeout_;
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = std::move(what.json);
    const auto signed_well = co_await sign(request, what.id);
    if (!signed_well) {
        co_return std::unexpected(refusal(signed_well.error(), false));
    }
    const auto answer = co_await parts_.http.send(std::move(request));
    if (!answer) {
        co_return std::unexpected(refusal(answer.error(), answer.error().code == errc::invalid_argument));
    }
    co_return verdict(*answer);
}

} // namespace

std::unique_ptr<channel> make_webhook(const webhook_parts& parts, config::webhook_channel how,
                                      milliseconds timeout) {
    return std::make_unique<webhook>(parts, std::move(how), timeout);
}

} // namespace evercert::daemon
