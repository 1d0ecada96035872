#pragma once
// A way to tell somebody. Each makes one try; when to try again is not its business.
#include "config/notify.hpp"
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/base/worker_pool.hpp"
#include "core/ports/http_client.hpp"
#include "core/ports/process_runner.hpp"
#include "daemon/notify/notice.hpp"

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace evercert::daemon {

struct refusal {
    error why;
    bool for_good = false;            ///< another try would end in the same way
    std::optional<milliseconds> wait; ///< the other side asks not to be tried before

    refusal(error e, bool f, std::optional<milliseconds> w = std::nullopt)
        : why(std::move(e)), for_good(f), wait(w) {}
};
/// A remark for the log, mostly empty, may be foreign text.
using delivery = std::expected<std::string, refusal>;

class channel {
public:
    virtual ~channel() = default;
    /// Takes no longer than the timeout that was configured. Cancelling the coroutine gives it up.
    virtual awaitable<delivery> deliver(message what) = 0;
    /// Where to, for people: never what may be secret (of a URL only the host).
    [[nodiscard]] virtual std::string target() const = 0;
};

/// A POST of the message's JSON, signed as Standard Webhooks 1.0 has it if there is a secret: the headers
/// webhook-id, webhook-timestamp and webhook-signature "v1,BASE64" with the HMAC-SHA256 of
/// "ID.TIMESTAMP.BODY". 2xx is delivered; redirects and 4xx but for 408, 425 and 429 are refusals for good;
/// Retry-After is kept to, up to an hour. All references must outlive it.
struct webhook_parts {
    http_client& http; ///< with the trust that was configured
    worker_pool& workers;
    time_source& time;
};
std::unique_ptr<channel> make_webhook(const webhook_parts& parts, config::webhook_channel how,
                                      milliseconds timeout);

/// net::send_mail, or what a test puts in its place.
struct outgoing_mail {
    endpoint server;
    std::string our_name;
    std::string from;
    std::vector<std::string> to;
    std::string message;
    milliseconds deadline{0};
    bool all_or_none = true; ///< as net::mail_delivery has it
};
using mail_sender = std::function<awaitable<result<std::string>>(outgoing_mail)>;

struct mail_parts {
    process_runner& processes;
    mail_sender smtp;
    std::string host; ///< this machine's name: letters, digits, dots, hyphens
};
std::unique_ptr<channel> make_mail(const mail_parts& parts, config::mail_channel how, milliseconds timeout);
/// RFC 5322 and 2045, 7 bit: text that is not goes as base64. Header values lose all but visible ASCII.
std::string mail_text(const message& what, const config::mail_channel& how, const std::string& host);

/// The JSON on standard input; EVERCERT_EVENTS, EVERCERT_CERTIFICATES, EVERCERT_COUNT, EVERCERT_SUBJECT,
/// EVERCERT_MESSAGE_ID and EVERCERT_TEST in the environment. Exit code 0 is delivered.
std::unique_ptr<channel> make_command(process_runner& processes, config::command_channel how,
                                      milliseconds timeout);

} // namespace evercert::daemon
