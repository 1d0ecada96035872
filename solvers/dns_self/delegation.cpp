#include "solvers/dns_self/delegation.hpp"

#include "core/base/text.hpp"
#include "core/dns/authority.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::solvers {

std::string delegation_help(const own_zone_settings& settings, std::string_view domain,
                            std::string_view record) {
    // An account's own label stands below the name that is delegated.
    std::string help =
        fmt::format("evercert answers this challenge itself when the zone of {0} has the record "
                    "\"_acme-challenge.{0}. NS {1}.\"",
                    domain, settings.nameserver);
    if (!settings.zone.empty()) {
        help += fmt::format(", or \"{0}. CNAME {1}.{2}.\" and the zone above {2} has \"{2}. NS {3}.\"",
                            record, domain, settings.zone, settings.nameserver);
        for (const std::string& address : settings.addresses) {
            help += fmt::format(" and \"{}. {} {}\"", settings.nameserver,
                                address.find(':') == std::string::npos ? "A" : "AAAA", address);
        }
    }
    return help + fmt::format("; UDP and TCP port 53 of {} have to lead to this daemon from everywhere",
                              settings.nameserver);
}

awaitable<result<void>> check_delegation(dns_client& dns, const own_zone& zone, std::string record,
                                         std::string target) {
    const auto wanted = zone.apex_of(target);
    if (!wanted) {
        co_return fail(
            errc::not_found,
            fmt::format("{} is an alias of {}, which is in no zone that evercert's name server has", record,
                        target));
    }
    const auto found = co_await dns::find_zone(dns, target);
    if (!found) {
        co_return fail(
            found.error().within(fmt::format("looking whether {} is delegated to evercert", target)));
    }
    if (*found != *wanted) {
        co_return fail(
            errc::not_found,
            fmt::format("{} is not delegated to evercert: the zone {} answers for it", target, *found));
    }
    co_return result<void>();
}

} // namespace evercert::solvers
