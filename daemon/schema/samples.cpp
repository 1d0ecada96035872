#include "daemon/schema/samples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace evercert::daemon {
namespace {

using config::schema_row;
using config::value_type;

struct sample {
    std::string_view place;
    std::string_view value = {}; ///< empty: the default, or one of the type
};

/// Which keys stand in which entry; a key of no entry stands in the first. A place that the schema does not
/// have is not shown.
constexpr sample samples[] = {
    {"email", "ops@example.com"},
    {"agree_to_terms", "true"},
    {"control.socket", "/run/evercert/control.sock"},
    {"control.group", "evercert"},
    {"status.listen", "\"127.0.0.1:9402\""},
    {"status.hosts", "[status.example.com]"},
    {"resolvers", "[\"9.9.9.9:53\", \"[2620:fe::fe]:53\"]"},

    {"issuers.corp.directory", "https://pki.example.com/acme/directory"},
    {"issuers.corp.trust", "/etc/evercert/corp-root.pem"},
    {"issuers.corp.eab.key_id", "kid-1"},
    {"issuers.corp.eab.hmac_key_file", "/etc/evercert/corp.eab"},
    {"issuers.corp.preferred_chain", "\"Corp Root X2\""},
    {"issuers.corp.profile", "shortlived"},
    {"issuers.corp.email", "pki@example.com"},
    {"issuers.zerossl.eab.key_id", "kid-2"},
    {"issuers.zerossl.eab.hmac_key_credential", "zerossl.eab"},

    {"challenges.http.type", "http-01"},
    {"challenges.http.listen", "[\"[::]:80\"]"},
    {"challenges.http.redirect_to_https"},
    {"challenges.web.type", "http-01"},
    {"challenges.web.webroot", "/var/www/html"},
    {"challenges.alpn.type", "tls-alpn-01"},
    {"challenges.alpn.listen", "[\"127.0.0.1:10443\"]"},
    {"challenges.dns.type", "dns-01"},
    {"challenges.dns.provider", "rfc2136"},
    {"challenges.dns.propagation"},
    {"challenges.dns.propagation_timeout"},
    {"challenges.dns.resolvers", "[\"127.0.0.1:53\"]"},
    {"challenges.dns.ttl", "60s"},
    {"challenges.dns.server", "\"10.0.0.53:53\""},
    {"challenges.dns.tsig_key_file", "/etc/evercert/tsig.key"},
    {"challenges.dns.zone", "example.com"},
    {"challenges.update.type", "dns-01"},
    {"challenges.update.provider", "rfc2136"},
    {"challenges.update.server", "\"10.0.0.53:53\""},
    {"challenges.update.tsig_key_credential", "tsig.key"},
    {"challenges.own.type", "dns-01"},
    {"challenges.own.provider", "self"},
    {"challenges.own.listen", "[\"[::]:53\"]"},
    {"challenges.own.zone", "acme.example.net"},
    {"challenges.own.nameserver", "ns.acme.example.net"},
    {"challenges.own.addresses", "[192.0.2.1, \"2001:db8::1\"]"},
    {"challenges.aws.type", "dns-01"},
    {"challenges.aws.provider", "route53"},
    {"challenges.aws.zone_id", "Z0123456789"},
    {"challenges.aws.secret_file", "/etc/evercert/aws.secret"},
    {"challenges.aws.user", "AKIAEXAMPLE"},
    {"challenges.aws.aws_profile"},
    {"challenges.request.type", "dns-01"},
    {"challenges.request.provider", "httpreq"},
    {"challenges.request.url", "https://dns.example.com/api"},
    {"challenges.request.secret_credential", "dns-api"},
    {"challenges.request.user", "evercert"},
    {"challenges.request.raw"},
    {"challenges.script.type", "dns-01"},
    {"challenges.script.provider", "exec"},
    {"challenges.script.convention", "acme.sh"},
    {"challenges.script.command", "[/usr/local/share/dnsapi/dns_example.sh]"},
    {"challenges.script.environment_file", "/etc/evercert/dns_example.env"},
    {"challenges.script.account_conf", "/etc/evercert/account.conf"},
    {"challenges.script.one_at_a_time"},
    {"challenges.script.timeout", "5m"},
    {"challenges.pair.type", "dns-01"},
    {"challenges.pair.provider", "exec"},
    {"challenges.pair.convention", "certbot"},
    {"challenges.pair.command", "[/usr/local/bin/auth-hook]"},
    {"challenges.pair.cleanup_command", "[/usr/local/bin/cleanup-hook]"},
    {"challenges.chained.type", "dns-01"},
    {"challenges.chained.provider", "exec"},
    {"challenges.chained.convention", "dehydrated"},
    {"challenges.chained.command", "[/usr/local/bin/hook]"},
    {"challenges.chained.chain"},
    {"challenges.standing.type", "dns-persist-01"},

    {"deployments.nginx.test", "[nginx, -t]"},
    {"deployments.nginx.reload_unit", "nginx.service"},
    {"deployments.nginx.verify", "[\"127.0.0.1:443\"]"},
    {"deployments.nginx.timeout"},
    {"deployments.haproxy.reload_unit", "haproxy.service"},
    {"deployments.haproxy.runtime", "/run/haproxy/admin.sock"},
    {"deployments.haproxy.verify", "[\"127.0.0.1:443\"]"},
    {"deployments.app.command", "[/usr/local/bin/on-renew, --quiet]"},
    {"deployments.app.convention", "certbot"},

    {"notify[0].name", "chat"},
    {"notify[0].on"},
    {"notify[0].webhook", "https://chat.example.com/hook"},
    {"notify[0].plain_http"},
    {"notify[0].secret_file", "/etc/evercert/chat.key"},
    {"notify[0].trust", "/etc/evercert/chat-root.pem"},
    {"notify[0].after"},
    {"notify[0].expiring", "10d"},
    {"notify[0].certificates", "[example, \"*.example.com\"]"},
    {"notify[0].limit"},
    {"notify[0].gather"},
    {"notify[0].timeout"},
    {"notify[1].webhook", "https://hook.example.com/"},
    {"notify[1].secret_credential", "hook"},
    {"notify[2].mail", "[ops@example.com]"},
    {"notify[2].from", "evercert@example.com"},
    {"notify[2].smtp", "\"127.0.0.1:25\""},
    {"notify[3].mail", "[pki@example.com]"},
    {"notify[3].sendmail"},
    {"notify[4].command", "[/usr/local/bin/told]"},

    {"defaults.challenges", "{ \"*.example.com\": dns }"},
    {"defaults.profile", "tlsserver"},
    {"defaults.deploy", "[nginx]"},
    {"defaults.outputs[0].directory", "/etc/ssl/{name}"},
    {"defaults.outputs[0].formats", "[fullchain, privkey, pkcs12]"},
    {"defaults.outputs[0].owner", "root"},
    {"defaults.outputs[0].group", "root"},
    {"defaults.outputs[0].mode", "\"0640\""},
    {"defaults.outputs[0].password_file", "/etc/evercert/pkcs12.password"},

    {"certificates[0].names", "[example.com, \"*.example.com\"]"},
    {"certificates[0].name", "example"},
    {"certificates[0].issuers", "[letsencrypt, corp]"},
    {"certificates[0].challenge", "[http, alpn]"},
    {"certificates[0].challenges", "{ \"*.example.com\": dns }"},
    {"certificates[0].keys", "[ecdsa-p256, rsa-2048]"},
    {"certificates[0].reuse_key", "false"},
    {"certificates[0].preflight", "warn"},
    {"certificates[0].profile", "tlsserver"},
    {"certificates[0].deploy", "[nginx, app]"},
    {"certificates[0].outputs[0].directory", "/etc/haproxy/certs"},
    {"certificates[0].outputs[0].formats", "[combined, pkcs12]"},
    {"certificates[0].outputs[0].owner", "root"},
    {"certificates[0].outputs[0].group", "root"},
    {"certificates[0].outputs[0].mode", "\"0640\""},
    {"certificates[0].outputs[0].password_file", "/etc/evercert/pkcs12.password"},
};

std::string of_type(const schema_row& row) {
    const auto words = row.allowed_words();
    switch (row.type) {
    case value_type::flag:
        return "true";
    case value_type::integer:
        return fmt::format("{}", row.low);
    case value_type::duration:
        return "30s";
    case value_type::rate:
        return "300/3h";
    case value_type::choice:
        return std::string(words.front());
    case value_type::choices:
        return fmt::format("[{}]", words.front());
    case value_type::path:
        return fmt::format("/etc/evercert/{}", row.key());
    case value_type::https_url:
    case value_type::http_url:
        return "https://www.example.com/";
    case value_type::endpoint_one:
        return "\"127.0.0.1:8080\"";
    case value_type::endpoints:
        return "[\"127.0.0.1:8080\"]";
    case value_type::emails:
        return "ops@example.com";
    case value_type::host_name:
        return "www.example.com";
    case value_type::addresses:
        return "[192.0.2.1]";
    case value_type::argv:
        return "[/usr/local/bin/program]";
    case value_type::unit:
        return "nginx.service";
    case value_type::references:
        return "[nginx]";
    case value_type::preference:
        return "http";
    case value_type::preferences:
        return "{ \"*.example.com\": dns }";
    case value_type::identifiers:
        return "[example.com]";
    default:
        return "example";
    }
}

/// Whether `place` is `above` or lies below it.
bool lies_in(std::string_view place, std::string_view above) {
    return place.starts_with(above) &&
           (place.size() == above.size() || place[above.size()] == '.' || place[above.size()] == '[');
}

} // namespace

std::string sample_of(const schema_row& row, std::string_view place) {
    const auto* const at = std::ranges::find(samples, place, &sample::place);
    if (at != std::end(samples) && !at->value.empty()) {
        return std::string(at->value);
    }
    return row.fallback.empty() ? of_type(row) : std::string(row.fallback);
}

bool is_shown(std::string_view place) {
    return std::ranges::any_of(samples, [&](const sample& one) { return lies_in(one.place, place); });
}

std::vector<std::string> entries_of(const schema_row& row, std::string_view place) {
    const bool list = row.type == value_type::section_list;
    std::vector<std::string> names;
    for (const sample& one : samples) {
        if (lies_in(one.place, place) && one.place.size() > place.size() + 1) {
            const std::string_view rest = one.place.substr(place.size() + 1);
            std::string name(rest.substr(0, rest.find_first_of(list ? "]" : ".[")));
            if (std::ranges::find(names, name) == names.end()) {
                names.push_back(std::move(name));
            }
        }
    }
    if (names.empty()) {
        names.emplace_back(list ? "0" : "example");
    }
    return names;
}

} // namespace evercert::daemon
