#include "daemon/control/table.hpp"

#include <algorithm>
#include <utility>

namespace evercert::daemon {
namespace {

bool begins_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

} // namespace

std::size_t display_width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string cut(const std::string& text, std::size_t width) {
    if (display_width(text) <= width) {
        return text;
    }
    const std::size_t kept = width > 3 ? width - 3 : 0;
    std::size_t seen = 0;
    std::size_t end = 0;
    while (end < text.size() && !(begins_character(text[end]) && seen++ == kept)) {
        ++end;
    }
    return text.substr(0, end) + std::string(std::min<std::size_t>(width, 3), '.');
}

table::table(std::vector<std::string> headers) {
    rows_.push_back(std::move(headers));
}

void table::add(std::vector<std::string> row) {
    row.resize(rows_.front().size());
    rows_.push_back(std::move(row));
}

std::string table::render(std::size_t width) const {
    const std::size_t columns = rows_.front().size();
    std::vector<std::size_t> widths(columns, 0);
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < columns; ++i) {
            widths[i] = std::max(widths[i], display_width(row[i]));
        }
    }
    std::string out;
    for (const auto& row : rows_) {
        std::string line;
        std::size_t used = 0;
        for (std::size_t i = 0; i + 1 < columns; ++i) {
            line += row[i];
            line.append(widths[i] - display_width(row[i]) + 2, ' ');
            used += widths[i] + 2;
        }
        // A terminal too narrow for even a few characters of the last column wraps instead.
        line += width >= used + 8 ? cut(row.back(), width - used) : row.back();
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + '\n';
    }
    return out;
}

} // namespace evercert::daemon
