#include "config/settings.hpp"

#include <algorithm>
#include <tuple>

namespace evercert::config {

bool operator==(const settings& a, const settings& b) {
    const auto values = [](const settings& s) {
        return std::tie(s.data_dir, s.control, s.status, s.log, s.resolvers, s.issuers, s.challenges,
                        s.deployments, s.notifications);
    };
    const auto same = [](const certificate_ptr& x, const certificate_ptr& y) { return x == y || *x == *y; };
    return values(a) == values(b) && std::ranges::equal(a.certificates, b.certificates, same);
}

std::string_view challenge_type(const challenge& what) noexcept {
    if (const auto* dns = std::get_if<dns_challenge>(&what.how)) {
        return dns->per_account ? "dns-account-01" : "dns-01";
    }
    if (std::holds_alternative<dns_persist_challenge>(what.how)) {
        return "dns-persist-01";
    }
    return std::holds_alternative<tls_alpn01_listener>(what.how) ? "tls-alpn-01" : "http-01";
}

bool can_prove(std::string_view challenge_type, const identifier& name) noexcept {
    return challenge_type.starts_with("dns-") ? name.type == identifier::kind::dns : !name.wildcard();
}

} // namespace evercert::config
