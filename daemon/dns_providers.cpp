#include "daemon/dns_providers.hpp"

#include "solvers/dns01/acme_dns.hpp"
#include "solvers/dns01/cloudflare.hpp"
#include "solvers/dns01/desec.hpp"
#include "solvers/dns01/digitalocean.hpp"
#include "solvers/dns01/exec.hpp"
#include "solvers/dns01/hetzner.hpp"
#include "solvers/dns01/httpreq.hpp"
#include "solvers/dns01/powerdns.hpp"
#include "solvers/dns01/rfc2136.hpp"
#include "solvers/dns01/route53.hpp"

#include <array>
#include <utility>

namespace evercert::daemon {
namespace {

using solvers::secret_source;
using made_provider = result<std::unique_ptr<solvers::dns_provider>>;

result<secret_source> secret_of(const config::dns_challenge& settings) {
    if (!settings.secret_credential.empty()) {
        return secret_source::credential(settings.secret_credential);
    }
    return settings.secret_file.empty() ? secret_source() : secret_source::file(settings.secret_file);
}

/// What nearly all services are told, where they have it.
template <class Settings>
Settings common(const config::dns_challenge& from) {
    Settings how;
    if constexpr (requires { how.zone; }) {
        how.zone = from.zone;
    }
    if constexpr (requires { how.ttl; }) {
        how.ttl = from.ttl.value_or(how.ttl);
    }
    if (!from.url.empty()) {
        how.endpoint = from.url;
    }
    return how;
}

made_provider make_exec(const config::dns_challenge& settings, const provider_parts& parts) {
    using solvers::hook_convention;
    static constexpr std::array<std::pair<std::string_view, hook_convention>, 5> conventions{{
        {"lego", hook_convention::lego},
        {"lego-raw", hook_convention::lego_raw},
        {"certbot", hook_convention::certbot},
        {"dehydrated", hook_convention::dehydrated},
        {"acme.sh", hook_convention::acme_sh},
    }};
    solvers::exec_settings how;
    for (const auto& [word, convention] : conventions) {
        if (word == settings.convention) {
            how.convention = convention;
        }
    }
    how.program = settings.command;
    how.cleanup = settings.cleanup_command;
    if (!settings.environment_file.empty()) {
        how.environment_files.push_back(settings.environment_file);
    }
    how.account_conf = settings.account_conf;
    if (how.convention == hook_convention::acme_sh) {
        how.state_folder = parts.state_folder;
    }
    how.chain = settings.chain;
    how.one_at_a_time = settings.one_at_a_time;
    how.deadline = settings.timeout;
    if (auto good = solvers::check(how); !good) {
        return fail(std::move(good.error()));
    }
    return solvers::make_exec_provider(parts.processes, parts.world.time, parts.world.files, std::move(how));
}

} // namespace

made_provider make_dns_provider(const config::dns_challenge& settings, const provider_parts& parts) {
    if (settings.provider == "exec") {
        return make_exec(settings, parts);
    }
    auto secret = secret_of(settings);
    if (!secret) {
        return fail(std::move(secret.error()));
    }
    if (settings.provider == "rfc2136") {
        solvers::rfc2136_settings how;
        how.server = settings.server;
        how.key = std::move(*secret);
        how.zone = settings.zone;
        how.ttl = settings.ttl.value_or(how.ttl);
        return solvers::make_rfc2136_provider(parts.dns, parts.world.files, std::move(how));
    }
    if (settings.provider == "powerdns") {
        auto how = common<solvers::powerdns_settings>(settings);
        how.key = std::move(*secret);
        return solvers::make_powerdns(parts.world, std::move(how));
    }
    if (settings.provider == "cloudflare") {
        auto how = common<solvers::cloudflare_settings>(settings);
        how.token = std::move(*secret);
        how.zone_id = settings.zone_id;
        return solvers::make_cloudflare(parts.world, std::move(how));
    }
    if (settings.provider == "route53") {
        auto how = common<solvers::route53_settings>(settings);
        how.secret = std::move(*secret);
        how.access_key_id = settings.user;
        how.profile = settings.aws_profile;
        how.hosted_zone_id = settings.zone_id;
        return solvers::make_route53(parts.world, std::move(how));
    }
    if (settings.provider == "hetzner") {
        auto how = common<solvers::hetzner_settings>(settings);
        how.token = std::move(*secret);
        return solvers::make_hetzner(parts.world, std::move(how));
    }
    if (settings.provider == "digitalocean") {
        auto how = common<solvers::digitalocean_settings>(settings);
        how.token = std::move(*secret);
        return solvers::make_digitalocean(parts.world, std::move(how));
    }
    if (settings.provider == "desec") {
        auto how = common<solvers::desec_settings>(settings);
        how.token = std::move(*secret);
        return solvers::make_desec(parts.world, std::move(how));
    }
    if (settings.provider == "acme-dns") {
        auto how = common<solvers::acme_dns_settings>(settings);
        how.accounts = std::move(*secret);
        return solvers::make_acme_dns(parts.world, std::move(how));
    }
    if (settings.provider == "httpreq") {
        auto how = common<solvers::httpreq_settings>(settings);
        how.raw = settings.raw;
        how.user = settings.user;
        how.password = std::move(*secret);
        return solvers::make_httpreq(parts.world, std::move(how));
    }
    return fail(errc::internal, "there is no DNS provider " + settings.provider);
}

} // namespace evercert::daemon
