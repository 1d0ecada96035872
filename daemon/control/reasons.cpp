#include "daemon/control/reasons.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

namespace evercert::daemon {
namespace {

struct known_reason {
    std::string_view name;
    int number;
    std::string_view refusal{}; ///< why it is not taken
};

constexpr std::string_view about_a_ca =
    "is what a CA says when its own key, or that of another authority, is lost";
constexpr std::string_view about_a_hold =
    "puts a certificate on hold or takes it off: CAs do not do that to TLS "
    "certificates, a revocation is for good";

constexpr std::array reasons{known_reason{"unspecified", 0},
                             known_reason{"keyCompromise", 1},
                             known_reason{"affiliationChanged", 3},
                             known_reason{"superseded", 4},
                             known_reason{"cessationOfOperation", 5},
                             known_reason{"privilegeWithdrawn", 9},
                             known_reason{"cACompromise", 2, about_a_ca},
                             known_reason{"aACompromise", 10, about_a_ca},
                             known_reason{"certificateHold", 6, about_a_hold},
                             known_reason{"removeFromCRL", 8, about_a_hold}};

} // namespace

std::vector<std::string_view> reason_names() {
    std::vector<std::string_view> names;
    for (const known_reason& one : reasons) {
        if (one.refusal.empty()) {
            names.push_back(one.name);
        }
    }
    return names;
}

result<int> parse_reason(std::string_view text) {
    std::string allowed;
    std::string_view refusal = "is not a revocation reason";
    for (const known_reason& known : reasons) {
        const bool meant = equals_ignoring_case(text, known.name) || text == std::to_string(known.number);
        if (known.refusal.empty()) {
            if (meant) {
                return known.number;
            }
            allowed += fmt::format("{}{} ({})", allowed.empty() ? "" : ", ", known.name, known.number);
        } else if (meant) {
            refusal = known.refusal;
        }
    }
    return fail(errc::invalid_argument,
                fmt::format("\"{}\" {}; allowed are {}", escape(text, 60), refusal, allowed));
}

} // namespace evercert::daemon
