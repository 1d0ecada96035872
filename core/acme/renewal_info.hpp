#pragma once
// When a CA wants a certificate renewed (RFC 9773 section 4).
#include "core/acme/client.hpp"
#include "core/acme/session.hpp"
#include "core/json/value.hpp"

#include <string>
#include <string_view>

namespace evercert::acme {

/// The URL to ask; `certificate_id` has passed is_renewal_id.
std::string renewal_info_url(std::string_view base, std::string_view certificate_id);
/// All but `retry_after`. errc::protocol unless both ends of the window are RFC 3339 times and the end is
/// after the start.
result<renewal_info> parse_renewal_info(const json::value& object);
/// How long to leave the CA alone after an answer: what it asked, from 1 min to 1 day, else 6 h
/// (section 4.3.2).
milliseconds renewal_info_pause(std::optional<milliseconds> asked) noexcept;

/// See client::fetch_renewal_info.
awaitable<outcome<renewal_info>> fetch_renewal_info(session& talk, std::string certificate_id);

} // namespace evercert::acme
