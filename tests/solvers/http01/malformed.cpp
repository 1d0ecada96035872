#include "tests/solvers/http01/malformed.hpp"

#include "tests/solvers/http01/malformed_parts.hpp"

namespace evercert::testing {

std::vector<malformed_request> malformed_requests() {
    malformed::collection out;
    malformed::add_methods(out);
    malformed::add_versions(out);
    malformed::add_line_endings(out);
    malformed::add_controls(out);
    malformed::add_fields(out);
    malformed::add_hosts(out);
    malformed::add_framing(out);
    malformed::add_targets(out);
    malformed::add_strangers(out);
    for (std::size_t size = 0; size < malformed::good.size(); ++size) {
        out.add("cut off", malformed::good.substr(0, size), false);
    }
    return out.take();
}

} // namespace evercert::testing
