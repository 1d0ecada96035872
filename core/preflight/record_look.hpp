#pragma once
#include "core/preflight/inquiry.hpp"

namespace evercert::survey {

/// Puts a record of our own into the DNS with this solver and looks for it at the servers of the zone of
/// `target`, where the record of the challenge stands ("record").
awaitable<void> look_at_record(const inquiry& in, look& out, identifier name, solver& by, std::string target);

/// dns-persist-01: whether the standing record is there, which the solver says itself ("record").
awaitable<void> look_at_standing_record(const inquiry& in, look& out, identifier name, solver& by);

} // namespace evercert::survey
