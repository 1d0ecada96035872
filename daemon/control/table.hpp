#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace evercert::daemon {

/// Columns for people, two spaces between, widths counted in characters (UTF-8). Cells must be safe to print
/// already.
class table {
public:
    explicit table(std::vector<std::string> headers);

    /// As many cells as there are headers.
    void add(std::vector<std::string> row);
    /// Lines with "\n". What is wider than `width` loses the end of its last column; 0 is no limit.
    [[nodiscard]] std::string render(std::size_t width = 0) const;

private:
    std::vector<std::vector<std::string>> rows_; ///< the headers first
};

/// Characters, not bytes.
std::size_t display_width(const std::string& text);
/// At most `width` characters; what is cut ends in "...".
std::string cut(const std::string& text, std::size_t width);

} // namespace evercert::daemon
