#pragma once
#include "core/preflight/inquiry.hpp"

namespace evercert::survey {

/// Whether the name's CAA records let this CA, this account and these challenges issue it ("caa").
awaitable<void> look_at_caa(const inquiry& in, look& out, identifier name, std::vector<std::string> methods);

} // namespace evercert::survey
