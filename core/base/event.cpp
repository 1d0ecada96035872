#include "core/base/event.hpp"

namespace evercert {

std::string_view to_string(severity level) noexcept {
    switch (level) {
    case severity::debug:
        return "debug";
    case severity::info:
        return "info";
    case severity::warning:
        return "warning";
    case severity::error:
        return "error";
    }
    return "error";
}

} // namespace evercert
