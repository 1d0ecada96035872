"""dns-01 and dns-account-01: wildcards, hooks, and updates to a real BIND."""
import os

from harness import ca, suite
from harness.names import Bind
from harness.workspace import read_text

WILD = {"names": ["one.test", "*.one.test", "*.two.test"], "name": "wild"}


class Hooks(suite.Stand):
    def daemon_with(self, certificates, **challenge):
        script, self.calls = self.ca.dns.hook(self.space)
        dns = {"type": "dns-01", "provider": "exec", "convention": "lego", "command": [script], "propagation": "off", **challenge}
        return self.make_daemon(certificates, challenges={"dns": dns}, defaults={"issuers": ["pebble"], "challenge": "dns"})

    def test_a_wildcard_and_its_base_name(self):
        self.make_ca(env=ca.HOSTILE)
        daemon = self.daemon_with([WILD]).start()
        self.assertEqual(daemon.wait_live("wild", timeout=120).names, sorted(WILD["names"]))
        daemon.stop()
        calls = read_text(self.calls).split("\n")
        presented = sorted(line.split(" ", 1)[1] for line in calls if line.startswith("present "))
        cleaned = sorted(line.split(" ", 1)[1] for line in calls if line.startswith("cleanup "))
        self.assertEqual(presented, cleaned, "what was put there was taken away")
        self.assertTrue(any(line.startswith("_acme-challenge.one.test. ") for line in presented), presented)

    def test_the_next_challenge_where_the_first_is_not_offered(self):
        # For a wildcard Pebble offers dns-01 and no http-01.
        self.make_ca(env=ca.HOSTILE)
        daemon = self.daemon_with([{"names": ["one.test", "*.one.test"], "name": "wild", "challenge": ["http", "dns"]}])
        daemon.config["challenges"]["http"] = {"type": "http-01", "listen": [f"127.0.0.1:{self.ca.http_port}"]}
        daemon.start().wait_live("wild", timeout=120)
        self.assertRegex(daemon.log(), r"the answer for \*\.one\.test is in place name=\*\.one\.test type=dns-01")
        self.assertRegex(daemon.log(), r"the answer for one\.test is in place name=one\.test type=http-01")

    @suite.needs_pebble(2, 8)
    def test_a_name_of_its_own_for_the_account(self):
        self.make_ca(env=ca.HOSTILE)
        daemon = self.daemon_with([WILD], type="dns-account-01").start()
        daemon.wait_live("wild", timeout=120)
        self.assertRegex(read_text(self.calls), r"present _[a-z2-7]{16}\._acme-challenge\.one\.test\. ")

    def test_a_hook_that_fails_is_explained(self):
        self.make_ca()
        script = self.space.write("bad-hook", "#!/bin/sh\necho the zone is locked >&2\nexit 3\n")
        os.chmod(script, 0o755)
        daemon = self.daemon_with([WILD], command=[script]).start()
        daemon.await_("the failure is told", lambda: "cert.order_failed" in daemon.log(), 60)
        explained = daemon.cli("explain", "wild").out
        self.assertIn("exited with 3", explained)
        self.assertIn("the zone is locked", explained)

    def test_a_provider_that_cannot_be_made_is_explained(self):
        self.make_ca()
        daemon = self.daemon_with([WILD])
        daemon.config["challenges"]["dns"] = {"type": "dns-01", "provider": "cloudflare", "secret_credential": "token"}
        daemon.environment.pop("CREDENTIALS_DIRECTORY", None)
        daemon.start().await_("the failure is told", lambda: "cert.order_failed" in daemon.log(), 60)
        self.assertEqual(daemon.log().count("[challenge.unusable]"), 1)
        self.assertIn("credential", daemon.cli("explain", "wild").out)

    def test_a_record_that_the_ca_does_not_find_is_explained(self):
        self.make_ca()
        daemon = self.daemon_with([WILD], command=["/bin/true"]).start()
        daemon.await_("the failure is told", lambda: "cert.order_failed" in daemon.log(), 60)
        explained = daemon.cli("explain", "wild").out
        self.assertRegex(explained, r"dig _acme-challenge\.(one|two)\.test TXT")
        self.assertNotIn("http://", explained)


class Updates(suite.Stand):
    def setUp(self):
        super().setUp()
        self.bind = Bind(self.space, ["one.test", "two.test"])
        self.make_ca(env=ca.HOSTILE, dns=self.bind)

    def daemon_with(self, certificates, **challenge):
        dns = {"type": "dns-01", "provider": "rfc2136", "server": f"127.0.0.1:{self.bind.port}",
               "tsig_key_file": self.bind.key_file, "resolvers": [f"127.0.0.1:{self.bind.port}"], **challenge}
        return self.make_daemon(certificates, challenges={"dns": dns}, defaults={"issuers": ["pebble"], "challenge": "dns"})

    def test_bind(self):
        daemon = self.daemon_with([WILD]).start()
        self.assertEqual(daemon.wait_live("wild", timeout=120).names, sorted(WILD["names"]))
        daemon.stop()
        self.assertEqual(self.bind.texts("_acme-challenge.one.test"), [], "what was put there was taken away")

    def test_an_alias_leads_into_another_zone(self):
        self.bind.add("_acme-challenge.one.test", "CNAME", "one.proofs.two.test.")
        daemon = self.daemon_with([{"names": ["*.one.test"], "name": "wild"}]).start()
        daemon.wait_live("wild", timeout=120)

    def test_a_wrong_key_is_explained(self):
        wrong = self.space.write("wrong.key", "hmac-sha256:evercert:d3Jvbmc=\n")
        daemon = self.daemon_with([WILD], tsig_key_file=wrong).start()
        daemon.await_("the failure is told", lambda: "cert.order_failed" in daemon.log(), 60)
        self.assertRegex(daemon.cli("explain", "wild").out, "(?i)key")


if __name__ == "__main__":
    suite.main()
