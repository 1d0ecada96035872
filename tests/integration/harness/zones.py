"""BIND at port 53 of an address, with zones as the test writes them. Only in a network of its own (namespace.py)."""
import base64

from .workspace import answers, wait_until

SECRET = base64.b64encode(b"a secret of 32 bytes for testing").decode()


class Named:
    """`zones`: name -> the lines of its file after SOA, or None for a zone that cannot be loaded (SERVFAIL). With `root` it
    resolves for others too: what is in no zone of its own does not exist. The zones in `updatable` take TXT records."""

    def __init__(self, space, address, zones, updatable=(), root=True, name="named"):
        self.address = address
        folder = space.make_folder(name)
        self.key_file = space.write(f"{name}/evercert.key", f'key "evercert" {{ algorithm hmac-sha256; secret "{SECRET}"; }};\n')
        config = f"""include "{self.key_file}";
options {{ directory "{folder}"; listen-on port 53 {{ {address}; }}; listen-on-v6 {{ none; }}; pid-file none;
  recursion {"yes" if root else "no"}; allow-recursion {{ any; }}; dnssec-validation no; session-keyfile "{folder}/session.key"; notify no; }};
controls {{ }};
"""
        if root:
            zones = {".": "@ NS localhost.", **zones}
        for number, (zone, lines) in enumerate(zones.items()):
            file = f"{folder}/{number}.zone"
            if lines is not None:
                space.write(f"{name}/{number}.zone", f"$TTL 1\n@ SOA ns hostmaster 1 3600 600 86400 1\n{lines}\n")
            grant = "update-policy { grant evercert zonesub TXT; };" if zone in updatable else ""
            config += f'zone "{zone}" {{ type primary; file "{file}"; {grant} }};\n'
        path = space.write(f"{name}/named.conf", config)
        self.process = space.spawn(name, ["named", "-g", "-c", path, "-n", "1"])
        wait_until(f"BIND answers at {address}", lambda: self._alive() and answers(53, address))

    def _alive(self):
        if not self.process.running():
            raise AssertionError(f"named ended: {self.process.log()[-3000:]}")
        return True
