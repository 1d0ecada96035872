"""PowerDNS with its HTTP API, over SQLite."""
import json
import sqlite3
import urllib.request

from .names import DnsServer
from .workspace import answers, read_text, wait_until

SCHEMA = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"


class PowerDns(DnsServer):
    """With its own default caches, since a server in the field has them too."""

    KEY = "a-key-for-testing"

    def __init__(self, space, zones, address="127.0.0.1", port=None, name="powerdns"):
        super().__init__(space, name, address, port)
        self.api = space.port()
        self.secret_file = space.write(f"{name}/api.key", self.KEY + "\n", mode=0o600)
        with sqlite3.connect(f"{self.folder}/zones.sqlite") as database:
            database.executescript(read_text(SCHEMA))
        database.close()
        space.write(f"{name}/pdns.conf", f"""launch=gsqlite3
gsqlite3-database={self.folder}/zones.sqlite
local-address={address}
local-port={self.port}
socket-dir={self.folder}
webserver-address=127.0.0.1
webserver-port={self.api}
api=yes
api-key={self.KEY}
daemon=no
guardian=no
""")
        self.run(["pdns_server", f"--config-dir={self.folder}"])
        wait_until("the API of PowerDNS answers", lambda: self._alive() and answers(self.api))
        for zone in zones:
            self.ask("POST", "", {"name": f"{zone}.", "kind": "Native", "nameservers": [f"ns.{zone}."], "rrsets": [
                {"name": f"{label}{zone}.", "type": "A", "ttl": 60, "records": [{"content": address, "disabled": False}]}
                for label in ("", "ns.", "*.")]})

    @property
    def url(self):
        return f"http://127.0.0.1:{self.api}"

    def ask(self, method, path, body=None):
        request = urllib.request.Request(f"{self.url}/api/v1/servers/localhost/zones{path}", method=method,
                                         data=json.dumps(body).encode() if body else None,
                                         headers={"X-API-Key": self.KEY, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def put(self, zone, name, kind, ttl, *contents):
        """The whole set of a name, as somebody else puts it there."""
        self.ask("PATCH", f"/{zone}.", {"rrsets": [{
            "name": f"{name}.", "type": kind, "ttl": ttl, "changetype": "REPLACE",
            "records": [{"content": content, "disabled": False} for content in contents]}]})

    def sets(self, zone):
        """{(name, type): (ttl, contents)} of all that is in a zone, its SOA apart."""
        return {(each["name"].rstrip("."), each["type"]): (each["ttl"], sorted(one["content"] for one in each["records"]))
                for each in self.ask("GET", f"/{zone}.")["rrsets"] if each["type"] != "SOA"}
