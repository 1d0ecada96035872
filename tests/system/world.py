"""What evercert meets in the container: a CA, its DNS, two web servers. And how to look at them from there."""
import json
import os
import re
import socket
import ssl

from harness.tls import Certificate, MiniRoot
from harness.workspace import wait_until

CA_PROGRAMS = "/opt/pebble"
CONFIG = "/etc/evercert/evercert.yaml"
DROP_IN = "/etc/systemd/system/{unit}.d/test.conf"

DNS_UNIT = f"""[Service]
ExecStart={CA_PROGRAMS}/pebble-challtestsrv -dnsserver 127.0.0.1:53 -http01 "" -https01 "" -tlsalpn01 "" -doh "" \
-management 127.0.0.1:8055 -defaultIPv4 127.0.0.1 -defaultIPv6 ""
"""
CA_UNIT = """[Unit]
After=dns.service
[Service]
Environment=PEBBLE_WFE_NONCEREJECT=0 PEBBLE_AUTHZREUSE=0 {moods}
ExecStart={programs}/pebble -strict -config /etc/pebble/{name}.json -dnsserver 127.0.0.1:53
"""
# Two CAs: the one's validations come at once, the other's when it likes.
ISSUERS = {"pebble": (14000, "PEBBLE_VA_NOSLEEP=1", {}), "slow": (14001, "PEBBLE_VA_SLEEPTIME=8", {})}

NGINX = """server {{
    listen 127.0.0.1:443 ssl;
    server_name {name};
    ssl_certificate /var/lib/evercert/live/{name}/fullchain.pem;
    ssl_certificate_key /var/lib/evercert/live/{name}/privkey.pem;
}}
"""
APACHE = """<VirtualHost 127.0.0.2:443>
    ServerName {name}
    SSLEngine on
    SSLCertificateFile /var/lib/evercert/live/{name}/fullchain.pem
    SSLCertificateKeyFile /var/lib/evercert/live/{name}/privkey.pem
</VirtualHost>
"""

HOOK = r"""#!/bin/sh
set -e
scratch=$(mktemp)
case $1 in present) what=set-txt ;; cleanup) what=clear-txt ;; esac
curl -fsS -o "$scratch" -X POST -d "{\"host\": \"$2\", \"value\": \"$3\"}" http://127.0.0.1:8055/$what
rm "$scratch"
"""


