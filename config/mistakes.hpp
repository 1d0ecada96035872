#pragma once
// Collects what is wrong, with its place; nothing is thrown and nothing stops at the first mistake.
#include "config/load.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::config {

/// Where something stands in the file, counted from 1; columns count bytes. 0 is "no place".
struct place {
    int line = 0;
    int column = 0;
    friend auto operator<=>(const place&, const place&) = default;
};

/// "line 4, column 7"
std::string to_string(place where);

/// A key path as a chain on the stack: it costs nothing unless a mistake is reported. A link must outlive its
/// children.
class key_path {
public:
    key_path() = default;
    [[nodiscard]] key_path key(std::string_view name) const { return {this, name, 0}; }
    [[nodiscard]] key_path item(std::size_t index) const { return {this, {}, index}; }
    /// "certificates[2].names[0]"; the empty path is "".
    [[nodiscard]] std::string text() const;

private:
    key_path(const key_path* up, std::string_view name, std::size_t index)
        : up_(up), name_(name), index_(index) {}

    const key_path* up_ = nullptr;
    std::string_view name_;
    std::size_t index_ = 0;
};

class mistake_list {
public:
    /// More mistakes than this in one file are counted, not listed.
    static constexpr std::size_t listed = 1000;

    explicit mistake_list(std::string file) : file_(std::move(file)) {}

    void add(place where, const key_path& key, std::string text);
    void add(place where, std::string key, std::string text);
    [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
    /// Sorted by place, cut to `listed`, with a last line that says so.
    [[nodiscard]] std::vector<mistake> take();

private:
    std::string file_;
    std::vector<mistake> all_;
    std::size_t dropped_ = 0;
};

/// A value of the user's in double quotes, escaped and cut.
std::string in_quotes(std::string_view text);
/// "; did you mean \"x\"?" for the candidate nearest to `word`, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

} // namespace evercert::config
