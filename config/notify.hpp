#pragma once
// Who is told of what, and how: the values of `notify`.
#include "core/base/time.hpp"
#include "core/model/endpoint.hpp"
#include "core/model/rate_limits.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace evercert::config {

/// What can be told of a certificate, the most urgent first.
enum class news { revoked, failing, expiring, recovered, renewed };
inline constexpr std::array all_news{news::revoked, news::failing, news::expiring, news::recovered,
                                     news::renewed};
/// As the configuration writes it.
std::string_view to_string(news what) noexcept;

/// An HTTP POST. At most one of the secrets is given.
struct webhook_channel {
    std::string url; ///< https; http to this machine, or where the configuration insists
    std::string secret_file;
    std::string secret_credential;
    std::string trust; ///< PEM file of further roots, or empty
    friend bool operator==(const webhook_channel&, const webhook_channel&) = default;
};
struct mail_channel {
    std::vector<std::string> to; ///< never empty
    std::string from;            ///< empty: evercert at this machine
    std::optional<endpoint> smtp;
    std::string sendmail = "/usr/sbin/sendmail"; ///< used unless there is `smtp`
    friend bool operator==(const mail_channel&, const mail_channel&) = default;
};
struct command_channel {
    std::vector<std::string> argv;
    friend bool operator==(const command_channel&, const command_channel&) = default;
};

struct notification {
    std::string name; ///< "webhook", "mail-2" unless given; unique
    std::set<news> on{news::revoked, news::failing, news::expiring, news::recovered};
    std::variant<webhook_channel, mail_channel, command_channel> how;
    unsigned after = 3;                     ///< failures in a row before failing is told
    std::optional<milliseconds> expiring{}; ///< so long before its end; none: a sixth of the lifetime
    /// Names of certificates, or patterns of the names on them (model's matches()); none: all.
    std::vector<std::string> certificates{};
    rate limit{20, std::chrono::hours(1)}; ///< of messages
    milliseconds gather = seconds(30);     ///< what happens within this comes in one message
    milliseconds timeout = seconds(30);    ///< of one try to deliver
    friend bool operator==(const notification&, const notification&) = default;
};
inline constexpr std::size_t most_notifications = 32;

/// "webhook", "mail" or "command".
std::string_view channel_type(const notification& what) noexcept;

} // namespace evercert::config
