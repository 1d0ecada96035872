#pragma once
#include "core/base/error.hpp"

#include <string>
#include <string_view>

namespace evercert::daemon {

/// The error of a system call that failed while an output was written to `folder`: errno's text, and what an
/// operator is to do. `service` is the unit that writes ("evercertd"), which systemd may keep from a place
/// that root could write to.
error output_error(int errno_value, std::string_view what, const std::string& folder,
                   std::string_view service);
/// The same for an error that has lost its errno on the way.
error with_mend(error why, const std::string& folder);

} // namespace evercert::daemon
