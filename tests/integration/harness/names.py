"""Real name servers: every name of the tests' zones is 127.0.0.1."""
import base64
import subprocess

from .workspace import answers, wait_until

# One key for each, the first for whoever does not care.
ALGORITHMS = {"hmac-sha256": "evercert", "hmac-sha384": "evercert-384", "hmac-sha512": "evercert-512"}
SECRET = base64.b64encode(b"a secret of 32 bytes for testing" * 2).decode()


def bind_keys(space, folder):
    """A file for each algorithm, as tsig-keygen writes it."""
    return {algorithm: space.write(f"{folder}/{key}.key", f'key "{key}" {{ algorithm {algorithm}; secret "{SECRET}"; }};\n')
            for algorithm, key in ALGORITHMS.items()}


def zone_text(zone, server, more="", serial=1):
    """Of a zone whose one server is at the address `server`; lines in `more` may name others. No cache keeps for longer than a
    second that there is nothing. A zone for proofs alone ("_acme-challenge.one.test") may hold no addresses: its server is
    proofs.one.test."""
    kind = "AAAA" if ":" in server else "A"
    above = zone.partition(".")[2]
    names = f"@ NS ns.{zone}.\nns {kind} {server}\n@ A 127.0.0.1\n* A 127.0.0.1\n"
    return f"""$ORIGIN {zone}.
$TTL 1
@ SOA ns.test. hostmaster.test. {serial} 3600 600 86400 1
{f"@ NS proofs.{above}.{chr(10)}" if zone.startswith("_") else names}{more}"""


class DnsServer:
    """What they have in common. `endpoint` is as configurations have it, and `ready` what a server
    logs when it has read its zones."""

    ready = ""

    def __init__(self, space, name, address, port):
        self.space, self.name, self.address, self.port = space, name, address, port or space.port()
        self.folder = space.make_folder(name)
        self.process = None

    @property
    def endpoint(self):
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    def run(self, argv, **options):
        self.process = self.space.spawn(f"{self.name}-server", argv, **options)
        wait_until(f"{self.name} answers", lambda: self._alive() and self.ready in self.process.log() and
                   answers(self.port, self.address))

    def _alive(self):
        log = self.process.log()
        if not self.process.running() or ("not loaded due to errors" in log and not self.broken):
            raise AssertionError(f"{self.name} ended, or has no such zone:\n{log[-3000:]}")
        return True

    def texts(self, name):
        """The TXT values there are, with their quotes."""
        answer = subprocess.run(["dig", "+short", "+norecurse", "-p", str(self.port), f"@{self.address}", name, "TXT"],
                                check=True, timeout=20, capture_output=True, text=True)
        return answer.stdout.split()


class Bind(DnsServer):
    """BIND with `zones` of its own, updatable with the keys in `keys` (`key_file` is the first); everything else does not
    exist. As a mapping `zones` also says what stands in them besides, and so does `root` for the root zone, where delegations
    make it a resolver for what others have. A zone with None in place of lines cannot be loaded (SERVFAIL). Zones in `fixed`
    take no updates. With a `primary` it has copies of that one's
    zones, and looks for changes when `refresh` says so and not before."""

    ready = " all zones loaded"

    def __init__(self, space, zones, address="127.0.0.1", port=None, name="bind", root="", fixed=(), primary=None):
        super().__init__(space, name, address, port)
        self.keys = bind_keys(space, name)
        self.key_file = self.keys["hmac-sha256"]
        self.zones = list(zones)
        lines = dict.fromkeys(zones, "") if not isinstance(zones, dict) else zones
        grants = " ".join(f"grant {key} zonesub TXT CNAME;" for key in ALGORITHMS.values())
        rules = ""
        self.broken = None in lines.values()
        for zone, more in lines.items():
            if more is None:
                way = "type primary"
            elif primary:
                way = f"type secondary; primaries {{ {primary.address} port {primary.port}; }}; masterfile-format text"
            else:
                space.write(f"{name}/{zone}.zone", zone_text(zone, address, more))
                way = "type primary" + ("" if zone in fixed else f"; update-policy {{ {grants} }}")
            rules += f'zone "{zone}" {{ {way}; file "{self.folder}/{zone}.zone"; }};\n'
        # With a root of its own it asks nobody outside, and still follows aliases from one zone into another.
        space.write(f"{name}/root.zone", f"""$ORIGIN .
$TTL 1
@ SOA localhost. root.localhost. 1 3600 600 86400 1
@ NS localhost.
localhost. A 127.0.0.1
{root}""")
        rules += f'zone "." {{ type primary; file "{self.folder}/root.zone"; }};\n'
        listen = [f"listen-on port {self.port} {{ {'none' if ':' in address else address}; }};",
                  f"listen-on-v6 port {self.port} {{ {address if ':' in address else 'none'}; }};"]
        self.control, controls = None, ""
        if primary:
            self.control = space.port()
            controls = f'inet 127.0.0.1 port {self.control} allow {{ 127.0.0.1; }} keys {{ "{ALGORITHMS["hmac-sha256"]}"; }};'
        config = space.write(f"{name}/named.conf", "".join(f'include "{file}";\n' for file in self.keys.values()) + f"""
options {{ directory "{self.folder}"; {' '.join(listen)} pid-file none; notify no;
  recursion yes; allow-recursion {{ 127.0.0.0/8; ::1; }}; allow-transfer {{ 127.0.0.0/8; ::1; }};
  dnssec-validation no; session-keyfile "{self.folder}/session.key"; }};
controls {{ {controls} }};
{rules}""")
        self.run(["named", "-g", "-c", config, "-n", "1"])

    def refresh(self):
        """A copy asks its primary now."""
        for zone in self.zones:
            subprocess.run(["rndc", "-s", "127.0.0.1", "-p", str(self.control), "-k", self.key_file, "refresh", zone], check=True,
                           timeout=20, capture_output=True)

    def add(self, name, kind, value):
        zone = next(zone for zone in sorted(self.zones, key=len, reverse=True) if f".{name}".endswith(f".{zone}"))
        script = self.space.write(f"{self.name}/local", f"server {self.address} {self.port}\nzone {zone}\n"
                                                        f"update add {name}. 1 {kind} {value}\nsend\n")
        subprocess.run(["nsupdate", "-k", self.key_file, script], check=True, timeout=20)


class Knot(DnsServer):
    """Knot with updatable `zones`, and a key file of its own kind for each algorithm. It answers for its zones and for nothing
    else, so whoever looks for them needs a resolver that knows the way."""

    def __init__(self, space, zones, address="127.0.0.1", port=None, name="knot"):
        super().__init__(space, name, address, port)
        entries = {algorithm: f"  - id: {key}\n    algorithm: {algorithm}\n    secret: {SECRET}\n"
                   for algorithm, key in ALGORITHMS.items()}
        self.keys = {algorithm: space.write(f"{name}/{algorithm}.key", "key:\n" + entry) for algorithm, entry in entries.items()}
        for zone in zones:
            space.write(f"{name}/{zone}.zone", zone_text(zone, address))
        config = space.write(f"{name}/knot.conf", f"""server:
    rundir: {self.folder}
    listen: {address}@{self.port}
log:
  - target: stderr
    any: info
database:
    storage: {self.folder}
key:
{''.join(entries.values())}acl:
  - id: updates
    action: update
    key: [{', '.join(ALGORITHMS.values())}]
    update-type: [TXT]
template:
  - id: default
    storage: {self.folder}
    file: "%s.zone"
    acl: updates
zone:
{''.join(f'  - domain: {zone}{chr(10)}' for zone in zones)}""")
        self.run(["knotd", "-c", config])
