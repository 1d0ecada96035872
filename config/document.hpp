#pragma once
// One YAML document as a tree in which every node knows its place. Duplicate keys are kept, so that they can
// be reported; aliases are written out. Only document.cpp includes yaml-cpp.
#include "config/mistakes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::config {

enum class node_kind : std::uint8_t { null, scalar, list, map };

class document;

/// A handle, valid as long as its document stays where it is.
class node {
public:
    node(const document& owner, std::uint32_t index) : owner_(&owner), index_(index) {}

    [[nodiscard]] node_kind kind() const noexcept;
    [[nodiscard]] place at() const noexcept;
    /// A scalar's text, else empty.
    [[nodiscard]] std::string_view text() const noexcept;
    /// First item of a list, or first key of a map.
    [[nodiscard]] std::optional<node> first() const noexcept;
    /// What follows in the same list. In a map keys and values take turns.
    [[nodiscard]] std::optional<node> next() const noexcept;
    /// Value of the first entry with this key; nothing if there is none or this is no map.
    [[nodiscard]] std::optional<node> find(std::string_view key) const noexcept;

private:
    const document* owner_;
    std::uint32_t index_;
};

/// Children of a node, for range-for. For a map: keys and values in turn.
class children {
public:
    explicit children(node parent) : first_(parent.first()) {}
    class iterator {
    public:
        explicit iterator(std::optional<node> at) : at_(at) {}
        node operator*() const { return *at_; }
        iterator& operator++() {
            at_ = at_->next();
            return *this;
        }
        bool operator!=(const iterator& other) const { return at_.has_value() != other.at_.has_value(); }

    private:
        std::optional<node> at_;
    };
    [[nodiscard]] iterator begin() const { return iterator(first_); }
    [[nodiscard]] iterator end() const { return iterator(std::nullopt); }

private:
    std::optional<node> first_;
};

class document {
public:
    static constexpr std::uint32_t none = 0xFFFFFFFF;
    static constexpr std::size_t max_nodes = 2'000'000; ///< aliases written out
    static constexpr std::size_t max_depth = 32;

    struct record {
        int line = 0;
        int column = 0;
        std::uint32_t begin = none; ///< first child of a list or map, first byte of a scalar's text
        std::uint32_t sibling = none;
        std::uint32_t text_size : 24 = 0; ///< a file has 2^23 bytes, and escapes do not double them
        node_kind kind : 8 = node_kind::null;
    };
    static_assert(sizeof(record) == 20); // a large file has a million of them

    /// Absent for a file without content. Every other trouble is one mistake in `mistakes`.
    [[nodiscard]] std::optional<node> root() const;

private:
    friend class node;
    friend class document_builder;
    std::vector<record> records_; ///< the root is the first
    std::string text_;
};

/// Reads text that `check_text` has passed. On failure a mistake is added and what was read is not to be
/// used.
bool parse_document(std::string_view text, document& into, mistake_list& mistakes);

} // namespace evercert::config
