#include "core/base/text.hpp"
#include "daemon/notify/channel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sys/prctl.h>
#include <utility>

namespace evercert::daemon {
namespace {

/// sysexits.h: usage, data, no such user, no such host. Everything else may pass.
constexpr std::array hopeless{64, 65, 67, 68};

/// Tries, about twenty minutes, in which greylisting has ended: who is refused for now after them, such as a
/// mailbox that is full, does not keep the mail from the others any longer.
constexpr unsigned tries_for_all = 5;

bool may_gain_no_privileges() {
    return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

/// Postfix's sendmail hands mail to postdrop, which is set-group-ID: without that it may not write, says so,
/// and tries again until it is stopped.
std::string mend_for(const process_outcome& outcome) {
    const bool postdrop = outcome.output.find("postdrop") != std::string::npos ||
                          outcome.output.find("maildrop") != std::string::npos;
    const bool barred = may_gain_no_privileges();
    if (!postdrop &&
        !(barred && (outcome.timed_out || outcome.output.find("ermission denied") != std::string::npos))) {
        return {};
    }
    return fmt::format("; this sendmail needs the right of its own group (set-group-ID), which {}: give "
                       "`smtp: \"127.0.0.1:25\"` in place of it",
                       barred ? "what evercertd runs cannot have here (NoNewPrivileges)"
                              : "it seems not to have here");
}

class mail final : public channel {
public:
    mail(const mail_parts& parts, config::mail_channel how, milliseconds timeout)
        : parts_(parts), how_(std::move(how)), timeout_(timeout) {}

    awaitable<delivery> deliver(message what) override {
        std::string text = mail_text(what, how_, parts_.host);
        if (how_.smtp) {
            co_return co_await by_smtp(std::move(text), what.attempts < tries_for_all);
        }
        co_return co_await by_program(std::move(text));
    }
    [[nodiscard]] std::string target() const override {
        return fmt::format("{} through {}", join(how_.to, ", "),
                           how_.smtp ? to_string(*how_.smtp) : how_.sendmail);
    }

private:
    awaitable<delivery> by_smtp(std::string text, bool all_or_none) {
        outgoing_mail what;
        what.server = *how_.smtp;
        what.our_name = parts_.host;
        what.from = how_.from.empty() ? "evercert@" + parts_.host : how_.from;
        what.to = how_.to;
        what.message = std::move(text);
        what.deadline = timeout_;
        what.all_or_none = all_or_none;
        auto taken = co_await parts_.smtp(std::move(what));
        if (!taken) {
            const errc code = taken.error().code;
            co_return std::unexpected(
                refusal(taken.error(), code == errc::refused || code == errc::invalid_argument));
        }
        co_return std::move(*taken);
    }

    awaitable<delivery> by_program(std::string text) {
        process_request request({how_.sendmail, "-i"});
        if (!how_.from.empty()) {
            request.argv.insert(request.argv.end(), {"-f", how_.from});
        }
        request.argv.emplace_back("--");
        request.argv.insert(request.argv.end(), how_.to.begin(), how_.to.end());
        request.input = std::move(text);
        request.deadline = timeout_;
        auto ran = co_await parts_.processes.run(std::move(request));
        if (!ran) {
            error why = ran.error();
            if (why.code == errc::not_found) {
                why.message += "; with `smtp: \"127.0.0.1:25\"` none is needed";
            }
            co_return std::unexpected(refusal(std::move(why), false));
        }
        if (ran->ok()) {
            co_return std::string();
        }
        error why(errc::refused, fmt::format("{} {}{}", how_.sendmail, ran->describe(), mend_for(*ran)),
                  ran->output);
        const bool for_good = std::ranges::find(hopeless, ran->exit_code) != hopeless.end();
        co_return std::unexpected(refusal(std::move(why), for_good));
    }

    mail_parts parts_;
    config::mail_channel how_;
    milliseconds timeout_;
};

class command final : public channel {
public:
    command(process_runner& processes, config::command_channel how, milliseconds timeout)
        : processes_(processes), how_(std::move(how)), timeout_(timeout) {}

    awaitable<delivery> deliver(message what) override {
        process_request request(how_.argv);
        request.environment = {{"EVERCERT_EVENTS", what.events},
                               {"EVERCERT_CERTIFICATES", what.certificates},
                               {"EVERCERT_COUNT", fmt::format("{}", what.total)},
                               {"EVERCERT_SUBJECT", what.subject},
                               {"EVERCERT_MESSAGE_ID", what.id},
                               {"EVERCERT_TEST", what.test ? "1" : ""}};
        request.input = std::move(what.json);
        request.deadline = timeout_;
        auto ran = co_await processes_.run(std::move(request));
        if (!ran) {
            co_return std::unexpected(refusal(ran.error(), false));
        }
        if (ran->ok()) {
            co_return std::string();
        }
        error why(errc::refused, fmt::format("{} {}", how_.argv.front(), ran->describe()), ran->output);
        co_return std::unexpected(refusal(std::move(why), false));
    }
    [[nodiscard]] std::string target() const override { return how_.argv.front(); }

private:
    process_runner& processes_;
    config::command_channel how_;
    milliseconds timeout_;
};

} // namespace

std::unique_ptr<channel> make_mail(const mail_parts& parts, config::mail_channel how, milliseconds timeout) {
    return std::make_unique<mail>(parts, std::move(how), timeout);
}

std::unique_ptr<channel> make_command(process_runner& processes, config::command_channel how,
                                      milliseconds timeout) {
    return std::make_unique<command>(processes, std::move(how), timeout);
}

} // namespace evercert::daemon
