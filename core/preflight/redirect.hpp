#pragma once
// Which redirects a CA follows. Pure.
#include "core/net/url.hpp"

#include <string>
#include <string_view>

namespace evercert::survey {

bool is_redirect(unsigned status) noexcept;

/// Where a Location leads from `at` (RFC 9110 section 10.2.2). errc::refused, with the reason, if CAs do not
/// go there: only http and https, only ports 80 and 443, no bare addresses but `proven`, the name itself.
result<net::url> next_of(const net::url& at, std::string_view location, std::string_view proven);

} // namespace evercert::survey
