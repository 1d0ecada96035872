#pragma once
#include "core/preflight/inquiry.hpp"

namespace evercert::survey {

/// Whether the CA answers, and whether its clock and ours agree ("issuer", "clock").
awaitable<void> look_at_clock(const inquiry& in, look& out);

} // namespace evercert::survey
