"""The fault harness in short; the long runs are tests/fault/*.py by hand."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../fault"))
import kill9  # noqa: E402
import powercut  # noqa: E402
import syscalls  # noqa: E402

from harness import suite  # noqa: E402


class Faults(unittest.TestCase):
    def test_kill_at_random_moments(self):
        self.assertEqual(kill9.run(20, seed=1), [])

    def test_faults_at_system_calls(self):
        problems, _, planned = syscalls.run(step=12)
        self.assertEqual(problems, [])
        self.assertGreater(planned, 5)

    @unittest.skipUnless(powercut.able(), "needs root, loop devices and xfsprogs")
    def test_power_cuts(self):
        self.assertEqual(powercut.run(2, seed=1), [])


if __name__ == "__main__":
    suite.main()
