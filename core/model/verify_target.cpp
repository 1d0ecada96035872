#include "core/model/verify_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace evercert {
namespace {

constexpr std::array<std::pair<std::string_view, tls_start>, 5> words{{
    {"tls", tls_start::at_once},
    {"smtp", tls_start::smtp},
    {"lmtp", tls_start::lmtp},
    {"imap", tls_start::imap},
    {"pop3", tls_start::pop3},
}};
constexpr std::string_view separator = "://";

/// Words for what is spoken inside of TLS, which says nothing about how it begins.
bool inside_tls(std::string_view word) {
    constexpr std::array<std::string_view, 5> known{"https", "smtps", "submissions", "imaps", "pop3s"};
    return std::ranges::find(known, word) != known.end();
}

std::unexpected<error> refuse_word(std::string_view word, std::string_view rest) {
    std::string mend;
    if (inside_tls(word)) {
        mend = fmt::format("; TLS that begins at once is written tls://{}", rest);
    } else if (word == "submission") {
        mend = fmt::format("; submission is SMTP: write smtp://{}", rest);
    }
    return fail(errc::invalid_argument,
                fmt::format("what is spoken before TLS is one of tls://, smtp://, lmtp://, imap:// and "
                            "pop3://{}",
                            mend));
}

} // namespace

result<verify_target> parse_verify_target(std::string_view text) {
    verify_target target;
    if (const auto at = text.find(separator); at != std::string_view::npos) {
        const std::string_view word = text.substr(0, at);
        text.remove_prefix(at + separator.size());
        const auto* const known =
            std::ranges::find(words, word, &std::pair<std::string_view, tls_start>::first);
        if (known == words.end()) {
            return refuse_word(word, text);
        }
        target.how = known->second;
    }
    auto where = parse_endpoint(text);
    if (!where || where->port == 0) {
        return fail(errc::invalid_argument,
                    "an IP address and a port are wanted, such as 127.0.0.1:443, [::1]:443 or "
                    "smtp://127.0.0.1:25");
    }
    target.where = std::move(*where);
    return target;
}

std::string to_string(const verify_target& target) {
    if (target.how == tls_start::at_once) {
        return to_string(target.where);
    }
    const auto* const known =
        std::ranges::find(words, target.how, &std::pair<std::string_view, tls_start>::second);
    return fmt::format("{}{}{}", known->first, separator, to_string(target.where));
}

} // namespace evercert
