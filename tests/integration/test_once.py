"""--once: does all that is due, then exits; and one daemon per data_dir."""
from harness import suite


class Once(suite.Stand):
    def once(self, timeout=60):
        self.daemon.start(ready=False, arguments=["--once"])
        return self.daemon.process.wait(timeout)

    def test_issues_and_ends(self):
        self.make_ca()
        daemon = self.make_daemon([{"names": ["one.test"]}, {"names": ["two.test"]}])
        self.assertEqual(self.once(), 0, "see the log")
        first = daemon.leaf("one.test")
        self.assertIsNotNone(first, daemon.log())
        self.assertIsNotNone(daemon.leaf("two.test"))
        self.assertEqual(self.once(), 0)  # nothing is due
        self.assertEqual(daemon.leaf("one.test"), first)
        self.assertEqual(self.ca.orders(), 2)

    def test_failure_is_its_exit_code(self):
        self.make_ca()
        self.ca.stop()
        self.make_daemon([{"names": ["one.test"]}])
        self.assertEqual(self.once(), 1)

    def test_a_second_daemon_on_the_same_folder_refuses(self):
        self.make_ca()
        daemon = self.make_daemon([{"names": ["one.test"]}]).start()
        daemon.wait_live("one.test")
        first = daemon.process
        self.assertEqual(self.once(20), 1)
        self.assertIn(daemon.data_dir, daemon.log())
        self.assertTrue(first.running())
        first.kill()  # a lock that dies with its holder
        self.assertEqual(self.once(), 0)


if __name__ == "__main__":
    suite.main()
