"""SIGHUP and `evercert reload`: what changed is acted on, what did not is not disturbed, a bad file changes nothing."""
import os

from harness import ca, suite
from harness.workspace import wait_until


class Reload(suite.Stand):
    def setUp(self):
        super().setUp()
        self.make_ca()
        self.make_daemon([{"names": ["one.test"]}, {"names": ["two.test"]}]).start()
        self.one = self.daemon.wait_live("one.test")
        self.two = self.daemon.wait_live("two.test")
        for name in ("one.test", "two.test"):
            self.daemon.wait_state(name, "waiting")
        self.certificates = self.daemon.config["certificates"]

    def test_a_name_added_is_ordered(self):
        self.certificates[0]["names"].append("www.one.test")
        self.daemon.hang_up()
        leaf = self.daemon.wait_live("one.test", other_than=self.one)
        self.assertEqual(leaf.names, ["one.test", "www.one.test"])
        self.assertEqual(self.daemon.leaf("two.test"), self.two)
        self.assertEqual(self.ca.orders(), 3)

    def test_a_new_entry_is_ordered(self):
        self.certificates.append({"names": ["three.test"]})
        self.daemon.write()
        self.assert_exit(self.daemon.cli("reload"), 0)
        self.daemon.wait_live("three.test")

    def test_another_key_type_is_ordered(self):
        self.certificates[0]["keys"] = ["ecdsa-p384"]
        self.daemon.hang_up()
        self.daemon.wait_live("one.test", other_than=self.one)

    def test_an_entry_removed_is_stopped_and_its_files_stay(self):
        del self.certificates[1]
        self.daemon.hang_up()
        wait_until("two.test is gone", lambda: self.daemon.cli("show", "two.test").code == 1)
        self.assertEqual(self.daemon.leaf("two.test"), self.two)
        self.assertEqual(self.daemon.leaf("one.test"), self.one)
        self.assertEqual(self.ca.orders(), 2)

    def test_a_bad_file_keeps_the_running_configuration(self):
        with open(self.daemon.file, "w", encoding="utf-8") as file:
            file.write("email: ops@example.com\ncertificats:\n  - names: [three.test]\n")
        answer = self.assert_exit(self.daemon.cli("reload"), 1)
        self.assertIn("certificats", answer.out + answer.err)
        self.assertIn(f"{self.daemon.file}:2:1", answer.out + answer.err)
        self.assertEqual(self.daemon.state("one.test"), "waiting")
        self.daemon.process.signal(1)
        wait_until("the refusal is logged", lambda: self.daemon.log().count("certificats") >= 2)
        self.assertEqual(self.daemon.state("two.test"), "waiting")

    def test_a_missing_file_keeps_the_running_configuration(self):
        os.unlink(self.daemon.file)
        self.assert_exit(self.daemon.cli("reload"), 1)
        self.assertEqual(self.daemon.state("one.test"), "waiting")

    def test_nothing_changed_disturbs_nothing(self):
        for _ in range(5):
            self.daemon.hang_up()
            self.assert_exit(self.daemon.cli("reload"), 0)
        self.assertEqual(self.daemon.leaf("one.test"), self.one)
        self.assertEqual(self.ca.orders(), 2)


    def test_the_last_of_several_is_what_counts(self):
        listen = self.daemon.config["challenges"]["http"]["listen"]
        for place in ([f"127.0.0.1:{self.space.port()}"], listen, [f"127.0.0.1:{self.space.port()}"], listen):
            self.daemon.config["challenges"]["http"]["listen"] = place
            self.daemon.write()
            self.assert_exit(self.daemon.cli("reload"), 0)
        self.certificates.append({"names": ["three.test"]})
        self.daemon.write()
        self.assert_exit(self.daemon.cli("reload"), 0)
        self.daemon.wait_live("three.test")
        self.assertIn(listen[0], self.daemon.ask("GET", "/v1/status").json()["listeners"])


class ReloadWhileOrdering(suite.Stand):
    def test_an_order_under_way_is_not_disturbed(self):
        self.make_ca(env=ca.SLOW)
        daemon = self.make_daemon([{"names": [f"n{number}.test"]} for number in range(4)]).start()
        wait_until("orders are under way", lambda: self.ca.orders() == 4)
        daemon.config["certificates"].append({"names": ["later.test"]})
        daemon.hang_up()
        for name in ("n0.test", "n1.test", "n2.test", "n3.test", "later.test"):
            daemon.wait_live(name)
        self.assertEqual(self.ca.orders(), 5)


if __name__ == "__main__":
    suite.main()
