#pragma once
// HTML in which nothing but our own source can become markup.
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon::status {

/// Text that stands in our source: the compiler refuses any other.
class literal {
public:
    // Implicit: every use of it is a string in our source.
    consteval literal(const char* text) : text_(text) {} // NOLINT(google-explicit-constructor)
    [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }

private:
    std::string_view text_;
};

/// Lives as long as the call it is written in.
struct attribute {
    attribute(literal n, std::string_view v, bool wanted = true) : name(n), value(v), present(wanted) {}

    literal name;
    std::string_view value;
    bool present;
};
using attributes = std::initializer_list<attribute>;

/// Our own and foreign text for HTML, between tags as well as in an attribute: control bytes, invalid UTF-8
/// and marks that reverse lines are written as \xNN, markup's own characters as references, and what is
/// longer than about `limit` bytes is cut with "...".
std::string escape_html(std::string_view text, std::size_t limit = 4000);

/// Writes elements one after another. What is left open is closed by `take`.
class markup {
public:
    markup& open(literal tag, attributes with = {});
    markup& close(); ///< the innermost; nothing if none is open
    markup& text(std::string_view text);
    /// <tag ...>text</tag>
    markup& element(literal tag, attributes with, std::string_view text);
    markup& element(literal tag, std::string_view text) { return element(tag, {}, text); }
    /// An element that has no end (meta, input ...).
    markup& single(literal tag, attributes with);
    /// As it is.
    markup& raw(literal source);
    [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }
    [[nodiscard]] std::string take();

private:
    void begin(literal tag, attributes with);

    std::string out_;
    std::vector<std::string_view> open_;
};

} // namespace evercert::daemon::status
