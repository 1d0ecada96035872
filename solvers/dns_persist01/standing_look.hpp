#pragma once
// What the DNS shows of a standing record, at each server of its zone.
#include "core/dns/texts.hpp"
#include "solvers/dns_persist01/standing_record.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace evercert::solvers {

enum class standing {
    good,    ///< every server that answers for the zone shows a record that proves the claim
    missing, ///< a server has no such record
    unfit,   ///< a server has records there, and none that proves the claim
    unseen   ///< nobody could be asked who would know
};
std::string_view to_string(standing what) noexcept; ///< "good", "missing", "unfit", "unseen"

struct standing_view {
    standing what = standing::unseen;
    std::string words;              ///< unless good: what each server shows, foreign text escaped
    std::optional<wall_time> until; ///< when good: the earliest moment at which it ends somewhere
    bool somewhere = false;         ///< at least one server shows it
};

/// Asks all servers of the zone to which the CNAMEs at the record's name lead. Errors are those of
/// follow_aliases and find_servers.
awaitable<result<dns::zone_texts>> read_standing(dns_client& client, std::string base_name);

/// Of several records one that proves the claim is enough. Pure.
standing_view judge_standing(const dns::zone_texts& read, const standing_claim& claim, wall_time now);

} // namespace evercert::solvers
