"""Certificates revoked behind our back: the CRL that the leaf names is read, believed only when it is good, and acted on."""
import itertools
import os
import shutil

from harness import suite, tls
from harness.crl import Authority, CrlServer
from harness.proxy import Front, problem
from harness.servers import Nginx
from harness.workspace import find_faketime, wait_until

NAME = "one.test"
HOUR = 3600


class RevocationWatch(suite.Stand):
    def setUp(self):
        super().setUp()
        self.crls = CrlServer(self.space)
        self.make_ca()
        self.front = Front(self.space, self.ca)
        self.authority = Authority(self.space.path("authority"), self.front, self.crls.url)

    def run_daemon(self, **options):
        issuer = {**self.front.issuer(), "ari": False}  # it would ask Pebble about leaves that are not Pebble's
        self.make_daemon([{"names": [NAME]}], issuers={"pebble": issuer}, **options).start()
        leaf = self.daemon.wait_live(NAME)
        self.assertTrue(self.authority.owns(leaf))
        self.daemon.wait_state(NAME, "waiting")
        return leaf

    def said(self, event):
        return [line for line in self.daemon.log().splitlines() if f"[{event}]" in line]

    def wait_said(self, event, times=1):
        self.daemon.await_(f"{event} is in the log", lambda: self.daemon.alive() and len(self.said(event)) >= times, 30)
        return self.said(event)[-1]

    def explain(self):
        return self.assert_exit(self.daemon.cli("explain", NAME), 0).out

    def test_revoked_is_replaced_and_served(self):
        self.crls.serve(self.authority.crl())
        first = self.run_daemon()
        server = Nginx(self.space, {NAME: self.daemon.live(NAME).rstrip("/")}).start()
        self.daemon.config["deployments"] = {"web": server.deployment()}
        self.daemon.config["defaults"]["deploy"] = ["web"]
        self.daemon.write()
        self.assert_exit(self.daemon.cli("reload"), 0)
        self.wait_said("deploy.verified")
        self.assertEqual(tls.served(server.port, NAME, self.authority.roots()), first)
        self.wait_said("crl.fetched")
        self.assertEqual(self.said("cert.found_revoked"), [])
        self.crls.serve(self.authority.crl([first]))
        away = self.front.rule(lambda asked: problem(500, "serverInternal", "away") if asked.is_order() else None)
        self.daemon.restart()  # what CAs say is asked for after a start
        self.daemon.wait_state(NAME, "failing")
        told = self.explain()
        for word in ("the certificate in use has been revoked", "cert.found_revoked", first.serial):
            self.assertIn(word, told)
        self.front.remove(away)
        self.assert_exit(self.daemon.cli("renew", NAME, "--now"), 0)
        second = self.daemon.wait_live(NAME, other_than=first)
        wait_until("nginx serves the replacement", lambda: tls.served(server.port, NAME, self.authority.roots()) == second)
        self.daemon.wait_state(NAME, "waiting")
        found = self.wait_said("cert.found_revoked")
        for word in (" error ", first.serial, "reason 1", "replaced now"):
            self.assertIn(word, found)
        self.assertNotEqual(second.public_key(), first.public_key())
        told = self.assert_exit(self.daemon.cli("history", NAME), 0).out
        self.assertIn("cert.found_revoked", told)
        self.assertIn(first.serial, told)
        # It is over: the old entry is still listed, and the new leaf is not in it.
        self.daemon.restart()
        self.wait_said("crl.fetched", 3)
        self.daemon.wait_state(NAME, "waiting")
        self.assertEqual(self.daemon.leaf(NAME), second)
        self.assertEqual(len(self.said("cert.found_revoked")), 1)

    def test_out_of_date_but_lists_it(self):
        """A signed entry is a fact, whatever the date of the list."""
        self.crls.serve(self.authority.crl())
        first = self.run_daemon()
        self.crls.serve(self.authority.crl([first], since=-9 * HOUR, until=-HOUR))
        self.daemon.restart()
        self.daemon.wait_live(NAME, other_than=first)

    def test_asks_only_for_what_is_new(self):
        """Half the life of a list later: 304 is enough, and when it lists the leaf that is acted on."""
        clock = self.space.write("clock", "+0")
        preload = {"LD_PRELOAD": find_faketime(), "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1",
                   "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0",
                   "WATCHDOG_USEC": "2000000"}  # whose timer wakes the loop, so that it sees the clock run
        fresh = self.authority.crl(since=-HOUR, until=5 * HOUR)

        def conditional(headers):
            known = headers.get("If-None-Match") == '"one"' and headers.get("If-Modified-Since") == "Sat, 21 Nov 2026 10:00:00 GMT"
            unchanged = {"ETag": '"one"', "Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"}
            return (304, unchanged, b"") if known else (200, unchanged, fresh)
        self.crls.answer = conditional
        first = self.run_daemon(env=preload)
        self.wait_said("crl.fetched")
        self.assertNotIn("if-none-match", self.crls.asked[0])
        self.assertNotIn("if-modified-since", self.crls.asked[0])
        self.space.write("clock", "+4h")
        self.daemon.await_("the list is asked for again", lambda: len(self.crls.asked) > 1, 30)
        self.assertEqual(self.crls.asked[1]["if-none-match"], '"one"')
        self.assertEqual(self.crls.asked[1]["if-modified-since"], "Sat, 21 Nov 2026 10:00:00 GMT")
        self.assertEqual(self.daemon.state(NAME), "waiting")
        self.assertEqual(self.said("crl.unusable"), [])
        self.crls.serve(self.authority.crl([first], until=30 * HOUR))
        self.space.write("clock", "+8h")
        self.daemon.wait_live(NAME, other_than=first)
        self.assertIn(first.serial, self.wait_said("cert.found_revoked"))

    # --- lists that are of no use

    def of_no_use(self, *words):
        """It is said, and nothing is replaced. Returns the leaf."""
        first = self.run_daemon()
        line = self.wait_said("crl.unusable")
        for word in (" warning ", self.crls.url, *words):
            self.assertIn(word, line)
        told = self.explain()
        for word in ("has a good certificate", "watching for a revocation", self.crls.url, *words):
            self.assertIn(word, told)
        self.assert_untouched(first)
        return first

    def assert_untouched(self, leaf):
        self.assertTrue(self.daemon.alive())
        self.assertEqual(self.daemon.state(NAME), "waiting")
        self.assertEqual(self.daemon.leaf(NAME), leaf)
        self.assertEqual(len(self.front.orders()), 1)
        self.assertEqual(self.said("cert.found_revoked"), [])

    def test_unusable_then_good(self):
        self.crls.serve(b"", 503)
        first = self.of_no_use("status 503")
        self.crls.serve(self.authority.crl())
        self.daemon.restart()
        self.wait_said("crl.fetched")
        self.assert_untouched(first)
        self.assertEqual(len(self.said("crl.unusable")), 1)
        self.assertNotIn("trouble", self.explain())

    def test_out_of_date(self):
        self.crls.serve(self.authority.crl(since=-9 * HOUR, until=-HOUR))
        self.of_no_use("out of date since")

    def test_from_the_future(self):
        self.crls.serve(self.authority.crl(since=9 * HOUR, until=20 * HOUR))
        self.of_no_use("in the future", "check the clock")

    def test_signed_by_another_key(self):
        """Somebody on the way, who lists everything there is."""
        stranger = Authority(self.space.path("stranger"))
        self.crls.serve(self.authority.crl())
        first = self.run_daemon()
        self.crls.serve(stranger.crl([first]))
        self.daemon.restart()
        self.assertIn("the signature of the CRL is not the issuer's", self.wait_said("crl.unusable"))
        self.assert_untouched(first)

    def test_of_another_issuer(self):
        self.crls.serve(self.authority.crl())
        first = self.run_daemon()
        for name in ("pem", "key"):  # the root's list speaks for what the root has signed
            shutil.copy(f"{self.authority.folder}/root.{name}", f"{self.authority.folder}/signer.{name}")
        self.crls.serve(self.authority.crl([first]))
        self.daemon.restart()
        self.assertIn("of another issuer", self.wait_said("crl.unusable"))
        self.assert_untouched(first)

    def test_larger_than_is_read(self):
        self.crls.serve(bytes(17 * 1024 * 1024))
        self.of_no_use("cannot be fetched", "16777216")

    def test_without_end(self):
        self.crls.answer = lambda _: (200, {}, itertools.repeat(bytes(65536)))
        self.of_no_use("cannot be fetched", "16777216")

    def test_nobody_there(self):
        self.crls.stop()
        self.of_no_use("cannot be fetched", "refused")

    def test_garbage(self):
        self.crls.serve(os.urandom(4096), Content_Type="application/pkix-crl")
        self.of_no_use("no CRL, or a damaged one")

    def test_cut_short(self):
        self.crls.serve(self.authority.crl()[:-20])
        self.of_no_use("no CRL, or a damaged one")

    def test_nothing_at_all(self):
        self.crls.serve(b"")
        self.of_no_use("no CRL, or a damaged one")

    def test_a_page_for_people(self):
        self.crls.serve(b"<html>welcome</html>", Content_Type="text/html")
        self.of_no_use("a web page and no CRL")

    def test_redirect(self):
        """It would lead a certificate's CA wherever it likes."""
        elsewhere = CrlServer(self.space)
        elsewhere.serve(self.authority.crl())
        self.crls.serve(b"", 302, Location=elsewhere.url)
        self.of_no_use("status 302", "redirects are not followed")
        self.assertEqual(elsewhere.asked, [])

    def test_the_media_type_does_not_matter(self):
        """What is signed by the issuer is its list, whatever the server calls it."""
        self.crls.serve(self.authority.crl(), Content_Type="text/html")
        self.run_daemon()
        self.wait_said("crl.fetched")
        self.assertEqual(self.said("crl.unusable"), [])


if __name__ == "__main__":
    suite.main()
