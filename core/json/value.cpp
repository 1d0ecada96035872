#include "core/json/value.hpp"

#include "core/json/document.hpp"

#include <fmt/format.h>

#include <charconv>

namespace evercert::json {
namespace {

const node& as_node(const void* pointer) {
    return *static_cast<const node*>(pointer);
}

std::string_view description(kind type) noexcept {
    switch (type) {
    case kind::null:
        return "null";
    case kind::boolean:
        return "a boolean";
    case kind::number:
        return "a number";
    case kind::string:
        return "a string";
    case kind::array:
        return "an array";
    case kind::object:
        return "an object";
    }
    return "something else";
}

std::unexpected<error> unfit(std::string_view where, kind wanted, kind got) {
    return fail(errc::protocol,
                fmt::format("{}: {} was expected, got {}", where, description(wanted), description(got)));
}

// Fractions and exponents are refused rather than rounded: no field of ACME has them.
result<std::int64_t> to_integer(std::string_view where, std::string_view digits) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (problem != std::errc{} || end != digits.data() + digits.size()) {
        return fail(errc::protocol, fmt::format("{}: a whole number of at most 64 bits was expected", where),
                    std::string(digits.substr(0, 100)));
    }
    return number;
}

// The member, or nullptr when missing.
result<const node*> look_up(const document_impl& document, const node& self, std::string_view member) {
    if (self.type != kind::object) {
        return fail(errc::protocol,
                    fmt::format("{}: the value it should be a member of must be an object, got {}", member,
                                description(self.type)));
    }
    return document.find_child(self, [&](const node& child) { return document.name(child) == member; });
}

result<const node*> optional_member(const document_impl& document, const node& self, std::string_view member,
                                    kind wanted) {
    auto found = look_up(document, self, member);
    if (!found || *found == nullptr || (*found)->type == kind::null) {
        return found ? result<const node*>(nullptr) : found;
    }
    if ((*found)->type != wanted) {
        return unfit(member, wanted, (*found)->type);
    }
    return found;
}

result<const node*> required_member(const document_impl& document, const node& self, std::string_view member,
                                    kind wanted) {
    auto found = look_up(document, self, member);
    if (!found) {
        return found;
    }
    if (*found == nullptr) {
        return fail(errc::protocol, fmt::format("{}: missing", member));
    }
    if ((*found)->type != wanted) {
        return unfit(member, wanted, (*found)->type);
    }
    return found;
}

// std::expected of g++ 12 has no transform().
template <class T, class Convert>
result<T> converted(const result<const node*>& found, Convert convert) {
    if (!found) {
        return fail(found.error());
    }
    return convert(*found);
}

result<std::vector<std::string>> to_strings(const document_impl& document, const node& array,
                                            std::string_view member) {
    std::vector<std::string> texts;
    const node* misfit = document.find_child(array, [&](const node& child) {
        if (child.type != kind::string) {
            return true;
        }
        texts.emplace_back(document.text(child));
        return false;
    });
    if (misfit != nullptr) {
        return unfit(fmt::format("{}[{}]", member, texts.size()), kind::string, misfit->type);
    }
    return texts;
}

} // namespace

bool value::is_object() const noexcept {
    return as_node(node_).type == kind::object;
}
bool value::is_array() const noexcept {
    return as_node(node_).type == kind::array;
}
bool value::is_string() const noexcept {
    return as_node(node_).type == kind::string;
}
bool value::is_null() const noexcept {
    return as_node(node_).type == kind::null;
}
bool value::is_bool() const noexcept {
    return as_node(node_).type == kind::boolean;
}
bool value::is_number() const noexcept {
    return as_node(node_).type == kind::number;
}

result<std::string> value::string(std::string_view member) const {
    const auto found = required_member(*document_, as_node(node_), member, kind::string);
    return converted<std::string>(found, [&](const node* n) { return std::string(document_->text(*n)); });
}

