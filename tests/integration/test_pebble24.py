"""The same main job against the distribution's Pebble (2.4.0 on Debian 12): no profiles, older shapes of answers."""
from harness import ca, suite


class Pebble24(suite.Stand):
    def setUp(self):
        super().setUp()
        self.ca = ca.distribution(self.space, env=ca.HOSTILE)

    def test_issue_renew_revoke(self):
        daemon = self.make_daemon([{"names": ["one.test", "www.one.test"]}, {"names": ["two.test"]}]).start()
        first = daemon.wait_live("one.test", timeout=90)
        daemon.wait_live("two.test", timeout=90)
        self.assertEqual(first.names, ["one.test", "www.one.test"])
        daemon.wait_state("one.test", "waiting")
        self.assert_exit(daemon.cli("renew", "one.test", "--now"), 0)
        second = daemon.wait_live("one.test", other_than=first)
        daemon.wait_state("one.test", "waiting")
        self.assert_exit(daemon.cli("revoke", "one.test"), 0)
        self.assertEqual(self.ca.status(second.serial), "Revoked")
        self.assertEqual(self.ca.status(first.serial), "Valid")


if __name__ == "__main__":
    suite.main()
