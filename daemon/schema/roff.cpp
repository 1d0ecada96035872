#include "daemon/schema/roff.hpp"

namespace evercert::daemon {
namespace {

constexpr std::size_t longest_line = 79;

std::string escaped(char c) {
    switch (c) {
    case '\\':
        return "\\e";
    case '-':
        return "\\-";
    case '\'':
        return "\\(aq";
    case '"':
        return "\\(dq";
    case '`':
        return "\\(ga";
    case '^':
        return "\\(ha";
    case '~':
        return "\\(ti";
    default:
        return std::string(1, c);
    }
}

/// A line must not begin with what makes it a request.
void end_line(std::string& out, std::string& line) {
    if (line.starts_with('.') || line.starts_with('\'')) {
        out += "\\&";
    }
    out += line + "\n";
    line.clear();
}

bool ends_sentence(std::string_view word) {
    return word.ends_with('.') || word.ends_with('?') || word.ends_with('!');
}

} // namespace

std::string roff_escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += escaped(c);
    }
    return out;
}

std::string roff_prose(std::string_view text) {
    std::string out;
    std::string line;
    bool bold = false;
    for (std::string_view rest = text; !rest.empty();) {
        const auto space = rest.find(' ');
        const std::string_view word = rest.substr(0, space);
        rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
        if (word.empty()) {
            continue;
        }
        std::string made;
        for (const char c : word) {
            if (c == '`') {
                bold = !bold;
                made += bold ? "\\fB" : "\\fR";
            } else {
                made += escaped(c);
            }
        }
        if (!line.empty() && line.size() + 1 + made.size() > longest_line) {
            end_line(out, line);
        }
        line += (line.empty() ? "" : " ") + made;
        if (ends_sentence(word)) {
            end_line(out, line);
        }
    }
    if (!line.empty()) {
        end_line(out, line);
    }
    return out;
}

} // namespace evercert::daemon
