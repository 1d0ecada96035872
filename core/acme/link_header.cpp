#include "core/acme/link_header.hpp"

#include "core/acme/url_policy.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <utility>

namespace evercert::acme {
namespace {

/// A cursor over one field value; every step moves forward, so parsing is linear.
class cursor {
public:
    explicit cursor(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
    void skip_space() {
        while (peek() == ' ' || peek() == '\t') {
            rest_.remove_prefix(1);
        }
    }
    bool take(char c) {
        if (peek() != c || rest_.empty()) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }
    std::string_view until(std::string_view stops) {
        const auto length = std::min(rest_.find_first_of(stops), rest_.size());
        const auto taken = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return taken;
    }
    /// A token or a quoted string.
    std::string value() {
        if (!take('"')) {
            return std::string(trim(until(";,")));
        }
        std::string text;
        while (!at_end() && !take('"')) {
            take('\\');
            text.append(rest_.substr(0, 1));
            rest_.remove_prefix(std::min<std::size_t>(1, rest_.size()));
        }
        return text;
    }

private:
    std::string_view rest_;
};

bool names_relation(std::string_view relations, std::string_view wanted) {
    while (!relations.empty()) {
        const auto space = relations.find(' ');
        if (equals_ignoring_case(relations.substr(0, space), wanted)) {
            return true;
        }
        relations = space == std::string_view::npos ? std::string_view() : relations.substr(space + 1);
    }
    return false;
}

} // namespace

std::vector<std::string> links_of(const std::vector<std::string_view>& fields, std::string_view relation,
                                  std::string_view base, std::size_t limit) {
    std::vector<std::string> found;
    for (const auto field : fields) {
        cursor at(field);
        while (!at.at_end() && found.size() < limit) {
            at.until("<");
            if (!at.take('<')) {
                break;
            }
            const auto target = at.until(">");
            if (!at.take('>')) {
                break;
            }
            bool wanted = false;
            bool seen_relation = false;
            for (at.skip_space(); at.take(';'); at.skip_space()) {
                at.skip_space();
                const auto name = trim(at.until("=;,"));
                const std::string value = at.take('=') ? (at.skip_space(), at.value()) : std::string();
                // RFC 8288 section 3.3: the first rel counts.
                if (equals_ignoring_case(name, "rel") && !std::exchange(seen_relation, true)) {
                    wanted = names_relation(value, relation);
                }
            }
            if (wanted) {
                found.push_back(resolve_url(base, target));
            }
        }
    }
    return found;
}

} // namespace evercert::acme
