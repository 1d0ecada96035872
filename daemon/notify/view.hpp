#pragma once
// What `evercert notify` shows.
#include "core/base/time.hpp"

#include <optional>
#include <string>
#include <vector>

namespace evercert::daemon {

struct audience_view {
    std::string name;
    std::string type;   ///< "webhook", "mail", "command"
    std::string target; ///< nothing secret
    std::vector<std::string> on;
    unsigned troubled = 0; ///< certificates that it was told trouble of, without a recovery yet
    unsigned queued = 0;   ///< messages that are not delivered yet
    std::optional<wall_time> delivered;
    std::string problem; ///< of the last try; empty if it went well
    friend bool operator==(const audience_view&, const audience_view&) = default;
};
struct test_outcome {
    std::string name;
    std::string target;
    std::string problem; ///< empty: delivered
    friend bool operator==(const test_outcome&, const test_outcome&) = default;
};

} // namespace evercert::daemon
