#include "daemon/control/reasons.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

namespace evercert::daemon {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 6> reasons{{{"unspecified", 0},
                                                                   {"keyCompromise", 1},
                                                                   {"affiliationChanged", 3},
                                                                   {"superseded", 4},
                                                                   {"cessationOfOperation", 5},
                                                                   {"privilegeWithdrawn", 9}}};

} // namespace

result<int> parse_reason(std::string_view text) {
    std::string allowed;
    for (const auto& [name, number] : reasons) {
        if (equals_ignoring_case(text, name) || text == std::to_string(number)) {
            return number;
        }
        allowed += fmt::format("{}{} ({})", allowed.empty() ? "" : ", ", name, number);
    }
    return fail(errc::invalid_argument,
                fmt::format("\"{}\" is not a revocation reason; allowed are {}", escape(text, 60), allowed));
}

} // namespace evercert::daemon
