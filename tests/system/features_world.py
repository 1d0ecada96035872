"""What the features need besides: a DNS that is updated and that delegates, a CA that asks for a customer's key, mail servers,
HAProxy, and whoever is told."""
import os

from harness.mail import starttls
from harness.names import zone_text
from harness.receiver import MailServer, Webhook
from harness.tls import MiniRoot
from world import World

OWN = "127.0.0.2"  # where evercert's name server answers
EAB = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"  # Pebble's public test value
TSIG = "dGhlIGRhZW1vbidzIGtleSBmb3IgdXBkYXRlcywgMzIgYg=="
HOOK_KEY = "YSBzY3JpcHQncyBvd24ga2V5LCBub3QgdGhlIGRhZW1vbidz"
KEY = 'key "{name}" {{ algorithm hmac-sha256; secret "{secret}"; }};\n'

NAMED = """include "/srv/dns/keys";
options {{ directory "/srv/dns"; listen-on {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none; notify no; recursion yes;
  allow-recursion {{ 127.0.0.0/8; }}; dnssec-validation no; session-keyfile "/srv/dns/session.key"; }};
controls {{ }};
{zones}"""
ZONE = 'zone "{name}" {{ type primary; file "/srv/dns/{file}.zone"; {more} }};\n'
ROOT = """$ORIGIN .
$TTL 1
@ SOA localhost. root.localhost. 1 3600 600 86400 1
@ NS localhost.
localhost. A 127.0.0.1
"""
DELEGATION = f"own.self A {OWN}\n_acme-challenge.self NS own.self.test.\n"
DNS_UNIT = "[Service]\nExecStart=/usr/sbin/named -g -c /srv/dns/named.conf -n 1\n"

# A script as people have them, for BIND.
HOOK = r"""#!/bin/sh
set -e
scratch=$(mktemp)
case $1 in present) what=add ;; cleanup) what=delete ;; esac
printf 'server 127.0.0.1\nzone test\nupdate %s %s 1 TXT "%s"\nsend\n' "$what" "$2" "$3" > "$scratch"
nsupdate -k /etc/evercert/hook.key "$scratch"
rm "$scratch"
"""

HAPROXY = """global
    stats socket /run/haproxy/admin.sock mode 660 level admin
    user haproxy
    group haproxy
    chroot /var/lib/haproxy
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend web
    bind 127.0.0.1:443 ssl crt {file}
    http-request return status 200
"""
POSTFIX = """compatibility_level = 3.6
inet_interfaces = loopback-only
inet_protocols = ipv4
mydestination =
smtpd_tls_chain_files = {live}/privkey.pem, {live}/fullchain.pem
smtpd_tls_security_level = may
"""
DOVECOT = "listen = 127.0.0.1\nssl = yes\nssl_cert = <{live}/fullchain.pem\nssl_key = <{live}/privkey.pem\n"


class FeaturesWorld(World):
    issuers = {"pebble": (14000, "PEBBLE_VA_NOSLEEP=1", {}),
               "corp": (14001, "PEBBLE_VA_NOSLEEP=1",
                        {"externalAccountBindingRequired": True, "externalAccountMACKeys": {"kid-1": EAB}})}

    def _make_dns(self):
        write = self.machine.write
        write("/srv/dns/keys", KEY.format(name="evercert", secret=TSIG) + KEY.format(name="script", secret=HOOK_KEY), mode=0o600)
        write("/srv/dns/root.zone", ROOT)
        write("/srv/dns/test.zone", zone_text("test", "127.0.0.1", DELEGATION))
        zones = (ZONE.format(name=".", file="root", more="") +
                 ZONE.format(name="test", file="test", more="allow-update { key evercert; key script; };"))
        write("/srv/dns/named.conf", NAMED.format(zones=zones))
        write("/etc/systemd/system/dns.service", DNS_UNIT)

    def make_credentials(self):
        secrets = {"tsig": KEY.format(name="evercert", secret=TSIG), "corp": EAB + "\n", "chat": self.webhook_key()}
        for name, text in secrets.items():
            self.machine.write(f"/etc/evercert/credentials/{name}", text, mode=0o600)

    def make_hook(self):
        self.machine.write("/etc/evercert/hook", HOOK, mode=0o755)
        self.machine.write("/etc/evercert/hook.key", KEY.format(name="script", secret=HOOK_KEY), mode=0o640)
        self.machine.run("chgrp evercert /etc/evercert/hook.key")

    def make_receivers(self):
        """A webhook's and a mail server's, in the container's network; they end with this process."""
        place = Place(self.machine)
        with self.machine.network():
            self.webhook = Webhook(place, MiniRoot(os.path.join(self.machine.folder, "receivers")))
            self.mail = MailServer(place)
        with open(self.webhook.trust, encoding="ascii") as file:
            self.machine.write("/etc/evercert/chat-root.pem", file.read())

    def webhook_key(self):
        return self.machine.read(self.webhook.secret_file)

    def make_haproxy(self, file):
        self.machine.write("/etc/haproxy/haproxy.cfg", HAPROXY.format(file=file))
        self.machine.run("systemctl start haproxy")

    def make_mail_servers(self, name):
        live = f"/var/lib/evercert/live/{name}"
        self.machine.write("/etc/postfix/main.cf", POSTFIX.format(live=live))
        self.machine.write("/etc/dovecot/local.conf", DOVECOT.format(live=live))
        self.machine.run("systemctl start postfix dovecot", timeout=60)

    def seen_by_mail_clients(self, how, name):
        with self.machine.network():
            return starttls(how, {"smtp": 25, "imap": 143}[how], name)


class Place:
    """What receivers want of a workspace, on the machine."""

    def __init__(self, machine):
        self.machine, self.closers, self.ports = machine, [], iter(range(2500, 2600))

    def write(self, name, text, mode=0o600):
        path = f"/srv/receivers/{name}"
        self.machine.write(path, text, mode)
        return path

    def port(self):
        return next(self.ports)
