#pragma once
#include "core/preflight/inquiry.hpp"

namespace evercert::survey {

/// Puts a challenge of our own up with this solver (http-01 or tls-alpn-01) and looks at it at each of the
/// name's addresses ("reach"; "solver" if it cannot be put up).
awaitable<void> look_at_reach(const inquiry& in, look& out, identifier name, solver& by,
                              std::vector<std::string> addresses);

} // namespace evercert::survey
