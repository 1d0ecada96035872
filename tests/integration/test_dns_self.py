"""evercert's own name server: real delegations in a real BIND, on port 53 of a network of the suite's own."""
import socket
import subprocess
import sys

from harness import ca, namespace, suite
from harness.names import Bind

namespace.enter()

WILD = {"names": ["one.test", "*.one.test"], "name": "wild"}
OURS = "127.0.0.2"
# One name delegated by itself; and a zone, delegated once, that aliases lead into.
BY_NAME = {"one.test": f"own A {OURS}\n_acme-challenge NS own.one.test.\n"}
BY_ALIAS = {"one.test": "_acme-challenge CNAME one.test.acme.test.\n",
            ".": f"acme.test. NS ns.acme.test.\nns.acme.test. A {OURS}\n"}
ZONE = {"nameserver": "ns.acme.test", "zone": "acme.test", "addresses": [OURS]}

# What systemd does for a unit with ListenDatagram= and ListenStream=.
PASS = """
import os, socket, sys
where = (sys.argv[1], 53)
stream = socket.create_server(where)
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(where)
high = [os.dup(s.fileno()) for s in (stream, datagrams)]
high = [os.dup2(fd, 20 + i, inheritable=False) for i, fd in enumerate(high)]
for number, fd in enumerate(high):
    os.dup2(fd, 3 + number)
    os.set_inheritable(3 + number, True)
os.environ.update(LISTEN_FDS="2", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="dns:dns")
os.execv(sys.argv[2], sys.argv[2:])
"""


class Delegated(suite.Stand):
    def stand(self, records, certificates, daemon_options=None, **challenge):
        zones = {zone: records.get(zone, "") for zone in ("one.test", "two.test")}
        self.bind = Bind(self.space, zones, root=records.get(".", ""))
        self.make_ca(env=ca.HOSTILE, dns=self.bind)
        dns = {"type": "dns-01", "provider": "self", "listen": [f"{OURS}:53"], "resolvers": [f"127.0.0.1:{self.bind.port}"],
               **challenge}
        return self.make_daemon(certificates, challenges={"dns": dns}, defaults={"issuers": ["pebble"], "challenge": "dns"},
                                **(daemon_options or {}))

    def dig(self, *question, server=OURS):
        answer = subprocess.run(["dig", "+noall", "+comments", "+answer", "+authority", "+time=2", "+tries=2", f"@{server}",
                                 *question], capture_output=True, text=True, timeout=30, check=False)
        return answer.stdout

    def texts(self, name):
        return [line for line in self.dig(name, "TXT").splitlines() if "\tTXT\t" in line]

    def test_a_name_delegated_by_itself(self):
        daemon = self.stand(BY_NAME, [WILD], nameserver="own.one.test").start()
        self.assertEqual(daemon.wait_live("wild", timeout=120).names, sorted(WILD["names"]))
        daemon.await_("the records are gone", lambda: not self.texts("_acme-challenge.one.test"), 10)
        at_rest = self.dig("_acme-challenge.one.test", "TXT")
        self.assertIn("status: NOERROR", at_rest)
        self.assertRegex(at_rest, r"\tSOA\t")
        for other in ("one.test", "_acme-challenge.two.test", "."):
            self.assertIn("status: REFUSED", self.dig(other, "TXT"), other)
        listeners = daemon.ask("GET", "/v1/status").json()["listeners"]
        self.assertIn(f"{OURS}:53/udp", listeners)
        self.assertIn(f"{OURS}:53/tcp", listeners)
        self.assertNotIn("dns.record_left", daemon.log())

    def test_an_alias_into_a_zone_that_is_delegated(self):
        daemon = self.stand(BY_ALIAS, [WILD], **ZONE).start()
        self.assertEqual(daemon.wait_live("wild", timeout=120).names, sorted(WILD["names"]))
        daemon.await_("the records are gone", lambda: not self.texts("one.test.acme.test"), 10)
        self.assertIn("status: NOERROR", self.dig("one.test.acme.test", "TXT"))
        self.assertRegex(self.dig("acme.test", "NS", "+tcp"), r"\tNS\tns\.acme\.test\.")
        self.assertIn(OURS, self.dig("ns.acme.test", "A", "-p", str(self.bind.port), server="127.0.0.1"))

    @suite.needs_pebble(2, 8)
    def test_a_name_of_its_own_for_the_account(self):
        daemon = self.stand(BY_NAME, [WILD], type="dns-account-01", nameserver="own.one.test").start()
        daemon.wait_live("wild", timeout=120)

    def test_renewals_go_on_after_a_reload_and_a_restart(self):
        daemon = self.stand(BY_NAME, [WILD], nameserver="own.one.test").start()
        first = daemon.wait_live("wild", timeout=120)
        daemon.config["certificates"].append({"names": ["two.test"], "name": "two"})
        daemon.config["challenges"]["dns"]["ttl"] = "2s"  # another server takes over the port
        daemon.hang_up()
        daemon.await_("the new name is known",
                      lambda: "status: NOERROR" in self.dig("_acme-challenge.two.test", "TXT"), 20)
        second = daemon.insist("wild", other_than=first)
        daemon.restart()
        daemon.insist("wild", other_than=second)

    def test_a_delegation_that_is_missing_is_explained(self):
        daemon = self.stand({}, [WILD], **ZONE).start()
        daemon.await_("the failure is told", lambda: "cert.order_failed" in daemon.log(), 60)
        explained = daemon.cli("explain", "wild").out
        self.assertIn("_acme-challenge.one.test. NS ns.acme.test.", explained)
        self.assertIn("_acme-challenge.one.test. CNAME one.test.acme.test.", explained)
        self.assertIn(f"ns.acme.test. A {OURS}", explained)

    def test_sockets_from_systemd(self):
        wrapper = {"wrapper": [sys.executable, "-c", PASS, OURS]}
        daemon = self.stand(BY_NAME, [WILD], wrapper, nameserver="own.one.test", listen=["127.0.0.9:53"]).start()
        daemon.wait_live("wild", timeout=120)
        self.assertNotIn("127.0.0.9:53/udp", daemon.ask("GET", "/v1/status").json()["listeners"])

    def test_a_port_that_is_taken_is_told_and_tried_again(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind((OURS, 53))
            daemon = self.stand(BY_NAME, [WILD], nameserver="own.one.test").start()
            daemon.await_("the trouble is told", lambda: "listener.failed" in daemon.log(), 20)
            self.assertRegex(daemon.log(), r"cannot listen on 127\.0\.0\.2:53: UDP port 53 is taken by python")
        daemon.await_("it is mended", lambda: "listener.open" in daemon.log(), 30)

    def test_the_ca_asks_us_with_nobody_between(self):
        daemon = self.stand({}, [WILD], nameserver="own.one.test", listen=[f"{OURS}:53", "[::1]:53", "127.0.0.1:53"],
                            propagation="off")

        class Ours:
            endpoint = "127.0.0.1:53"

        self.ca = ca.Pebble(self.space, name="second", env=ca.HOSTILE, dns=Ours)
        daemon.config["issuers"] = {"pebble": self.ca.issuer()}
        daemon.start().wait_live("wild", timeout=120)


if __name__ == "__main__":
    suite.main()
