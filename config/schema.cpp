#include "config/schema.hpp"

#include <algorithm>
#include <array>

namespace evercert::config {
namespace {

using enum value_type;

constexpr std::string_view key_types = "ecdsa-p256 ecdsa-p384 rsa-2048 rsa-3072 rsa-4096 ed25519";
constexpr std::int64_t second = 1000;
constexpr std::int64_t hour = 3600 * second;

constexpr schema_row rows[] = {
    {.path = "email",
     .type = emails,
     .low = 1,
     .high = 10,
     .sentence = "Mail addresses that CAs may write to; an issuer's own `email` goes first."},
    {.path = "agree_to_terms",
     .type = flag,
     .fallback = "false",
     .sentence =
         "Says that you agree to the terms of service of every CA used; nothing is issued without it."},
    {.path = "data_dir",
     .type = path,
     .fallback = "/var/lib/evercert",
     .sentence = "Folder of accounts, keys, certificates and records; one daemon at a time uses it."},
    {.path = "control", .type = section, .sentence = "The Unix socket that the `evercert` command talks to."},
    {.path = "control.socket",
     .type = path,
     .sentence =
         "Path of the socket; /run/evercert/control.sock, or control.sock in a data_dir of your own."},
    {.path = "control.group",
     .type = text,
     .sentence = "Group that may use the socket besides the owner; `evercert` if there is such a group."},
    {.path = "status",
     .type = section,
     .sentence =
         "The status page, /metrics for Prometheus and /healthz, for reading only; off unless given."},
    {.path = "status.listen",
     .type = endpoints,
     .required = true,
     .low = 1,
     .high = 16,
     .sentence =
         "Where they are served over HTTP, such as \"127.0.0.1:9402\"; whoever can reach it can read it."},
    {.path = "status.hosts",
     .type = host_names,
     .low = 1,
     .high = 100,
     .sentence = "Names by which they may be asked for. A listener on loopback answers to IP addresses and "
                 "localhost, and behind a reverse proxy to these too; another one answers to any name, or to "
                 "these only."},
    {.path = "log", .type = section, .sentence = "What is logged and how."},
    {.path = "log.level",
     .type = choice,
     .fallback = "info",
     .allowed = "debug info warning error",
     .sentence = "The least important events that are logged."},
    {.path = "log.format",
     .type = choice,
     .fallback = "auto",
     .allowed = "auto text json",
     .sentence = "auto means journal fields under systemd and text elsewhere."},
    {.path = "resolvers",
     .type = endpoints,
     .low = 1,
     .high = 16,
     .sentence = "DNS resolvers that are asked about names to be proven, those of /etc/resolv.conf unless "
                 "given; where that one has a view of its own, those that CAs would ask."},
    {.path = "issuers",
     .type = named,
     .sentence =
         "CAs by name; letsencrypt, letsencrypt-staging, zerossl, google, google-staging, sslcom and actalis "
         "are built in, and an entry for one of them changes only the keys it gives."},
    {.path = "issuers.*", .type = section, .sentence = "One CA's ACME directory and our account there."},
    {.path = "issuers.*.directory", .type = https_url, .sentence = "URL of the CA's ACME directory."},
    {.path = "issuers.*.trust",
     .type = path,
     .sentence = "PEM file of roots to trust, besides the system's, for the CA's own HTTPS."},
    {.path = "issuers.*.eab",
     .type = section,
     .sentence = "External account binding, for CAs that tie an ACME account to a customer."},
    {.path = "issuers.*.eab.key_id",
     .type = text,
     .required = true,
     .sentence = "Key identifier the CA gave you."},
    {.path = "issuers.*.eab.hmac_key_file",
     .type = path,
     .sentence = "File with the HMAC key the CA gave you, in base64url."},
    {.path = "issuers.*.eab.hmac_key_credential",
     .type = text,
     .sentence = "The same as a systemd credential: the file of this name in /etc/evercert/credentials."},
    {.path = "issuers.*.account_key",
     .type = choice,
     .fallback = "ecdsa-p256",
     .allowed = key_types,
     .sentence = "Type of the account's key."},
    {.path = "issuers.*.preferred_chain",
     .type = text,
     .sentence =
         "Of several chains take the one whose top was issued by this common name, or has this SHA-256."},
    {.path = "issuers.*.profile",
     .type = text,
     .sentence =
         "Profile of the CA that certificates are asked for under; a certificate's own `profile` goes "
         "first."},
    {.path = "issuers.*.ari",
     .type = flag,
     .fallback = "true",
     .sentence = "Ask the CA when to renew (RFC 9773) where it offers that."},
    {.path = "issuers.*.limits",
     .type = section,
     .sentence =
         "Bounds on what is asked of the CA; one that is not given stays as a built-in CA publishes it."},
    {.path = "issuers.*.limits.concurrent_orders",
     .type = integer,
     .fallback = "32",
     .low = 1,
     .high = 1000,
     .sentence = "Orders worked on at the same time."},
    {.path = "issuers.*.limits.new_orders",
     .type = rate,
     .fallback = "off",
     .sentence = "New orders of our account."},
    {.path = "issuers.*.limits.certificates_per_domain",
     .type = rate,
     .fallback = "off",
     .sentence = "Certificates for one registered domain, IPv4 address or IPv6 /64 network."},
    {.path = "issuers.*.limits.certificates_per_set",
     .type = rate,
     .fallback = "off",
     .sentence = "Certificates for exactly the same set of names."},
    {.path = "issuers.*.limits.failed_validations",
     .type = rate,
     .fallback = "off",
     .sentence = "Validations of one name that fail."},
    {.path = "issuers.*.limits.consecutive_failures",
     .type = rate,
     .fallback = "off",
     .sentence =
         "Failures of one name without a success between them, after which the CA pauses it; the time is "
         "that in which it forgives as many."},
    {.path = "issuers.*.limits.requests",
     .type = rate,
     .fallback = "off",
     .sentence = "HTTP requests of all kinds."},
    {.path = "issuers.*.email",
     .type = emails,
     .low = 1,
     .high = 10,
     .sentence = "Mail addresses for this CA only, in place of the file's `email`."},
    {.path = "deployments",
     .type = named,
     .sentence = "Ways to make a server use a new certificate; nginx, apache, haproxy, postfix and dovecot "
                 "are built in, and an entry for one of them changes only the keys it gives."},
    {.path = "deployments.*", .type = section, .sentence = "One server, or one hook."},
    {.path = "deployments.*.test",
     .type = argv,
     .low = 0,
     .high = 256,
     .sentence = "Program that checks the server's configuration before a reload; [] for none."},
    {.path = "deployments.*.command",
     .type = argv,
     .low = 1,
     .high = 256,
     .sentence = "Program that reloads the server, or a hook; instead of reload_unit."},
    {.path = "deployments.*.convention",
     .type = choice,
     .allowed = "certbot",
     .sentence = "For which tool a hook was written: certbot adds RENEWED_LINEAGE and RENEWED_DOMAINS to its "
                 "environment."},
    {.path = "deployments.*.reload_unit",
     .type = unit,
     .sentence = "systemd service to reload; instead of command."},
    {.path = "deployments.*.runtime",
     .type = path,
     .sentence = "Socket of HAProxy's runtime API (level admin): what it knows is replaced there instead of "
                 "a reload, where that works; off for never."},
    {.path = "deployments.*.verify",
     .type = verify_targets,
     .low = 0,
     .high = 16,
     .sentence = "Where a TLS handshake must show the new certificate: addresses and ports, after smtp://, "
                 "lmtp://, imap:// or pop3:// by STARTTLS; [] for none."},
    {.path = "deployments.*.timeout",
     .type = duration,
     .fallback = "30s",
     .low = second,
     .high = hour,
     .sentence = "How long each step may take."},
    {.path = "defaults", .type = section, .sentence = "What certificates have that do not say otherwise."},
    {.path = "defaults.issuers",
     .type = references,
     .fallback = "[letsencrypt]",
     .low = 1,
     .high = 8,
     .sentence = "CAs that issue, in order of preference: the next is tried when one keeps failing."},
    {.path = "defaults.challenge",
     .type = preference,
     .fallback = "http",
     .low = 1,
     .high = 8,
     .sentence = "How control is proved; of several, the next is taken where a CA does not offer one."},
    {.path = "defaults.challenges",
     .type = preferences,
     .low = 1,
     .high = 100,
     .sentence = "How control of names that match a pattern is proved, such as {\"*.example.com\": dns}; the "
                 "most particular pattern goes before others, and all go before `challenge`."},
    {.path = "defaults.keys",
     .type = choices,
     .fallback = "[ecdsa-p256]",
     .allowed = key_types,
     .low = 1,
     .high = 4,
     .sentence = "Types of key; one certificate is issued for each, and all are deployed together."},
    {.path = "defaults.reuse_key",
     .type = flag,
     .fallback = "false",
     .sentence = "Renewals keep the private key in place of making a new one."},
    {.path = "defaults.preflight",
     .type = choice,
     .fallback = "warn",
     .allowed = "enforce warn off",
     .sentence = "What is done about what would make a proof fail, as far as it can be seen from here before "
                 "a first order and after a failure: enforce orders nothing while it lasts, warn tells it."},
    {.path = "defaults.profile",
     .type = text,
     .sentence = "Profile to ask for, whichever CA issues; goes before the issuer's own."},
    {.path = "defaults.deploy",
     .type = references,
     .fallback = "[]",
     .low = 0,
     .high = 32,
     .sentence = "Which deployments follow, in this order."},
    {.path = "certificates",
     .type = section_list,
     .required = true,
     .sentence = "What to keep alive; [] for nothing."},
    {.path = "certificates[]", .type = section, .sentence = "One managed certificate."},
    {.path = "certificates[].names",
     .type = identifiers,
     .required = true,
     .low = 1,
     .high = 100,
     .sentence = "DNS names (also international ones) and IP addresses on the certificate."},
    {.path = "certificates[].name",
     .type = safe_name,
     .sentence = "What the certificate is called here and on disk; the first of `names` unless given."},
    {.path = "certificates[].issuers",
     .type = references,
     .low = 1,
     .high = 8,
     .sentence = "CAs that issue, in order of preference: the next is tried when one keeps failing."},
    {.path = "certificates[].challenge",
     .type = preference,
     .low = 1,
     .high = 8,
     .sentence = "How control is proved; of several, the next is taken where a CA does not offer one."},
    {.path = "certificates[].challenges",
     .type = preferences,
     .low = 1,
     .high = 100,
     .sentence = "How control of names that match a pattern is proved, in place of `challenge` and of the "
                 "default patterns."},
    {.path = "certificates[].keys",
     .type = choices,
     .allowed = key_types,
     .low = 1,
     .high = 4,
     .sentence = "Types of key; one certificate is issued for each, and all are deployed together."},
    {.path = "certificates[].reuse_key",
     .type = flag,
     .sentence = "Renewals keep the private key in place of making a new one."},
    {.path = "certificates[].preflight",
     .type = choice,
     .allowed = "enforce warn off",
     .sentence = "Whether to look, before the CA is asked, for what would make a proof fail: enforce orders "
                 "nothing while it lasts, warn tells it."},
    {.path = "certificates[].profile",
     .type = text,
     .sentence = "Profile to ask for, whichever CA issues; goes before the issuer's own."},
    {.path = "certificates[].deploy",
     .type = references,
     .low = 0,
     .high = 32,
     .sentence = "Which deployments follow, in this order."},
};

schema_node& descend(schema_node& from, std::string_view path, const schema_row& row) {
    const auto end = path.find_first_of(".[", 1);
    const std::string_view head = path.substr(0, end);
    auto [at, is_new] = from.below.try_emplace(head);
    if (is_new && head != "*" && head != "[]") {
        from.keys.push_back(head);
    }
    if (end == std::string_view::npos) {
        at->second.row = &row;
        return at->second;
    }
    return descend(at->second, path.substr(path[end] == '.' ? end + 1 : end), row);
}

} // namespace

std::string_view schema_row::key() const noexcept {
    const auto dot = path.rfind('.');
    return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

std::vector<std::string_view> schema_row::allowed_words() const {
    std::vector<std::string_view> words;
    for (std::string_view rest = allowed; !rest.empty();) {
        const auto space = rest.find(' ');
        words.push_back(rest.substr(0, space));
        rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
    }
    return words;
}

std::span<const schema_row> schema() noexcept {
    static const std::vector<schema_row> all = [] {
        std::vector<schema_row> both(std::begin(rows), std::end(rows));
        both.insert(both.end(), output_rows().begin(), output_rows().end());
        // Where people look for them: before deployments, not at the end.
        const auto next = std::ranges::find(both, "deployments", &schema_row::path);
        both.insert(next, challenge_rows().begin(), challenge_rows().end());
        const auto defaults = std::ranges::find(both, "defaults", &schema_row::path);
        both.insert(defaults, notify_rows().begin(), notify_rows().end());
        return both;
    }();
    return all;
}

const schema_node* schema_node::element() const {
    for (const std::string_view name : {"*", "[]"}) {
        if (const auto at = below.find(name); at != below.end()) {
            return &at->second;
        }
    }
    return nullptr;
}

const schema_node& schema_tree() {
    static const schema_node tree = [] {
        schema_node root;
        for (const schema_row& row : schema()) {
            descend(root, row.path, row);
        }
        return root;
    }();
    return tree;
}

std::vector<std::string_view> paths_ending_in(std::string_view key) {
    std::vector<std::string_view> found;
    for (const schema_row& row : schema()) {
        if (row.key() == key && row.path.size() > key.size()) {
            found.push_back(row.path);
        }
    }
    return found;
}

} // namespace evercert::config
