"""A CA that restarts and has forgotten everything: accounts, orders, its own roots."""
from harness import ca, suite
from harness.workspace import wait_until


class CaRestart(suite.Stand):
    def test_account_gone_between_orders(self):
        self.make_ca()
        self.make_daemon([{"names": ["one.test"]}]).start()
        first = self.daemon.wait_live("one.test")
        self.daemon.wait_state("one.test", "waiting")
        self.ca.restart()
        second = self.daemon.insist("one.test", other_than=first)
        self.assertEqual(self.ca.status(second.serial), "Valid")

    def test_account_gone_while_the_daemon_was_down(self):
        self.make_ca()
        self.make_daemon([{"names": ["one.test"]}]).start()
        first = self.daemon.wait_live("one.test")
        self.daemon.wait_state("one.test", "waiting")
        self.daemon.stop()
        self.ca.restart()
        self.daemon.start()
        self.daemon.insist("one.test", other_than=first)

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
