#include "daemon/control/snippet.hpp"

#include <fmt/format.h>

#include <optional>

namespace evercert::daemon {
namespace {

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;
/// What a server on the public port can be told to use instead.
const endpoint suggested_http{"127.0.0.1", 5002};
const endpoint suggested_alpn{"127.0.0.1", 10443};
/// systemd would hold port 80 for the daemon whenever the server is down, and the server not start any more.
constexpr std::string_view give_up_socket =
    "# and with the units of the package, so that systemd does not keep that port for evercertd:\n"
    "#   systemctl mask --now evercertd.socket && systemctl restart evercertd\n";

/// Where the server reaches the daemon, and what to change for that.
struct way {
    std::string address; ///< "127.0.0.1:5002"
    std::string advice;  ///< comment lines, or empty
};

endpoint reachable(endpoint where) {
    if (where.address == "0.0.0.0" || where.address == "::") {
        where.address = "127.0.0.1";
    }
    return where;
}

way way_to(const std::string& challenge, std::string_view type, const endpoint& where,
           std::uint16_t public_port, const endpoint& suggested) {
    if (where.port != public_port) {
        return {to_string(reachable(where)), {}};
    }
    return {to_string(suggested),
            fmt::format("# The server itself needs port {0}, so evercert.yaml has to say:\n"
                        "#   challenges: {{ {1}: {{ type: {2}, listen: \"{3}\" }} }}\n{4}",
                        public_port, challenge, type, to_string(suggested),
                        public_port == http_port ? give_up_socket : std::string_view())};
}

template <class Listener>
std::optional<way> first_way(const config::settings& settings, std::uint16_t public_port,
                             const endpoint& suggested) {
    for (const auto& [name, challenge] : settings.challenges) {
        const auto* listener = std::get_if<Listener>(&challenge.how);
        if (listener != nullptr && !listener->listen.empty()) {
            return way_to(name, config::challenge_type(challenge), listener->listen.front(), public_port,
                          suggested);
        }
    }
    return std::nullopt;
}

std::string nginx(const way& http, const std::optional<way>& alpn) {
    std::string text = http.advice;
    text += fmt::format(
        "# In each server {{ }} that listens on port 80, and the default one for names without; a\n"
        "# `return` that stands in it belongs into a `location / {{ }}`, as it would come first:\n"
        "location ^~ /.well-known/acme-challenge/ {{\n"
        "    proxy_pass http://{};\n"
        "    proxy_set_header Host $host;\n"
        "}}\n",
        http.address);
    if (alpn) {
        text += "\n" + alpn->advice;
        text += fmt::format(
            "# Beside http {{ }}, for tls-alpn-01; the https servers then listen on 127.0.0.1:8443:\n"
            "stream {{\n"
            "    map $ssl_preread_alpn_protocols $evercert_upstream {{\n"
            "        \"acme-tls/1\" {};\n"
            "        default 127.0.0.1:8443;\n"
            "    }}\n"
            "    server {{\n"
            "        listen 443;\n"
            "        listen [::]:443;\n"
            "        ssl_preread on;\n"
            "        proxy_pass $evercert_upstream;\n"
            "    }}\n"
            "}}\n",
            alpn->address);
    }
    return text;
}

std::string apache(const way& http) {
    return http.advice +
           fmt::format(
               "# Outside of all <VirtualHost>, or in each that is for port 80 (a2enmod proxy_http):\n"
               "ProxyPass \"/.well-known/acme-challenge/\" \"http://{}/.well-known/acme-challenge/\"\n"
               "ProxyPreserveHost On\n",
               http.address);
}

/// The folder of the live set.
std::string live_set(const config::settings& settings) {
    return fmt::format("{}/live/{}", settings.data_dir,
                       settings.certificates.empty() ? "NAME" : settings.certificates.front()->name);
}

std::string postfix(const std::string& live) {
    return fmt::format(
        "# In main.cf; the key comes first:\n"
        "smtpd_tls_chain_files = {0}/privkey.pem, {0}/fullchain.pem\n"
        "smtpd_tls_security_level = may\n"
        "# A table for tls_server_sni_maps holds copies: where there is one, evercert.yaml needs a\n"
        "# `command` for postfix that runs `postmap -F` on it and then `postfix reload`.\n",
        live);
}

std::string dovecot(const std::string& live) {
    return fmt::format("# In dovecot.conf or conf.d/10-ssl.conf, or in a local_name {{ }}:\n"
                       "ssl = yes\n"
                       "ssl_cert = <{0}/fullchain.pem\n"
                       "ssl_key = <{0}/privkey.pem\n"
                       "# From Dovecot 2.4 on, in place of the last two:\n"
                       "# ssl_server_cert_file = {0}/fullchain.pem\n"
                       "# ssl_server_key_file = {0}/privkey.pem\n",
                       live);
}

std::string haproxy(const way& http, const std::optional<way>& alpn) {
    std::string text = http.advice;
    text += fmt::format("# In the frontend for port 80:\n"
                        "    use_backend evercert if {{ path_beg /.well-known/acme-challenge/ }}\n"
                        "\n"
                        "backend evercert\n"
                        "    mode http\n"
                        "    server evercert {}\n",
                        http.address);
    text += "\n# HAProxy wants key and chain in one file: make the folder /etc/haproxy/certs, and with "
            "`outputs:\n"
            "# [{ directory: /etc/haproxy/certs/{name}, formats: [combined] }]` in evercert.yaml, in the\n"
            "# frontend for port 443:\n"
            "#   bind :443 ssl crt /etc/haproxy/certs/NAME/combined.pem\n"
            "# With `stats socket /run/haproxy/admin.sock mode 660 level admin` a renewal needs no reload.\n";
    if (alpn) {
        text += "\n" + alpn->advice;
        text += fmt::format("# For tls-alpn-01: in a frontend for port 443 with `mode tcp`\n"
                            "    tcp-request inspect-delay 5s\n"
                            "    tcp-request content accept if {{ req.ssl_hello_type 1 }}\n"
                            "    use_backend evercert_alpn if {{ req.ssl_alpn acme-tls/1 }}\n"
                            "\n"
                            "backend evercert_alpn\n"
                            "    mode tcp\n"
                            "    server evercert {}\n",
                            alpn->address);
    }
    return text;
}

} // namespace

std::string snippet_for(std::string_view server, const config::settings& settings) {
    if (server == "postfix") {
        return postfix(live_set(settings));
    }
    if (server == "dovecot") {
        return dovecot(live_set(settings));
    }
    way http = way_to("http", "http-01", {"::", http_port}, http_port, suggested_http);
    if (auto configured = first_way<config::http01_listener>(settings, http_port, suggested_http)) {
        http = std::move(*configured);
    }
    const auto alpn = first_way<config::tls_alpn01_listener>(settings, https_port, suggested_alpn);
    if (server == "apache") {
        return apache(http);
    }
    return server == "haproxy" ? haproxy(http, alpn) : nginx(http, alpn);
}

} // namespace evercert::daemon
