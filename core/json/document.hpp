#pragma once
// Internal to core/json: the parsed form. RapidJSON's own DOM keeps numbers parsed as text as strings, so "5"
// and 5 would be the same; this one is also a fraction of its size.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::json {

enum class kind : std::uint8_t { null, boolean, number, string, array, object };

/// One value. Nodes lie in document order: the first child follows its parent, and `end` is the index of what
/// follows the whole value, so the next sibling.
struct node {
    std::uint32_t name_at = 0;
    std::uint32_t name_size = 0;
    std::uint32_t text_at = 0; ///< string: decoded; number: as written
    std::uint32_t text_size = 0;
    std::uint32_t end = 0;
    kind type = kind::null;
    bool truth = false;
};

struct document_impl {
    std::vector<node> nodes;
    std::string characters; ///< all names and texts, one after another

    [[nodiscard]] std::string_view name(const node& n) const noexcept {
        return std::string_view(characters).substr(n.name_at, n.name_size);
    }
    [[nodiscard]] std::string_view text(const node& n) const noexcept {
        return std::string_view(characters).substr(n.text_at, n.text_size);
    }
    [[nodiscard]] std::uint32_t index(const node& n) const noexcept {
        return static_cast<std::uint32_t>(&n - nodes.data());
    }
    /// Calls `visit(const node&)` for each child; stops when it returns true and returns that child.
    template <class Visit>
    const node* find_child(const node& parent, Visit visit) const {
        if (parent.type != kind::array && parent.type != kind::object) {
            return nullptr;
        }
        for (std::uint32_t at = index(parent) + 1; at < parent.end; at = nodes[at].end) {
            if (visit(nodes[at])) {
                return &nodes[at];
            }
        }
        return nullptr;
    }
};

} // namespace evercert::json
