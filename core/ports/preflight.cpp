#include "core/ports/preflight.hpp"

namespace evercert {

std::string_view to_string(finding_weight weight) noexcept {
    switch (weight) {
    case finding_weight::good:
        return "good";
    case finding_weight::unsure:
        return "unsure";
    case finding_weight::trouble:
        break;
    }
    return "trouble";
}

} // namespace evercert
