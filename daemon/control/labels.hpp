#pragma once
#include "core/base/time.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace evercert::daemon {

/// "label           text" for people, one below the other. Text must be safe to print already.
class labels {
public:
    /// Texts longer than `width` go on below themselves, broken at spaces only; 0 is no limit.
    explicit labels(std::size_t width = 0) : width_(width) {}

    /// Nothing for an empty text.
    void add(std::string_view label, std::string_view text);
    /// "2026-11-21T00:00:00Z (in 3h)"
    void add_time(std::string_view label, const std::optional<wall_time>& when, wall_time now);
    /// An empty line.
    void gap() { out_ += '\n'; }
    [[nodiscard]] std::string text() && { return std::move(out_); }

private:
    std::size_t width_;
    std::string out_;
};

} // namespace evercert::daemon
