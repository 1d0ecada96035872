"""`evercert diagnose` and the look before an order: twelve troubles made for real, each named, and how policies act on them."""
import http.server
import os
import threading

from harness import namespace, suite
from harness.workspace import find_faketime
from harness.names import Bind

namespace.enter(addresses=["127.0.0.2/32"])

CHALLENGE = "/.well-known/acme-challenge/"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self):  # noqa: N802  (the library's name)
        self.server.answer(self)

    def log_message(self, *_):
        pass


def not_found(request):
    request.send_error(404)


def redirect(request):
    request.send_response(302)
    request.send_header("Location", f"http://elsewhere.diag.test{request.path}")
    request.end_headers()


def other_account(request):
    """Stateless, as some servers answer: the right token, and the thumbprint of an account that is not ours."""
    request.send_response(200)
    request.end_headers()
    request.wfile.write(f"{request.path.removeprefix(CHALLENGE)}.{'x' * 43}".encode())


class Diagnose(suite.Stand):
    """One network with everything that is wrong in it."""

    def setUp(self):
        super().setUp()
        for address, answer in (("127.0.0.10", not_found), ("127.0.0.11", redirect), ("127.0.0.13", other_account)):
            server = http.server.ThreadingHTTPServer((address, 80), Handler)
            server.answer = answer
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.space.closers += [server.server_close, server.shutdown]
        self.dns = Bind(self.space, {
            "diag.test": """good A 127.0.0.1
noa TXT "nothing else"
stale A 127.0.0.1
stale AAAA ::1
closed A 127.0.0.12
other A 127.0.0.10
elsewhere A 127.0.0.10
redirect A 127.0.0.11
caaother A 127.0.0.1
caaother CAA 0 issue "other-ca.example"
caaaccount A 127.0.0.1
caaaccount CAA 0 issue "pebble.letsencrypt.org; accounturi=https://pebble.letsencrypt.org/acct/another"
wrongkey A 127.0.0.13
_acme-challenge.lost CNAME proofs.nowhere.test.
""",
            "broken.test": None,
            "one.test": "",
            "two.test": "@ NS ns2\nns2 A 127.0.0.2\n",
        }, port=53)
        # It has the zone, and hears of no change.
        Bind(self.space, {"two.test": "@ NS ns2\nns2 A 127.0.0.2\n"}, address="127.0.0.2", port=53, name="lagging",
             fixed=["two.test"])

    def make_stand(self, certificates, **options):
        self.make_ca(dns=self.dns, httpPort=80, tlsPort=443)
        challenges = {"http": {"type": "http-01", "listen": ["127.0.0.1:80"]},
                      "alpn": {"type": "tls-alpn-01", "listen": ["127.0.0.1:443"]},
                      "dns": {"type": "dns-01", "provider": "rfc2136", "server": "127.0.0.1:53", "tsig_key_file": self.dns.key_file}}
        daemon = self.make_daemon(certificates, challenges=challenges,
                                  defaults={"issuers": ["pebble"], "preflight": "off", **options.pop("defaults", {})}, **options)
        return daemon.start()

    def diagnose(self, name):
        answer = self.daemon.cli("diagnose", name, "--json")
        findings = answer.json()["diagnosis"]["findings"]
        if os.environ.get("EVERCERT_SHOW"):
            print(self.daemon.cli("diagnose", name).out)
        self.assertEqual(answer.code, 1 if any(f["weight"] == "trouble" for f in findings) else 0, answer)
        return findings

    def assert_found(self, name, checks, *words):
        """These kinds of trouble and no others, and what an operator is told of them."""
        findings = self.diagnose(name)
        troubles = [f for f in findings if f["weight"] == "trouble"]
        self.assertEqual({f["check"] for f in troubles}, set(checks.split()), f"{name}: {findings}")
        text = " ".join(f"{f['looked_at']} | {f['seen']} | {f['change']}" for f in troubles)
        for word in words:
            self.assertIn(word, text)

    def test_eleven_troubles_and_their_absence(self):
        names = ["good", "noa", "stale", "closed", "other", "redirect", "caaother", "caaaccount", "wrongkey"]
        certificates = [{"names": [f"{name}.diag.test"], "name": name} for name in names]
        certificates += [{"names": ["www.broken.test"], "name": "servfail"},
                         {"names": ["*.lost.diag.test"], "name": "lost", "challenge": "dns"},
                         {"names": ["*.two.test"], "name": "two", "challenge": "dns"},
                         {"names": ["*.one.test", "one.test"], "name": "one", "challenge": "dns"},
                         {"names": ["good.diag.test", "127.0.0.1"], "name": "tls", "challenge": "alpn"}]
        self.make_stand(certificates)
        for well in ("good", "one", "tls"):
            with self.subTest(well):
                self.assertEqual([f for f in self.diagnose(well) if f["weight"] == "trouble"], [])
        for name, checks, *words in (
                ("noa", "address", "noa.diag.test", "A", "AAAA"),
                ("stale", "reach", "::1", "AAAA"),
                ("closed", "reach", "127.0.0.12", "refused"),
                ("other", "reach", "127.0.0.10", "404"),
                ("redirect", "reach", "elsewhere.diag.test", "404"),
                ("caaother", "caa", "other-ca.example", "pebble.letsencrypt.org"),
                ("caaaccount", "caa", "accounturi"),
                ("wrongkey", "reach", "account"),
                ("servfail", "dnssec caa", "SERVFAIL"),
                ("lost", "delegation", "proofs.nowhere.test", "there is no zone nowhere.test", "remove the CNAME"),
                ("two", "record", "ns2.two.test", "127.0.0.2")):
            with self.subTest(name):
                self.assert_found(name, checks, *words)

    def test_a_wrong_clock(self):
        """The twelfth."""
        # Timers go on as they are: only the date is wrong.
        env = {"LD_PRELOAD": find_faketime(), "FAKETIME": "+20m", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.make_stand([{"names": ["good.diag.test"], "name": "good"}], env=env)
        self.assert_found("good", "clock", "20m", "timedatectl")

    def test_what_is_found_hinders_is_told_or_is_not_looked_for(self):
        daemon = self.make_stand([{"names": ["closed.diag.test"], "name": "hindered", "preflight": "enforce"},
                                  {"names": ["other.diag.test"], "name": "told", "preflight": "warn"},
                                  {"names": ["good.diag.test"], "name": "good", "preflight": "enforce"}])
        daemon.wait_live("good")
        daemon.wait_state("hindered", "failing")
        daemon.wait_state("told", "failing")
        self.assertEqual(self.ca.orders(), 2, "nothing was asked for what would fail, by policy")
        explained = daemon.cli("explain", "hindered").out
        self.assertIn("the CA was not asked", explained)
        self.assertIn("evercert diagnose hindered", explained)
        self.assertRegex(daemon.log(), r"\[preflight\.trouble\] told: .* 404 ")


if __name__ == "__main__":
    suite.main()
