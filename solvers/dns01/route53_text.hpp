#pragma once
// The texts of the Route 53 API: what is sent, and what is read out of answers. No I/O.
#include "core/base/error.hpp"
#include "solvers/dns01/xml.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::solvers {

struct route53_set {
    std::int64_t ttl = 0;
    std::vector<std::string> values; ///< quoted, as the service writes them

    friend bool operator==(const route53_set&, const route53_set&) = default;
};

/// One batch that replaces the TXT set of `name` (without final dot): `before` nullopt makes one, `after`
/// nullopt removes it. Refused by the service as a whole unless `before` is what there is.
std::string route53_change(std::string_view name, const std::optional<route53_set>& before,
                           const std::optional<route53_set>& after);

/// Of ListHostedZonesByName: the ID of the public zone of this name, without "/hostedzone/".
result<std::optional<std::string>> route53_zone(const xml_element& answer, std::string_view name);

/// Of ListResourceRecordSets that was asked to begin with the TXT set of `name`; nullopt if there is none.
/// errc::unsupported if it is one of several with routing policies.
result<std::optional<route53_set>> route53_current(const xml_element& answer, std::string_view name);

struct route53_change_state {
    std::string id; ///< without "/change/"
    bool in_sync = false;
};

/// Of ChangeResourceRecordSets and GetChange.
result<route53_change_state> route53_state(const xml_element& answer);

/// The code of an error: "Throttling", "InvalidChangeBatch"; empty if it is none.
std::string route53_error_code(std::string_view body);
/// Code and message, for people.
std::string route53_error_words(std::string_view body);

} // namespace evercert::solvers
