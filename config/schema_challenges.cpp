// The rows of `challenges`.
#include "config/schema.hpp"

namespace evercert::config {
namespace {

using enum value_type;

constexpr std::int64_t second = 1000;
constexpr std::int64_t hour = 3600 * second;

constexpr schema_row rows[] = {
    {.path = "challenges",
     .type = named,
     .sentence = "Ways to prove control of names; `http` (http-01 on [::]:80) exists unless given."},
    {.path = "challenges.*", .type = section, .sentence = "One way to prove control."},
    {.path = "challenges.*.type",
     .type = choice,
     .required = true,
     .allowed = "http-01 tls-alpn-01 dns-01 dns-account-01 dns-persist-01",
     .sentence = "ACME challenge type."},
    {.path = "challenges.*.listen",
     .type = endpoints,
     .low = 1,
     .high = 16,
     .sentence = "Addresses and ports of the embedded server, [::]:80 for http-01, [::]:443 for tls-alpn-01 "
                 "and [::]:53 "
                 "for dns-01 with the provider self unless given: CAs connect to these ports and no others."},
    {.path = "challenges.*.redirect_to_https",
     .type = flag,
     .fallback = "false",
     .sentence = "http-01: answers every request that is not a challenge with a redirect to https."},
    {.path = "challenges.*.webroot",
     .type = path,
     .sentence = "http-01: folder that another server answers from; tokens are put below it, and nothing is "
                 "listened on. {name} in it stands for the name that is proven."},
    {.path = "challenges.*.provider",
     .type = choice,
     .allowed = "rfc2136 powerdns cloudflare route53 hetzner digitalocean desec acme-dns httpreq exec self",
     .sentence = "dns-01: who puts the TXT record into the DNS; self is evercert's own name server."},
    {.path = "challenges.*.propagation",
     .type = choice,
     .fallback = "enforce",
     .allowed = "enforce warn off",
     .sentence = "dns-01, dns-persist-01: whether the CA is asked only when all authoritative servers show "
                 "the record."},
    {.path = "challenges.*.propagation_timeout",
     .type = duration,
     .fallback = "2m",
     .low = second,
     .high = hour,
     .sentence = "dns-01, dns-persist-01: how long servers may take to show it."},
    {.path = "challenges.*.resolvers",
     .type = endpoints,
     .low = 1,
     .high = 16,
     .sentence =
         "dns-01, dns-persist-01: DNS resolvers to ask, those under `resolvers` at the top unless given."},
    {.path = "challenges.*.ttl",
     .type = duration,
     .low = second,
     .high = hour * 24,
     .sentence = "dns-01: how long others may keep the record; what the provider recommends unless given."},
    {.path = "challenges.*.server",
     .type = endpoint_one,
     .sentence = "rfc2136: the primary name server, such as 10.0.0.53:53."},
    {.path = "challenges.*.tsig_key_file",
     .type = path,
     .sentence = "rfc2136: file with the TSIG key, as tsig-keygen writes it."},
    {.path = "challenges.*.tsig_key_credential",
     .type = text,
     .sentence = "The same as a systemd credential: the file of this name in /etc/evercert/credentials."},
    {.path = "challenges.*.zone",
     .type = text,
     .sentence =
         "dns-01: the one zone that records go into, found by itself unless given. self: the zone delegated "
         "to it that CNAME records lead into; none unless given."},
    {.path = "challenges.*.nameserver",
     .type = host_name,
     .sentence =
         "self: the name that NS records give evercert's own name server, such as ns.acme.example.net."},
    {.path = "challenges.*.addresses",
     .type = addresses,
     .low = 1,
     .high = 16,
     .sentence = "self: the public addresses of that name, when it lies within the zone."},
    {.path = "challenges.*.zone_id",
     .type = text,
     .sentence = "cloudflare, route53: the zone's ID; then the right to list zones is not needed."},
    {.path = "challenges.*.url",
     .type = http_url,
     .sentence =
         "powerdns, httpreq, acme-dns: where the service is; for others, in place of its public address."},
    {.path = "challenges.*.secret_file",
     .type = path,
     .sentence =
         "File with the API token, key or password; for acme-dns the accounts, for route53 the secret "
         "access key or an AWS credentials file."},
    {.path = "challenges.*.secret_credential",
     .type = text,
     .sentence = "The same as a systemd credential: the file of this name in /etc/evercert/credentials."},
    {.path = "challenges.*.user",
     .type = text,
     .sentence = "httpreq: user name for basic authentication; route53: access key ID."},
    {.path = "challenges.*.aws_profile",
     .type = text,
     .fallback = "default",
     .sentence = "route53: profile in the AWS credentials file."},
    {.path = "challenges.*.raw",
     .type = flag,
     .fallback = "false",
     .sentence = "httpreq: the service gets domain, token and key authorization, and does the rest."},
    {.path = "challenges.*.convention",
     .type = choice,
     .allowed = "lego lego-raw certbot dehydrated acme.sh",
     .sentence = "exec: for which tool the program was written."},
    {.path = "challenges.*.command",
     .type = argv,
     .low = 1,
     .high = 256,
     .sentence =
         "exec: program and arguments before those of the convention; for acme.sh the dnsapi script."},
    {.path = "challenges.*.cleanup_command",
     .type = argv,
     .low = 1,
     .high = 256,
     .sentence = "exec with certbot's convention: the cleanup hook."},
    {.path = "challenges.*.environment_file",
     .type = path,
     .sentence = "exec: file of NAME=value lines for the program's environment; the values are secret."},
    {.path = "challenges.*.account_conf",
     .type = path,
     .sentence =
         "exec with acme.sh's convention: an account.conf of acme.sh, which is read and never written."},
    {.path = "challenges.*.one_at_a_time",
     .type = flag,
     .fallback = "true",
     .sentence = "exec: false lets calls overlap."},
    {.path = "challenges.*.chain",
     .type = flag,
     .fallback = "false",
     .sentence = "exec with dehydrated's convention: several names in one call (HOOK_CHAIN)."},
    {.path = "challenges.*.timeout",
     .type = duration,
     .low = second,
     .high = hour,
     .sentence = "exec: how long one call may take."},
};

} // namespace

std::span<const schema_row> challenge_rows() noexcept {
    return rows;
}

} // namespace evercert::config
