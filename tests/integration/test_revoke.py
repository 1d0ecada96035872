"""Revocation by the account that ordered, confirmed at the CA, and the replacement that follows."""
from harness import suite


class Revoke(suite.Stand):
    def setUp(self):
        super().setUp()
        self.make_ca()
        self.make_daemon([{"names": ["one.test"]}, {"names": ["two.test"]}]).start()
        self.first = self.daemon.wait_live("one.test")
        self.daemon.wait_live("two.test")
        self.daemon.wait_state("one.test", "waiting")

    def test_revoked_with_its_reason_and_replaced(self):
        self.assert_exit(self.daemon.cli("revoke", "one.test", "--reason", "keyCompromise"), 0)
        revocation = self.ca.revocation(self.first.serial)
        self.assertEqual(revocation["Status"], "Revoked")
        self.assertEqual(int(revocation["Reason"]), 1)
        second = self.daemon.wait_live("one.test", other_than=self.first)
        self.assertEqual(self.ca.status(second.serial), "Valid")
        self.assertEqual(self.ca.status(self.daemon.leaf("two.test").serial), "Valid")

    def test_the_replacement_survives_a_restart_and_is_not_revoked_again(self):
        self.assert_exit(self.daemon.cli("revoke", "one.test"), 0)
        second = self.daemon.wait_live("one.test", other_than=self.first)
        self.daemon.wait_state("one.test", "waiting")
        self.daemon.restart()
        self.daemon.wait_state("one.test", "waiting")
        self.assertEqual(self.daemon.leaf("one.test"), second)
        self.assertEqual(self.ca.orders(), 3)

    def test_mistakes_change_nothing(self):
        self.assertNotEqual(self.daemon.cli("revoke", "nobody.test").code, 0)
        answer = self.daemon.cli("revoke", "one.test", "--reason", "boredom")
        self.assertNotEqual(answer.code, 0, answer)
        self.assertEqual(self.ca.status(self.first.serial), "Valid")
        self.assertEqual(self.daemon.leaf("one.test"), self.first)


if __name__ == "__main__":
    suite.main()
