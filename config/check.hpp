#pragma once
// A document held to the schema: unknown keys, keys given twice, types, bounds, missing keys.
#include "config/document.hpp"

namespace evercert::config {

void check_document(node root, mistake_list& mistakes);

} // namespace evercert::config
