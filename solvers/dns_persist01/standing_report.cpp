#include "solvers/dns_persist01/standing_report.hpp"

#include <utility>

namespace evercert::solvers {

standing_report make_standing_report(const std::string& base_name, bool wildcard, const issuer_facts& facts,
                                     const result<dns::zone_texts>& read, wall_time now) {
    standing_report made;
    made.name = base_name;
    made.wildcard = wildcard;
    made.issuer = facts.issuer;
    made.record = standing_record_name(base_name);
    const standing_claim claim(base_name, wildcard, facts);
    const auto wanted = wanted_record(claim);
    if (!wanted) {
        // Why the CA could not be asked says more than what is missing therefore.
        made.state = "unknown";
        made.problem = facts.trouble.empty() ? wanted.error().text() : facts.trouble;
        return made;
    }
    made.value = to_text(*wanted);
    made.line = zone_line(claim, *wanted);
    if (!read) {
        made.state = to_string(standing::unseen);
        made.problem = read.error().text();
        return made;
    }
    standing_view seen = judge_standing(*read, claim, now);
    made.state = to_string(seen.what);
    made.problem = std::move(seen.words);
    made.until = seen.until;
    return made;
}

} // namespace evercert::solvers
