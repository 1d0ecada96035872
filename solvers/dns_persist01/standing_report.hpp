#pragma once
// What is to be published for a certificate, and what there is. Pure.
#include "core/model/issuer_facts.hpp"
#include "solvers/dns_persist01/standing_look.hpp"

#include <optional>
#include <string>

namespace evercert::solvers {

/// Of one name at one issuer. What came from a CA in `value` and `line` has been checked, in `problem` it is
/// escaped.
struct standing_report {
    std::string name;               ///< without "*."
    bool wildcard = false;          ///< "*." before it, too
    std::string issuer;             ///< its name in the configuration
    std::string record;             ///< the name of the TXT record, without final dot
    std::string value;              ///< what it has to say; empty if that is not known
    std::string line;               ///< the same for a zone file
    std::string state;              ///< as standing; "unknown" if it is not known what has to be there
    std::string problem;            ///< empty when good
    std::optional<wall_time> until; ///< persistUntil of what there is, when good

    friend bool operator==(const standing_report&, const standing_report&) = default;
};

/// `read` is what read_standing has returned for the name.
standing_report make_standing_report(const std::string& base_name, bool wildcard, const issuer_facts& facts,
                                     const result<dns::zone_texts>& read, wall_time now);

} // namespace evercert::solvers
