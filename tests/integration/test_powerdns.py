"""dns-01 through the API of a real PowerDNS. Everything is in a network of its own."""
from harness import ca, namespace, suite
from harness.names import Bind
from harness.powerdns import PowerDns

RESOLVER = "127.0.0.53"
RECORD = "_acme-challenge.one.test"


class Api(suite.Stand):
    def setUp(self):
        super().setUp()
        self.server = PowerDns(self.space, ["one.test", "deep.one.test"], port=53)
        root = "".join(f"{zone}. NS ns.{zone}.\nns.{zone}. A 127.0.0.1\n" for zone in ("one.test", "deep.one.test"))
        self.make_ca(env=ca.HOSTILE, dns=Bind(self.space, [], RESOLVER, 53, "resolver", root=root))

    def daemon_with(self, certificates, **challenge):
        dns = {"type": "dns-01", "provider": "powerdns", "url": self.server.url, "secret_file": self.server.secret_file, **challenge}
        return self.make_daemon(certificates, challenges={"dns": dns}, defaults={"issuers": ["pebble"], "challenge": "dns"})

    def test_what_others_have_there_stays(self):
        self.server.put("one.test", RECORD, "TXT", 5, '"a proof of \\"another\\" client; \\\\ and \\195\\188"', '"second" "of two parts"')
        self.server.put("one.test", "one.test", "TXT", 300, '"v=spf1 -all"')
        before = self.server.sets("one.test"), self.server.sets("deep.one.test")
        daemon = self.daemon_with([{"names": ["one.test", "*.one.test"], "name": "wild"},
                                   {"names": ["deep.one.test", "*.deep.one.test"], "name": "deep"}]).start()
        self.assertEqual(daemon.wait_live("wild", timeout=60).names, ["*.one.test", "one.test"])
        self.assertEqual(daemon.wait_live("deep", timeout=60).names, ["*.deep.one.test", "deep.one.test"])
        daemon.stop()
        self.assertEqual((self.server.sets("one.test"), self.server.sets("deep.one.test")), before)
        self.assertEqual((self.ca.orders(), self.ca.issued()), (2, 2))

    def test_a_wrong_key_is_explained(self):
        wrong = self.space.write("wrong.key", "a-wrong-key-for-testing\n", mode=0o600)
        daemon = self.daemon_with([{"names": ["*.one.test"], "name": "wild"}], secret_file=wrong).start()
        daemon.await_("the failure is told", lambda: "cert.order_failed" in daemon.log(), 30)
        explained = daemon.cli("explain", "wild").out
        self.assertIn("wrong.key", explained)
        self.assertIn("PowerDNS", explained)
        self.assertNotIn("a-wrong-key", explained + daemon.log())


if __name__ == "__main__":
    namespace.enter(addresses=[f"{RESOLVER}/8"])
    suite.main()
