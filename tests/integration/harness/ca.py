"""Pebble, the CA authors' test server, and its test DNS."""
import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request

from .tls import MiniRoot
from .workspace import PEBBLE, PEBBLE_OF_DISTRIBUTION, answers, read_text, wait_until

# What makes Pebble quick and even-tempered; a suite about its moods passes other values.
CALM = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
SLOW = {"PEBBLE_VA_NOSLEEP": None, "PEBBLE_VA_SLEEPTIME": "5"}  # None: not in its environment
HOSTILE = {"PEBBLE_VA_NOSLEEP": None, "PEBBLE_WFE_NONCEREJECT": "5", "PEBBLE_AUTHZREUSE": "50"}  # its own defaults, said aloud


def version_of(folder=PEBBLE):
    try:
        return read_text(os.path.join(folder, "version")).strip()
    except FileNotFoundError:
        raise AssertionError("pebble is not there: run tests/pebble.sh first") from None


def version_tuple(folder=PEBBLE):
    major, minor = version_of(folder).split(".")[:2]
    return int(major), int("".join(c for c in minor if c.isdigit()))


class NameServer:
    """pebble-challtestsrv as DNS: every name is 127.0.0.1."""

    def __init__(self, space, folder=PEBBLE):
        program = os.path.join(folder, "usr/bin/pebble-challtestsrv")
        usage = subprocess.run([program, "-help"], capture_output=True, text=True, check=False)
        usage = usage.stdout + usage.stderr
        self.port, self.management = space.port(), space.port()
        argv = [program, "-dnsserver" if "-dnsserver" in usage else "-dns01", f"127.0.0.1:{self.port}",
                "-http01", "", "-https01", "", "-tlsalpn01", "", "-management", f"127.0.0.1:{self.management}",
                "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]
        if "-doh " in usage:
            argv += ["-doh", ""]
        self.process = space.spawn("dns", argv)
        wait_until("the test DNS answers", lambda: answers(self.management))

    @property
    def endpoint(self):
        return f"127.0.0.1:{self.port}"

    def tell(self, path, **body):
        """For example tell("/set-servfail", host="one.test")."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.management}{path}", json.dumps(body).encode())
        urllib.request.urlopen(request, timeout=10).close()

    def hook(self, space):
        """A program in lego's convention that puts TXT records here, and its record of how it was called."""
        calls = space.path("hook.calls")
        # The server can only clear a name as a whole, so the script keeps what is to be there.
        script = space.write("hook", f"""#!/bin/sh
echo "$@" >> {calls}
tell() {{ curl -fsS -X POST -d "{{\\"host\\": \\"$2\\", \\"value\\": \\"$3\\"}}" http://127.0.0.1:{self.management}/$1; }}
values={calls}.$2
touch $values
case $1 in
present) echo "$3" >> $values; tell set-txt "$2" "$3" ;;
cleanup) grep -vxF -e "$3" $values > $values.left; mv $values.left $values; tell clear-txt "$2"
    while read -r value; do tell set-txt "$2" "$value"; done < $values ;;
esac
""")
        os.chmod(script, 0o755)
        return script, calls


class Pebble:
    """One CA. `restart` brings it back on the same ports with nothing remembered."""

    def __init__(self, space, folder=PEBBLE, env=None, strict=True, dns=None, retry_after=None, eab=None, validity=None,
                 name="pebble", **config):
        self.space, self.folder, self.name, self.strict = space, folder, name, strict
        self.root = MiniRoot(space.path(f"{name}-tls"))
        self.dns = dns or NameServer(space, folder)
        self.port, self.management, self.http_port, self.tls_port = (space.port() for _ in range(4))
        certificate, key = self.root.issue("pebble")
        self.config = {
            "listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": certificate, "privateKey": key, "httpPort": self.http_port, "tlsPort": self.tls_port,
            "ocspResponderURL": "", "externalAccountBindingRequired": bool(eab),
            "certificateValidityPeriod": validity or 7776000,
            "profiles": {"default": {"description": "for tests", "validityPeriod": validity or 7776000}}, **config,
        }
        if eab:
            self.config["externalAccountMACKeys"] = eab
        if retry_after is not None:
            self.config["retryAfter"] = {"authz": retry_after, "order": retry_after}
        self.environment = {**os.environ, **CALM, **(env or {})}
        self.process = None
        self.start()

    @property
    def directory(self):
        return f"https://127.0.0.1:{self.port}/dir"

    def start(self):
        path = self.space.write(f"{self.name}.json", json.dumps({"pebble": self.config}, indent=1))
        argv = [os.path.join(self.folder, "usr/bin/pebble"), "-config", path, "-dnsserver", self.dns.endpoint]
        argv += ["-strict"] if self.strict else []
        environment = {name: value for name, value in self.environment.items() if value is not None}
        self.process = self.space.spawn(self.name, argv, env=environment)
        wait_until(f"{self.name} answers", lambda: self._alive() and answers(self.port) and answers(self.management))

    def _alive(self):
        if not self.process.running():
            raise AssertionError(f"pebble ended at once:\n{self.process.log()[-2000:]}")
        return True

    def stop(self):
        self.process.stop()

    def restart(self):
        self.stop()
        self.start()

    def issuer(self):
        """The entry under `issuers` for it."""
        return {"directory": self.directory, "trust": self.root.certificate}

    def ask(self, path):
        context = ssl.create_default_context(cafile=self.root.certificate)
        with urllib.request.urlopen(f"https://127.0.0.1:{self.management}{path}", context=context, timeout=10) as answer:
            return answer.read().decode()

    def roots(self):
        """All its roots, PEM text: new ones at each start."""
        text, number = "", 0
        while True:
            try:
                text += self.ask(f"/roots/{number}")
            except urllib.error.HTTPError:
                return text
            number += 1

    @staticmethod
    def finds(*leaves):
        """Whether it finds the order of each when it is named in `replaces`: not when the first of the serial number's
        eight bytes is 0, which happens to one certificate in 256."""
        return all(int(leaf.serial, 16) >> 56 for leaf in leaves)

    def status(self, serial):
        """"Valid" or "Revoked"."""
        return json.loads(self.ask(f"/cert-status-by-serial/{serial}"))["Status"]

    def revocation(self, serial):
        return json.loads(self.ask(f"/cert-status-by-serial/{serial}"))

    def set_renewal_info(self, leaf, answer):
        """What it says from now on when asked about this certificate: `answer` is the text of the body, good or not."""
        body = json.dumps({"Certificate": leaf.pem, "ARIResponse": answer}).encode()
        request = urllib.request.Request(f"https://127.0.0.1:{self.management}/set-renewal-info/", data=body, method="POST")
        context = ssl.create_default_context(cafile=self.root.certificate)
        with urllib.request.urlopen(request, context=context, timeout=10):
            pass

    def orders(self):
        """How many orders it has taken since the first start, by its own log."""
        return self.process.log().count("Added order ")

    def issued(self):
        return self.process.log().count("Issued certificate serial ")


def distribution(space, **options):
    return Pebble(space, folder=PEBBLE_OF_DISTRIBUTION, dns=NameServer(space, PEBBLE_OF_DISTRIBUTION), **options)
