#pragma once
// What is told: one thing about one certificate, many of them in a digest, and the message made of it.
#include "config/notify.hpp"
#include "core/base/time.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace evercert::daemon {

/// All text is safe to print.
struct notice {
    config::news what = config::news::failing;
    std::string certificate;
    std::vector<std::string> names;
    std::string issuer;
    std::string problem_class; ///< as certificate_status has it; "deployment" for one that fails; or empty
    unsigned failures = 0;     ///< in a row
    std::string happened;
    std::string mend; ///< what to do; empty if nothing
    std::optional<wall_time> since;
    std::optional<wall_time> expires;
    std::optional<wall_time> next_try;
};

/// What has come together for one message.
struct digest {
    std::map<config::news, std::size_t> counts;
    std::vector<notice> notices;         ///< the most urgent first; not all of them, if there are many
    std::optional<wall_time> held_since; ///< it had to wait for a limit, or for those before it
    bool test = false;

    [[nodiscard]] std::size_t total() const noexcept;
};
/// Of more only the number is told.
inline constexpr std::size_t most_notices = 50;

/// As it is kept until it is delivered, over restarts too. One line each but `text` and `json`.
struct message {
    std::string id; ///< of 32 hex digits; the same for each try
    wall_time created{};
    bool test = false;
    std::string subject;      ///< "60 certificates are failing"; ASCII
    std::string text;         ///< for people, lines end with "\n"
    std::string json;         ///< the documented form (README.md)
    std::string events;       ///< "failing,recovered", the most urgent first
    std::string certificates; ///< those of the notices, each once, separated by spaces
    std::size_t total = 0;
    unsigned attempts = 0; ///< that failed

    friend bool operator==(const message&, const message&) = default;
};

message compose(const digest& what, std::string id, const std::string& host, wall_time now);

} // namespace evercert::daemon
