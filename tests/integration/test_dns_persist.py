"""dns-persist-01: a record that a person publishes, as the daemon says, and that is looked at."""
import os
import re
import subprocess

from harness import ca, suite
from harness.names import Bind

WILD = {"names": ["one.test", "*.one.test", "two.test"], "name": "wild"}


@suite.needs_pebble(2, 10)
class StandingRecords(suite.Stand):
    def setUp(self):
        super().setUp()
        self.bind = Bind(self.space, ["one.test", "two.test"])

    def daemon_with(self, certificates, **challenge):
        how = {"type": "dns-persist-01", "resolvers": [f"127.0.0.1:{self.bind.port}"], **challenge}
        return self.make_daemon(certificates, challenges={"standing": how},
                                defaults={"issuers": ["pebble"], "challenge": "standing"})

    def publish(self, line, verb="add"):
        """What people would paste into the zone, as it was printed."""
        name, ttl, kind, value = re.fullmatch(r"(\S+)\. (\d+) IN (TXT) (.*)", line).groups()
        zone = ".".join(name.split(".")[-2:])
        path = os.path.join(self.bind.folder, "pasted")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"server 127.0.0.1 {self.bind.port}\nzone {zone}\nupdate {verb} {name}. {ttl} {kind} {value}\nsend\n")
        subprocess.run(["nsupdate", "-k", self.bind.key_file, path], check=True, timeout=20)

    @staticmethod
    def lines_of(printed):
        return [line for line in printed.split("\n") if line and not line.startswith(";")]

    def test_said_published_and_proven(self):
        # BIND answers on a port of its own, so authoritative servers cannot be reached: the resolver is asked.
        self.make_ca(env=ca.HOSTILE, dns=self.bind)
        daemon = self.daemon_with([WILD]).start()
        daemon.await_("the failure is told", lambda: "cert.order_failed" in daemon.log(), 60)
        explained = daemon.cli("explain", "wild").out
        self.assertIn("is missing", explained.replace("\n", " "))
        self.assertIn("evercert dns-record wild", " ".join(explained.split()))

        printed = daemon.cli("dns-record", "wild")
        self.assert_exit(printed, 0)
        self.assertRegex(printed.out, r"; one\.test and \*\.one\.test at pebble: MISSING: ")
        lines = self.lines_of(printed.out)
        self.assertEqual(len(lines), 2, printed.out)
        self.assertTrue(lines[0].endswith('; policy=wildcard"'), lines)
        self.assertNotIn("policy", lines[1])
        for line in lines:
            self.publish(line)

        daemon.insist("wild")
        self.assertEqual(daemon.wait_live("wild").names, sorted(WILD["names"]))
        shown = daemon.cli("dns-record", "wild", "--json").json()["dns_records"]
        self.assertEqual([(one["name"], one["state"], one["until"]) for one in shown],
                         [("one.test", "good", None), ("two.test", "good", None)])
        self.assertEqual(len(self.bind.texts("_validation-persist.two.test")) > 0, True, "the record stands")

    def test_a_record_that_does_not_fit_is_explained(self):
        self.make_ca(dns=self.bind)
        daemon = self.daemon_with([{"names": ["*.one.test"], "name": "wild"}, {"names": ["two.test"]}]).start()
        daemon.await_("the account is there", lambda: self.lines_of(daemon.cli("dns-record", "wild").out), 60)
        right = self.lines_of(daemon.cli("dns-record", "wild").out)[0]

        other = re.sub(r"accounturi=([^;\"]*)", r"accounturi=\1x", right)
        self.publish(other)
        self.assertIn("which is for another account", daemon.cli("dns-record", "wild").out)
        self.assertNotEqual(daemon.cli("renew", "wild", "--now", timeout=120).code, 0)
        self.assertIn("which is for another account", " ".join(daemon.cli("explain", "wild").out.split()))

        self.publish(right.replace("; policy=wildcard", ""))
        self.assertIn("does not allow wildcards: add policy=wildcard", daemon.cli("dns-record", "wild").out)

        ended = right.removesuffix('"') + '; persistUntil=1000000000"'
        self.publish(ended)
        self.assertIn("which ended at 2001-09-09T01:46:40Z", daemon.cli("dns-record", "wild").out)

        # Beside all those, one that fits is enough; Pebble, too, takes the first that does.
        self.publish(right.removesuffix('"') + '; persistUntil=4000000000"')
        self.assertIn("it is there, until 2096-10-02", daemon.cli("dns-record", "wild").out)

    def test_a_record_that_goes_missing_is_noticed(self):
        self.make_ca(dns=self.bind)
        daemon = self.daemon_with([{"names": ["one.test"], "name": "one"}]).start()
        daemon.await_("the watch has looked", lambda: "dns.standing_record_missing" in daemon.log(), 60)
        line = self.lines_of(daemon.cli("dns-record", "one").out)[0]
        self.publish(line)
        daemon.insist("one")
        self.publish(line, verb="delete")
        daemon.restart()
        # The certificate is well, and what its next renewal will need is not there.
        explained = daemon.await_("the watch has looked", lambda: next(
            (text for text in [" ".join(daemon.cli("explain", "one").out.split())] if "standing DNS records" in text), None), 60)
        self.assertIn("one has a good certificate", explained)
        self.assertIn("evercert dns-record one", explained)

    def test_where_there_is_nothing_to_publish(self):
        self.make_ca()
        daemon = self.make_daemon([{"names": ["one.test"], "name": "one"}]).start()
        self.assertIn("; nothing is to be published for one", daemon.cli("dns-record", "one").out)
        self.assert_exit(daemon.cli("dns-record", "nobody"), 1)


if __name__ == "__main__":
    suite.main()
