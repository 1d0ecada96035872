#pragma once
// Order objects and the requests about them (RFC 8555 sections 7.1.3, 7.4).
#include "core/acme/problem.hpp"
#include "core/base/error.hpp"
#include "core/json/value.hpp"
#include "core/model/identifier.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::acme {

/// `unknown` is any word this build does not know; it is polled like `processing`.
enum class order_status { pending, ready, processing, valid, invalid, unknown };
std::string_view to_string(order_status status) noexcept;

struct order {
    order_status status = order_status::unknown;
    std::vector<identifier> names;           ///< sorted, each once
    std::vector<std::string> authorizations; ///< URLs, each once; may be fewer than names
    std::string finalize;                    ///< URL; empty only if the CA left it out
    std::string certificate;                 ///< URL; empty until the CA gives it
    std::optional<wall_time> expires;
    std::optional<problem> trouble;
    std::string profile; ///< foreign text; empty where the CA does not say
};

/// All URLs in it have passed accept_url. errc::protocol for anything that the flow would depend on and is
/// not there.
result<order> parse_order(const json::value& object, std::string_view directory_url);
/// errc::protocol unless the order is for exactly these names, in whatever order.
result<void> check_names(const order& got, const std::vector<identifier>& asked);

/// errc::refused if the order says that it has another profile than `asked`. Silence is taken for consent,
/// and where none was asked for the CA may choose.
result<void> check_profile(const order& got, std::string_view asked);

/// `profile` (draft-ietf-acme-profiles) and `replaces` (RFC 9773 section 5) are left out when empty.
std::string new_order_payload(const std::vector<identifier>& names, std::string_view profile,
                              std::string_view replaces);
std::string finalize_payload(std::string_view csr_der);

} // namespace evercert::acme