result<std::int64_t> value::integer(std::string_view member) const {
    const auto found = required_member(*document_, as_node(node_), member, kind::number);
    return converted<std::int64_t>(found,
                                   [&](const node* n) { return to_integer(member, document_->text(*n)); });
}

result<bool> value::boolean(std::string_view member) const {
    const auto found = required_member(*document_, as_node(node_), member, kind::boolean);
    return converted<bool>(found, [](const node* n) { return n->truth; });
}

result<value> value::object(std::string_view member) const {
    const auto found = required_member(*document_, as_node(node_), member, kind::object);
    return converted<value>(found, [&](const node* n) { return value(document_, n); });
}

result<std::vector<value>> value::array(std::string_view member) const {
    const auto found = required_member(*document_, as_node(node_), member, kind::array);
    return converted<std::vector<value>>(found,
                                         [&](const node* n) { return value(document_, n).elements(); });
}

result<std::vector<std::string>> value::strings(std::string_view member) const {
    using texts = std::vector<std::string>;
    const auto found = required_member(*document_, as_node(node_), member, kind::array);
    return converted<texts>(found, [&](const node* n) { return to_strings(*document_, *n, member); });
}

result<std::optional<std::string>> value::optional_string(std::string_view member) const {
    using maybe = std::optional<std::string>;
    const auto found = optional_member(*document_, as_node(node_), member, kind::string);
    return converted<maybe>(found, [&](const node* n) { return n ? maybe(document_->text(*n)) : maybe(); });
}

result<std::optional<std::int64_t>> value::optional_integer(std::string_view member) const {
    using maybe = std::optional<std::int64_t>;
    const auto found = optional_member(*document_, as_node(node_), member, kind::number);
    if (!found || *found == nullptr) {
        return converted<maybe>(found, [](const node*) { return maybe(); });
    }
    const auto number = to_integer(member, document_->text(**found));
    return number ? result<maybe>(*number) : fail(number.error());
}

result<std::optional<bool>> value::optional_boolean(std::string_view member) const {
    using maybe = std::optional<bool>;
    const auto found = optional_member(*document_, as_node(node_), member, kind::boolean);
    return converted<maybe>(found, [](const node* n) { return n ? maybe(n->truth) : maybe(); });
}

result<std::optional<value>> value::optional_object(std::string_view member) const {
    using maybe = std::optional<value>;
    const auto found = optional_member(*document_, as_node(node_), member, kind::object);
    return converted<maybe>(found, [&](const node* n) { return n ? maybe(value(document_, n)) : maybe(); });
}

result<std::vector<value>> value::optional_array(std::string_view member) const {
    using values = std::vector<value>;
    const auto found = optional_member(*document_, as_node(node_), member, kind::array);
    return converted<values>(found,
                             [&](const node* n) { return n ? value(document_, n).elements() : values(); });
}

result<std::vector<std::string>> value::optional_strings(std::string_view member) const {
    using texts = result<std::vector<std::string>>;
    const auto found = optional_member(*document_, as_node(node_), member, kind::array);
    return converted<std::vector<std::string>>(
        found, [&](const node* n) { return n ? to_strings(*document_, *n, member) : texts(); });
}

result<std::string> value::as_string() const {
    const node& self = as_node(node_);
    if (self.type != kind::string) {
        return unfit("JSON value", kind::string, self.type);
    }
    return std::string(document_->text(self));
}

result<std::int64_t> value::as_integer() const {
    const node& self = as_node(node_);
    if (self.type != kind::number) {
        return unfit("JSON value", kind::number, self.type);
    }
    return to_integer("JSON value", document_->text(self));
}

std::vector<std::string> value::member_names() const {
    std::vector<std::string> names;
    if (is_object()) {
        document_->find_child(as_node(node_), [&](const node& child) {
            names.emplace_back(document_->name(child));
            return false;
        });
    }
    return names;
}

std::vector<value> value::elements() const {
    std::vector<value> values;
    if (is_array()) {
        document_->find_child(as_node(node_), [&](const node& child) {
            values.push_back(value(document_, &child));
            return false;
        });
    }
    return values;
}

} // namespace evercert::json
