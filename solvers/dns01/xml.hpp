#pragma once
// As much XML as the API of Route 53 takes and gives: elements with text in them.
#include "core/base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evercert::solvers {

/// What has to be escaped in text is.
std::string xml_escaped(std::string_view text);

struct xml_element {
    std::string name;
    std::string text; ///< between and around the children; entities resolved
    std::vector<xml_element> children;

    [[nodiscard]] const xml_element* child(std::string_view wanted) const noexcept;
    /// The text of a child; empty if there is none.
    [[nodiscard]] std::string_view child_text(std::string_view wanted) const noexcept;
};

/// The root element. Attributes are passed over, comments and the declaration too; a document type,
/// processing instructions and CDATA are refused, so are unknown entities, text outside of the root, more
/// than 16 levels or 20,000 elements. errc::parse.
result<xml_element> parse_xml(std::string_view text);

} // namespace evercert::solvers
