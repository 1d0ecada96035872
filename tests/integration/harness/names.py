"""Real name servers: every name of the tests' zones is 127.0.0.1."""
import base64
import subprocess

from .workspace import answers, wait_until


class Bind:
    """BIND with `zones` of its own, updatable with the key in `key_file`; everything else does not exist. `more` has
    records for zones in addition, "." among them: where they delegate, BIND asks whom they name, on port 53."""

    SECRET = base64.b64encode(b"a secret of 32 bytes for testing").decode()

    def __init__(self, space, zones, more=None):
        more = more or {}
        self.space, self.port, self.control = space, space.port(), space.port()
        self.folder = space.make_folder("bind")
        self.key_file = space.write("bind/evercert.key",
                                    f'key "evercert" {{ algorithm hmac-sha256; secret "{self.SECRET}"; }};\n')
        rules = ""
        for zone in zones:
            space.write(f"bind/{zone}.zone", f"""$TTL 1
@ SOA ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 1
@ NS ns.{zone}.
@ A 127.0.0.1
* A 127.0.0.1
{more.get(zone, "")}""")
            rules += f"""zone "{zone}" {{ type primary; file "{self.folder}/{zone}.zone"; update-policy {{ grant evercert zonesub TXT CNAME; }}; }};
"""
        # With a root of its own it asks nobody, and still follows aliases from one zone into another.
        space.write("bind/root.zone", "$TTL 1\n@ SOA localhost. root.localhost. 1 3600 600 86400 1\n@ NS localhost.\n"
                    + more.get(".", ""))
        rules += f'zone "." {{ type primary; file "{self.folder}/root.zone"; }};\n'
        config = space.write("bind/named.conf", f"""include "{self.key_file}";
options {{ directory "{self.folder}"; listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none;
  recursion yes; allow-recursion {{ 127.0.0.1; }}; dnssec-validation no; session-keyfile "{self.folder}/session.key"; }};
controls {{ }};
{rules}""")
        self.process = space.spawn("named", ["named", "-g", "-c", config, "-n", "1"])
        wait_until("BIND answers", lambda: self._alive() and answers(self.port))

    def _alive(self):
        if not self.process.running():
            raise AssertionError(f"named ended: {self.process.log()[-3000:]}")
        return True

    def add(self, name, kind, value):
        text = f"server 127.0.0.1 {self.port}\nzone {'.'.join(name.split('.')[-2:])}\nupdate add {name}. 1 {kind} {value}\nsend\n"
        with open(f"{self.folder}/local", "w", encoding="utf-8") as file:
            file.write(text)
        subprocess.run(["nsupdate", "-k", self.key_file, f"{self.folder}/local"], check=True, timeout=20)

    def texts(self, name):
        answer = subprocess.run(["dig", "+short", "-p", str(self.port), "@127.0.0.1", name, "TXT"], check=True, timeout=20,
                                capture_output=True, text=True)
        return answer.stdout.split()
