#include "config/builtin.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace evercert::config {
namespace {

using std::chrono::hours;
constexpr hours day{24};

// letsencrypt.org/docs/rate-limits. Limits on requests differ by resource there; this is below that of
// orders, authorizations and certificates, which nearly all requests are about.
constexpr rate_limits letsencrypt_limits{
    .new_orders = {300, hours(3)},
    .certificates_per_domain = {50, 7 * day},
    .certificates_per_set = {5, 7 * day},
    .failed_validations = {5, hours(1)},
    .consecutive_failures = {1152, 1152 * day}, // one a day is forgiven
    .requests = {100, seconds(1)},
};

// letsencrypt.org/docs/staging-environment
constexpr rate_limits letsencrypt_staging_limits{
    .new_orders = {1500, hours(3)},
    .certificates_per_domain = {30'000, 7 * day},
    .certificates_per_set = {30'000, 7 * day},
    .failed_validations = {200, hours(1)},
    .consecutive_failures = {3600, hours(6)},
    .requests = {20, seconds(1)},
};

// letsencrypt.org/docs/profiles
constexpr std::array letsencrypt_small_profiles{profile_size{"tlsserver", 25},
                                                profile_size{"shortlived", 25}};

// Google publishes quotas to customers only, ZeroSSL, SSL.com and Actalis none at all: no limits stand for
// those.
constexpr std::array<builtin_issuer, 7> issuers{{
    {.name = "letsencrypt",
     .directory = "https://acme-v02.api.letsencrypt.org/directory",
     .address_profile = "shortlived",
     .small_profiles = letsencrypt_small_profiles,
     .limits = letsencrypt_limits},
    {.name = "letsencrypt-staging",
     .directory = "https://acme-staging-v02.api.letsencrypt.org/directory",
     .address_profile = "shortlived",
     .small_profiles = letsencrypt_small_profiles,
     .limits = letsencrypt_staging_limits},
    {.name = "zerossl",
     .directory = "https://acme.zerossl.com/v2/DV90",
     .needs_eab = true,
     .eab_source = "the Developer page of your ZeroSSL account",
     .signs_addresses = false},
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

const builtin_issuer* find_public_ca(std::string_view directory) noexcept {
    const auto* const at =
        std::find_if(issuers.begin(), issuers.end(), [&](const auto& i) { return i.directory == directory; });
    return at == issuers.end() ? nullptr : at;
}

std::span<const deployment> builtin_deployments() {
    static const std::vector<deployment> all = [] {
        const verify_target https({"127.0.0.1", 443});
        deployment nginx;
        nginx.name = "nginx";
        nginx.test = {"nginx", "-t"};
        nginx.reload_unit = "nginx.service";
        nginx.verify = {https};
        deployment apache;
        apache.name = "apache";
        apache.test = {"apache2ctl", "-t"};
        apache.reload_unit = "apache2.service";
        apache.verify = {https};
        deployment haproxy;
        haproxy.name = "haproxy";
        haproxy.test = {"haproxy", "-c", "-f", "/etc/haproxy/haproxy.cfg"}; // with -q it does not say why not
        haproxy.reload_unit = "haproxy.service";
        haproxy.runtime = "/run/haproxy/admin.sock";
        haproxy.verify = {https};
        deployment postfix;
        postfix.name = "postfix";
        postfix.test = {"postfix", "check"};
        // Of Debian 12's units the instance postfix@-.service does the work; this one passes a reload on to
        // it.
        postfix.reload_unit = "postfix.service";
        postfix.verify = {verify_target({"127.0.0.1", 25}, tls_start::smtp)};
        deployment dovecot;
        dovecot.name = "dovecot";
        // Opens the files that settings name, as -n alone does not, and shows none of their secrets.
        dovecot.test = {"doveconf", "-x", "protocols"};
        dovecot.reload_unit = "dovecot.service";
        dovecot.verify = {verify_target({"127.0.0.1", 143}, tls_start::imap)};
        return std::vector<deployment>{nginx, apache, haproxy, postfix, dovecot};
    }();
    return all;
}

} // namespace evercert::config
