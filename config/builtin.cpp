#include "config/builtin.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace evercert::config {
namespace {

constexpr std::array<builtin_issuer, 7> issuers{{
    {.name = "letsencrypt", .directory = "https://acme-v02.api.letsencrypt.org/directory"},
    {.name = "letsencrypt-staging", .directory = "https://acme-staging-v02.api.letsencrypt.org/directory"},
    {.name = "zerossl",
     .directory = "https://acme.zerossl.com/v2/DV90",
     .needs_eab = true,
     .eab_source = "the Developer page of your ZeroSSL account"},
    {.name = "google",
     .directory = "https://dv.acme-v02.api.pki.goog/directory",
     .needs_eab = true,
     .eab_source = "gcloud publicca external-account-keys create"},
    {.name = "google-staging",
     .directory = "https://dv.acme-v02.test-api.pki.goog/directory",
     .needs_eab = true,
     .eab_source = "gcloud publicca external-account-keys create, with the staging endpoint"},
    // SSL.com has one directory for RSA and one for ECDSA; certificates are ECDSA here unless told otherwise.
    {.name = "sslcom",
     .directory = "https://acme.ssl.com/sslcom-dv-ecc",
     .needs_eab = true,
     .needs_email = true,
     .eab_source = "the API credentials of your SSL.com account"},
    {.name = "actalis",
     .directory = "https://acme-api.actalis.com/acme/directory",
     .needs_eab = true,
     .eab_source = "the ACME section of your Actalis account"},
}};

} // namespace

std::span<const builtin_issuer> builtin_issuers() noexcept {
    return issuers;
}

const builtin_issuer* find_builtin_issuer(std::string_view name) noexcept {
    const auto* const at =
        std::find_if(issuers.begin(), issuers.end(), [&](const auto& i) { return i.name == name; });
    return at == issuers.end() ? nullptr : at;
}

bool is_public_directory(std::string_view directory) noexcept {
    return std::any_of(issuers.begin(), issuers.end(),
                       [&](const auto& i) { return i.directory == directory; });
}

std::span<const deployment> builtin_deployments() {
    static const std::vector<deployment> all = [] {
        deployment nginx;
        nginx.name = "nginx";
        nginx.test = {"nginx", "-t"};
        nginx.reload_unit = "nginx.service";
        nginx.verify = {"127.0.0.1:443"};
        deployment apache;
        apache.name = "apache";
        apache.test = {"apache2ctl", "-t"};
        apache.reload_unit = "apache2.service";
        apache.verify = {"127.0.0.1:443"};
        return std::vector<deployment>{nginx, apache};
    }();
    return all;
}

} // namespace evercert::config