class World:
    issuers = ISSUERS

    def __init__(self, machine, patient=True):
        """Unless `patient`, all CAs validate at once."""
        self.machine, self.patient = machine, patient
        self.settings = {}

    def make_ca(self):
        run, write = self.machine.run, self.machine.write
        root = MiniRoot(os.path.join(self.machine.folder, "ca"))
        certificate, key = root.issue("pebble")
        for name, path in {"root.pem": root.certificate, "pebble.pem": certificate, "pebble.key": key}.items():
            with open(path, encoding="ascii") as file:
                write(f"/etc/pebble/{name}", file.read())
        for name, (port, moods, more) in self.issuers.items():
            self._make_issuer(name, port, moods if self.patient else "PEBBLE_VA_NOSLEEP=1", more)
        self._make_dns()
        run("ip link set lo up && rm -f /etc/resolv.conf && echo nameserver 127.0.0.1 > /etc/resolv.conf")
        run("systemctl daemon-reload && systemctl start dns " + " ".join(f"ca-{name}" for name in self.issuers))
        for port, _, _ in self.issuers.values():
            ask = ["curl", "-fsS", "--cacert", "/etc/pebble/root.pem", f"https://127.0.0.1:{port}/dir"]
            wait_until("the CA answers", lambda: run(*ask, check=False).code == 0, 30, 0.1)

    def _make_dns(self):
        self.machine.write("/etc/systemd/system/dns.service", DNS_UNIT)

    def _make_issuer(self, name, port, moods, more):
        config = {"listenAddress": f"127.0.0.1:{port}", "managementListenAddress": f"127.0.0.1:{port + 1000}",
                  "certificate": "/etc/pebble/pebble.pem", "privateKey": "/etc/pebble/pebble.key", "httpPort": 80, "tlsPort": 443,
                  "ocspResponderURL": "", "certificateValidityPeriod": 7776000,
                  "profiles": {"default": {"description": "for tests", "validityPeriod": 7776000}}, **more}
        self.machine.write(f"/etc/pebble/{name}.json", json.dumps({"pebble": config}), mode=0o600)
        self.machine.write(f"/etc/systemd/system/ca-{name}.service", CA_UNIT.format(programs=CA_PROGRAMS, name=name, moods=moods))

    def drop_in(self, unit, text):
        """Replaces what an operator would write with systemctl edit; None takes it away."""
        path = DROP_IN.format(unit=unit)
        if text is None:
            self.machine.run("rm", "-f", path)
        else:
            self.machine.write(path, text)
        self.machine.run("systemctl daemon-reload")

    def configure(self, **changes):
        """The four lines, the issuer, and what a test adds; None takes a key away. JSON is YAML."""
        self.settings = {key: value for key, value in {**self.settings, **changes}.items() if value is not None}
        self.machine.write(CONFIG, json.dumps(self.settings, indent=1) + "\n")

    def small_configuration(self, *certificates):
        self.settings = {}
        issuers = {name: {"directory": f"https://127.0.0.1:{port}/dir", "trust": "/etc/evercert/pebble-root.pem"}
                   for name, (port, _, _) in self.issuers.items()}
        self.machine.write("/etc/evercert/pebble-root.pem", self.machine.read("/etc/pebble/root.pem"))
        self.configure(email="ops@example.com", agree_to_terms=True, issuers=issuers, defaults={"issuers": ["pebble"]},
                       certificates=list(certificates))

    def listeners(self):
        """Where the daemon listens, by its own word."""
        told = self.machine.run("curl -fsS --unix-socket /run/evercert/control.sock http://localhost/v1/status").out
        return json.loads(told)["listeners"]

    def live(self, name):
        """The certificate in use, or None."""
        done = self.machine.run("cat", f"/var/lib/evercert/live/{name}/cert.pem", check=False)
        return Certificate(done.out) if done.code == 0 else None

    def wait_live(self, name, other_than=None, timeout=45):
        def look():
            leaf = self.live(name)
            return leaf if leaf and (other_than is None or leaf.serial != other_than.serial) else None
        return wait_until(f"{name} has a {'new ' if other_than else ''}certificate", look, timeout, 0.2)

    def served(self, name, address):
        """The serial number that a handshake shows, or None."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with self.machine.network(), socket.create_connection((address, 443), timeout=5) as plain:
                with context.wrap_socket(plain, server_hostname=name) as tls:
                    return Certificate(ssl.DER_cert_to_PEM_cert(tls.getpeercert(True))).serial
        except OSError:
            return None

    def wait_served(self, name, address, leaf, timeout=45):
        wait_until(f"{address} serves {name} with {leaf.serial}", lambda: self.served(name, address) == leaf.serial, timeout, 0.2)

    def orders(self, issuer):
        return len(re.findall("Added order ", self.machine.journal(f"ca-{issuer}")))

    def make_servers(self, name):
        """nginx at 127.0.0.1:443 and Apache at 127.0.0.2:443, both with what evercert has issued. Neither has port 80."""
        self.machine.run("rm -f /etc/nginx/sites-enabled/default")
        self.machine.write("/etc/nginx/conf.d/test.conf", NGINX.format(name=name))
        self.machine.write("/etc/apache2/ports.conf", "Listen 127.0.0.2:443\n")
        self.machine.write("/etc/apache2/sites-available/000-default.conf", APACHE.format(name=name))
        self.machine.run("a2enmod -q ssl && systemctl start nginx apache2", timeout=60)
