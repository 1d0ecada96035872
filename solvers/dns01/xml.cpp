#include "solvers/dns01/xml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace evercert::solvers {

namespace {

constexpr std::size_t most_levels = 16;
constexpr std::size_t most_elements = 20'000;

constexpr std::array<std::pair<std::string_view, char>, 5> entities{
    {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};

bool space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
}

class scanner {
public:
    explicit scanner(std::string_view text) : whole_(text.size()), rest_(text) {}

    result<xml_element> document() {
        skip_space();
        if (rest_.starts_with("<?xml")) {
            const auto end = rest_.find("?>");
            if (end == std::string_view::npos) {
                return refuse("the declaration does not end");
            }
            rest_.remove_prefix(end + 2);
        }
        if (!skip_between()) {
            return refuse("a comment does not end");
        }
        auto root = elements();
        if (root && (!skip_between() || !rest_.empty())) {
            return refuse("something behind the end");
        }
        return root;
    }

private:
    /// With a stack of its own: depth of the text is no depth of ours.
    result<xml_element> elements() {
        std::vector<xml_element> open;
        for (;;) {
            if (open.empty() && (!rest_.starts_with('<') || rest_.starts_with("</"))) {
                return refuse("no element");
            }
            if (!rest_.starts_with('<')) {
                if (!text_into(open.back())) {
                    return refuse("a reference or the end of the text where neither may be");
                }
                continue;
            }
            if (rest_.starts_with("<!--")) {
                if (!skip_comment()) {
                    return refuse("a comment does not end");
                }
                continue;
            }
            if (rest_.starts_with("</")) {
                rest_.remove_prefix(2);
                if (take_name() != open.back().name || !take_after_space('>')) {
                    return refuse("an end that fits no beginning");
                }
                if (open.size() == 1) {
                    return std::move(open.back());
                }
                close(open);
                continue;
            }
            bool empty = false;
            auto begun = begin(empty);
            if (!begun || open.size() >= most_levels || ++count_ > most_elements) {
                return refuse("no proper element, or too many of them");
            }
            open.push_back(std::move(*begun));
            if (empty) {
                if (open.size() == 1) {
                    return std::move(open.back());
                }
                close(open);
            }
        }
    }

    static void close(std::vector<xml_element>& open) {
        xml_element done = std::move(open.back());
        open.pop_back();
        open.back().children.push_back(std::move(done));
    }

    std::optional<xml_element> begin(bool& empty) {
        rest_.remove_prefix(1);
        xml_element out;
        out.name = take_name();
        if (out.name.empty()) {
            return std::nullopt;
        }
        for (;;) {
            const bool spaced = skip_space();
            if (rest_.starts_with("/>")) {
                rest_.remove_prefix(2);
                empty = true;
                return out;
            }
            if (rest_.starts_with('>')) {
                rest_.remove_prefix(1);
                return out;
            }
            if (!spaced || take_name().empty() || !take_after_space('=') || !skip_quoted()) {
                return std::nullopt;
            }
        }
    }

    bool skip_quoted() {
        skip_space();
        if (rest_.empty() || (rest_.front() != '"' && rest_.front() != '\'')) {
            return false;
        }
        const auto end = rest_.find(rest_.front(), 1);
        if (end == std::string_view::npos || rest_.substr(0, end).find('<') != std::string_view::npos) {
            return false;
        }
        rest_.remove_prefix(end + 1);
        return true;
    }

    bool text_into(xml_element& element) {
        while (!rest_.empty() && rest_.front() != '<') {
            if (rest_.front() == '&') {
                if (!take_reference(element.text)) {
                    return false;
                }
                continue;
            }
            const auto length = std::min(rest_.find_first_of("<&"), rest_.size());
            element.text += rest_.substr(0, length);
            rest_.remove_prefix(length);
        }
        return !rest_.empty();
    }

    bool take_reference(std::string& into) {
        for (const auto& [written, meant] : entities) {
            if (rest_.starts_with(written)) {
                into += meant;
                rest_.remove_prefix(written.size());
                return true;
            }
        }
        // Numbers for ASCII only: nothing that matters to us has others.
        const bool hexadecimal = rest_.starts_with("&#x");
        if (!rest_.starts_with("&#")) {
            return false;
        }
        const auto end = rest_.find(';');
        const std::size_t begin = hexadecimal ? 3 : 2;
        if (end == std::string_view::npos || end == begin || end > begin + 4) {
            return false;
        }
        unsigned number = 0;
        for (const char c : rest_.substr(begin, end - begin)) {
            const bool digit = c >= '0' && c <= '9';
            const bool letter = hexadecimal && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'));
            if (!digit && !letter) {
                return false;
            }
            number = number * (hexadecimal ? 16 : 10) +
                     static_cast<unsigned>(digit ? c - '0' : (c | 0x20) - 'a' + 10);
        }
        if (number == 0 || number > 0x7f) {
            return false;
        }
        into += static_cast<char>(number);
        rest_.remove_prefix(end + 1);
        return true;
    }

    std::string take_name() {
        const auto end = std::find_if_not(rest_.begin(), rest_.end(), name_byte);
        std::string out(rest_.begin(), end);
        rest_.remove_prefix(out.size());
        return out;
    }

    bool take_after_space(char wanted) {
        skip_space();
        if (!rest_.starts_with(wanted)) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }

    bool skip_space() {
        const auto before = rest_.size();
        while (!rest_.empty() && space(rest_.front())) {
            rest_.remove_prefix(1);
        }
        return rest_.size() != before;
    }

    bool skip_comment() {
        const auto end = rest_.find("-->", 4);
        if (end == std::string_view::npos) {
            return false;
        }
        rest_.remove_prefix(end + 3);
        return true;
    }

    /// Space and comments; false at a comment that does not end.
    bool skip_between() {
        skip_space();
        while (rest_.starts_with("<!--")) {
            if (!skip_comment()) {
                return false;
            }
            skip_space();
        }
        return true;
    }

    [[nodiscard]] std::unexpected<error> refuse(std::string_view why) const {
        return fail(errc::parse,
                    fmt::format("not the XML that was expected, at byte {}: {}", whole_ - rest_.size(), why));
    }

    std::size_t whole_;
    std::string_view rest_;
    std::size_t count_ = 0;
};

} // namespace

std::string xml_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto found =
            std::find_if(entities.begin(), entities.end(), [c](const auto& e) { return e.second == c; });
        if (found != entities.end()) {
            out += found->first;
        } else {
            out += c;
        }
    }
    return out;
}

const xml_element* xml_element::child(std::string_view wanted) const noexcept {
    const auto found =
        std::find_if(children.begin(), children.end(), [&](const auto& c) { return c.name == wanted; });
    return found == children.end() ? nullptr : &*found;
}

std::string_view xml_element::child_text(std::string_view wanted) const noexcept {
    const auto* found = child(wanted);
    return found == nullptr ? std::string_view() : std::string_view(found->text);
}

result<xml_element> parse_xml(std::string_view text) {
    return scanner(text).document();
}

} // namespace evercert::solvers
