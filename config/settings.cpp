#include "config/settings.hpp"

#include <algorithm>
#include <tuple>

namespace evercert::config {

bool operator==(const settings& a, const settings& b) {
    const auto values = [](const settings& s) {
        return std::tie(s.data_dir, s.control, s.log, s.issuers, s.challenges, s.deployments);
    };
    const auto same = [](const certificate_ptr& x, const certificate_ptr& y) { return x == y || *x == *y; };
    return values(a) == values(b) && std::ranges::equal(a.certificates, b.certificates, same);
}

} // namespace evercert::config
