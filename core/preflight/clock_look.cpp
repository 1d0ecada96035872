#include "core/preflight/clock_look.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::survey {
namespace {

constexpr std::chrono::minutes tolerance(5);
constexpr std::string_view mend_clock =
    "set the clock of this machine, and keep it set by NTP: look at `timedatectl`";

bool speaks_of_dates(const error& why) {
    const std::string text = to_lower_ascii(why.message);
    return text.find("expired") != std::string::npos || text.find("not yet valid") != std::string::npos;
}

/// How long a cache on the way has held the answer (RFC 9111 section 5.1).
seconds age_of(const http_response& answer) {
    const std::string_view text = answer.header("Age");
    const bool digits = !text.empty() && text.size() < 7 &&
                        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    return seconds(digits ? std::stoi(std::string(text)) : 0);
}

void say_unreachable(const inquiry& in, look& out, const error& why) {
    const std::string& directory = in.request.where.directory;
    if (why.code == errc::tls && speaks_of_dates(why)) {
        out.say(finding_weight::unsure, directory,
                fmt::format("{}; this machine believes that it is {}", why.text(),
                            format_time(in.parts.time.now())),
                fmt::format("if that time is wrong, {}; if it is right, the CA has to renew its certificate",
                            mend_clock));
        return;
    }
    const bool late = why.code == errc::timed_out;
    out.say_as("issuer", late ? finding_weight::unsure : finding_weight::trouble, directory, why.text(),
               "let this machine reach the CA: DNS, firewall, https_proxy, and `trust` for a private CA");
}

} // namespace

awaitable<void> look_at_clock(const inquiry& in, look& out) {
    http_request ask("GET", in.request.where.directory);
    ask.deadline = in.time_for(seconds(8));
    http_client& client = in.parts.https(in.request.where.trust);
    const auto before = in.parts.time.now();
    const auto answer = co_await client.send(std::move(ask));
    if (!answer) {
        say_unreachable(in, out, answer.error());
        co_return;
    }
    const auto now = before + (in.parts.time.now() - before) / 2;
    if (answer->status != 200) {
        out.say_as("issuer", finding_weight::unsure, in.request.where.directory,
                   fmt::format("the CA answers with status {} when asked for its directory", answer->status),
                   "check the issuer's `directory`; if it is right, the CA has trouble of its own: wait");
    } else {
        out.say_as("issuer", finding_weight::good, in.request.where.directory, "the CA answers");
    }
    const auto date = parse_http_date(answer->header("Date"));
    if (!date) {
        out.say(finding_weight::unsure, in.request.where.directory, "the CA's answer bears no usable date",
                fmt::format("compare {} with a clock that is right", format_time(now)));
        co_return;
    }
    const milliseconds off = now - (*date + age_of(*answer));
    if (off > tolerance || off < -tolerance) {
        out.say(finding_weight::trouble, in.request.where.directory,
                fmt::format("this machine's clock is {} {} the CA's: here it is {}",
                            format_duration(off < milliseconds(0) ? -off : off),
                            off < milliseconds(0) ? "behind" : "ahead of", format_time(now)),
                std::string(mend_clock) +
                    "; until then certificates may seem expired or not yet valid, and renewals come at the "
                    "wrong time");
        co_return;
    }
    out.say(finding_weight::good, in.request.where.directory, "the clocks agree");
}

} // namespace evercert::survey
