#include "config/text_check.hpp"

#include "config/document.hpp"
#include "core/base/text.hpp"

#include <fmt/format.h>

namespace evercert::config {
namespace {

/// Brackets may be open this deep; the tree itself allows less, but counts exactly. yaml-cpp would hold every
/// one of a million open brackets in memory before it complains.
constexpr int max_brackets = 2 * static_cast<int>(document::max_depth);

bool check_encoding(std::string_view text, mistake_list& mistakes) {
    const auto head = text.substr(0, 4);
    if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF") ||
        head == std::string_view("\0\0\xFE\xFF", 4)) {
        mistakes.add({1, 1}, "", "the file is UTF-16 or UTF-32; save it as UTF-8");
        return false;
    }
    place at{1, 1};
    for (std::size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F) {
            mistakes.add(at, "",
                         fmt::format("the file has a control character (byte 0x{:02x}) here; remove it", c));
            return false;
        }
        const std::size_t length = utf8_length(text, i);
        if (length == 0) {
            mistakes.add(at, "",
                         fmt::format("the file is not UTF-8 (byte 0x{:02x} here); save it as UTF-8", c));
            return false;
        }
        at = c == '\n' ? place{at.line + 1, 1} : place{at.line, at.column + static_cast<int>(length)};
        i += length;
    }
    return true;
}

/// Tabs, brackets and quotes, line by line. Comments and quoted text do not count; a bracket or a quote
/// counts only where a value may begin, since a plain word may hold either.
class layout_check {
public:
    explicit layout_check(mistake_list& mistakes) : mistakes_(mistakes) {}

    bool run(std::string_view text) {
        int line = 1;
        while (!text.empty() && fine_) {
            const auto end = text.find('\n');
            check_line(text.substr(0, end), line++);
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        }
        if (fine_ && quote_ != 0) {
            // yaml-cpp would take the rest of the file for the value, in silence.
            refuse(opened_, "the quote that opens here is never closed");
        }
        return fine_;
    }

private:
    void check_line(std::string_view line, int number) {
        const auto begin = line.find_first_not_of(" \t\r");
        if (begin == std::string_view::npos) {
            return;
        }
        const auto tab = line.substr(0, begin).find('\t');
        if (tab != std::string_view::npos && quote_ == 0 && depth_ == 0 && line[begin] != '#') {
            refuse({number, static_cast<int>(tab) + 1},
                   "a tab stands in the indentation; YAML indents with spaces only");
            return;
        }
        bool value_begins = true;
        for (std::size_t i = begin; i < line.size() && fine_; ++i) {
            const char c = line[i];
            const place here{number, static_cast<int>(i) + 1};
            if (quote_ != 0) {
                i += quoted(c, i + 1 < line.size() ? line[i + 1] : '\n');
                value_begins = false;
            } else if (c == '#' && (i == 0 || blank(line[i - 1]))) {
                return;
            } else if ((c == '"' || c == '\'') && value_begins) {
                quote_ = c;
                opened_ = here;
            } else {
                value_begins = unquoted(c, i + 1 == line.size() || blank(line[i + 1]), value_begins, here);
            }
        }
    }
    static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

    /// One character inside quotes; returns how many more belong to it.
    std::size_t quoted(char c, char after) {
        if ((quote_ == '"' && c == '\\') || (quote_ == '\'' && c == '\'' && after == '\'')) {
            return 1;
        }
        quote_ = c == quote_ ? '\0' : quote_;
        return 0;
    }
    /// One character outside; returns whether a value may begin after it.
    bool unquoted(char c, bool blank_follows, bool value_begins, place here) {
        if ((c == '[' || c == '{') && (value_begins || depth_ > 0)) {
            if (++depth_ > max_brackets) {
                refuse(here, fmt::format("nested more than {} levels deep", document::max_depth));
            }
            return true;
        }
        if ((c == ']' || c == '}') && depth_ > 0) {
            --depth_;
            return false;
        }
        if (depth_ > 0 && (c == ',' || c == ':')) {
            return true;
        }
        return ((c == ':' || c == '-' || c == '?') && blank_follows) || (value_begins && blank(c));
    }
    void refuse(place where, std::string text) {
        mistakes_.add(where, "", std::move(text));
        fine_ = false;
    }

    mistake_list& mistakes_;
    int depth_ = 0;
    char quote_ = 0;
    place opened_;
    bool fine_ = true;
};

} // namespace

bool check_text(std::string_view text, mistake_list& mistakes) {
    if (text.size() > max_file_size) {
        mistakes.add({1, 1}, "",
                     fmt::format("the file has {} bytes; at most {} are read", text.size(), max_file_size));
        return false;
    }
    return check_encoding(text, mistakes) && layout_check(mistakes).run(without_bom(text));
}

std::string_view without_bom(std::string_view text) noexcept {
    return text.substr(text.starts_with("\xEF\xBB\xBF") ? 3 : 0);
}

} // namespace evercert::config
