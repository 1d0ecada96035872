#pragma once
// RapidJSON's only door: reading. Every getter checks the type first, so a CA's odd answer is an error, never
// an assert.
#include "core/base/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::json {

struct document_impl;

/// A read-only view into a parsed document, which it keeps alive. Cheap to copy. Numbers are kept as text and
/// converted when asked for. For a member given twice the first one counts (parse refuses duplicates in
/// objects: errc::parse).
class value {
public:
    [[nodiscard]] bool is_object() const noexcept;
    [[nodiscard]] bool is_array() const noexcept;
    [[nodiscard]] bool is_string() const noexcept;
    [[nodiscard]] bool is_null() const noexcept;
    [[nodiscard]] bool is_bool() const noexcept;
    [[nodiscard]] bool is_number() const noexcept;

    // Required members: errc::protocol naming the member ("newOrder: missing", "status: a string was
    // expected, got null").
    [[nodiscard]] result<std::string> string(std::string_view member) const;
    [[nodiscard]] result<std::int64_t> integer(std::string_view member) const;
    [[nodiscard]] result<bool> boolean(std::string_view member) const;
    [[nodiscard]] result<value> object(std::string_view member) const;
    [[nodiscard]] result<std::vector<value>> array(std::string_view member) const;
    [[nodiscard]] result<std::vector<std::string>> strings(std::string_view member) const;

    // Optional members: nullopt when missing or null; another type is still an error.
    [[nodiscard]] result<std::optional<std::string>> optional_string(std::string_view member) const;
    [[nodiscard]] result<std::optional<std::int64_t>> optional_integer(std::string_view member) const;
    [[nodiscard]] result<std::optional<bool>> optional_boolean(std::string_view member) const;
    [[nodiscard]] result<std::optional<value>> optional_object(std::string_view member) const;
    [[nodiscard]] result<std::vector<value>>
    optional_array(std::string_view member) const; ///< empty when missing
    [[nodiscard]] result<std::vector<std::string>>
    optional_strings(std::string_view member) const; ///< empty when missing

    [[nodiscard]] result<std::string> as_string() const;
    [[nodiscard]] result<std::int64_t> as_integer() const;
    [[nodiscard]] std::vector<std::string> member_names() const; ///< empty unless an object
    [[nodiscard]] std::vector<value> elements() const;           ///< empty unless an array

private:
    friend result<value> parse(std::string_view, std::size_t);
    value(std::shared_ptr<const document_impl> document, const void* node)
        : document_(std::move(document)), node_(node) {}
    std::shared_ptr<const document_impl> document_;
    const void* node_;
};

/// Parses one JSON text (RFC 8259). Errors: errc::too_large over `limit` bytes, errc::parse with the offset.
/// Bounded in memory and stack for any input: depth over 64 is refused.
result<value> parse(std::string_view text, std::size_t limit = 1024 * 1024);

} // namespace evercert::json
