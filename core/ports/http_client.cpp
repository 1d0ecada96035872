#include "core/ports/http_client.hpp"

#include "core/base/text.hpp"

namespace evercert {

std::string_view http_response::header(std::string_view name) const noexcept {
    for (const auto& [key, value] : headers) {
        if (equals_ignoring_case(key, name)) {
            return value;
        }
    }
    return {};
}

std::vector<std::string_view> http_response::all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : headers) {
        if (equals_ignoring_case(key, name)) {
            values.emplace_back(value);
        }
    }
    return values;
}

} // namespace evercert
