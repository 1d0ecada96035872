"""A CA that restarts and has forgotten everything: accounts, orders, its own roots."""
from harness import ca, suite
from harness.workspace import wait_until


class CaRestart(suite.Stand):
    def test_account_gone_between_orders(self):
        """The account is made anew in the midst of the first renewal, which does not fail; so are others'."""
        self.make_ca()
        names = ["one.test", "two.test", "three.test"]
        self.make_daemon([{"names": [name]} for name in names]).start()
        first = {name: self.daemon.wait_live(name) for name in names}
        for name in names:
            self.daemon.wait_state(name, "waiting")
        self.ca.restart()
        for name in names:
            self.assert_exit(self.daemon.cli("renew", name, "--now", "--no-wait"), 0)
        for name in names:
            wait_until("it is renewed", lambda: self.daemon.leaf(name) != first[name])
            self.assertEqual(self.ca.status(self.daemon.leaf(name).serial), "Valid")
        log = self.daemon.log()
        self.assertNotIn("cert.order_failed", log)
        self.assertNotIn("issuer.paused", log)
        self.assertEqual(log.count("account.forgotten"), 1)

    def test_account_gone_while_the_daemon_was_down(self):
        self.make_ca()
        self.make_daemon([{"names": ["one.test"]}]).start()
        first = self.daemon.wait_live("one.test")
        self.daemon.wait_state("one.test", "waiting")
        self.daemon.stop()
        self.ca.restart()
        self.daemon.start()
        self.daemon.insist("one.test", other_than=first, tries=1)

    def test_a_forgotten_certificate_is_not_revoked_but_can_be_replaced(self):
        self.make_ca()
        self.make_daemon([{"names": ["one.test"]}]).start()
        first = self.daemon.wait_live("one.test")
        self.daemon.wait_state("one.test", "waiting")
        self.ca.restart()
        answer = self.daemon.cli("revoke", "one.test")
        self.assert_exit(answer, 1)
        self.assertIn("does not know this certificate", answer.err)
        self.daemon.insist("one.test", other_than=first, tries=1)

    def test_state_lost_in_the_middle_of_an_order(self):
        """Killed while a slow validation is under way, so that the order is gone when the CA is back."""
        self.make_ca(env=ca.SLOW)
        self.make_daemon([{"names": ["one.test", "www.one.test"]}]).start()
        wait_until("an order is under way", lambda: self.ca.orders() >= 1)
        self.ca.process.kill()
        self.ca.environment["PEBBLE_VA_NOSLEEP"] = "1"
        self.ca.start()
        leaf = self.daemon.insist("one.test")
        self.assertEqual(self.ca.status(leaf.serial), "Valid")

    def test_state_lost_while_ordering_and_the_daemon_restarted_too(self):
        """The order URL in the job record leads nowhere: a new order follows, not an endless wait."""
        self.make_ca(env=ca.SLOW)
        self.make_daemon([{"names": ["one.test"]}]).start()
        wait_until("an order is under way", lambda: self.ca.orders() >= 1)
        self.daemon.process.kill()
        self.ca.environment["PEBBLE_VA_NOSLEEP"] = "1"
        self.ca.restart()
        self.daemon.start()
        leaf = self.daemon.insist("one.test")
        self.assertEqual(self.ca.status(leaf.serial), "Valid")


if __name__ == "__main__":
    suite.main()
