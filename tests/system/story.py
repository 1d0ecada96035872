"""What stories on a booted machine have in common: one machine for all tests of a class, which run in the order of their names."""
import os
import sys
import tempfile
import time
import unittest

import package
import root
from harness.workspace import PEBBLE, terminate_like_interrupt, wait_until
from machine import Machine
from world import CA_PROGRAMS, World


class Story(unittest.TestCase):
    machine = world = folder = packages = None
    world_type = World
    up = False  # whether there is a machine with a running daemon for the rest of the story
    first_with_a_daemon = ""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="evercert-package-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.packages = [package.make(cls.folder.name, revision) for revision in (1, 2)]
        cls.machine = Machine(root.ready(cls.packages[0]), {CA_PROGRAMS: os.path.join(PEBBLE, "usr/bin")})
        cls.addClassCleanup(cls.machine.close)
        for unit in root.SERVERS:  # started when they have something to serve
            os.unlink(f"{cls.machine.tree}/etc/systemd/system/multi-user.target.wants/{unit}.service")
        cls.machine.boot()
        cls.world = cls.world_type(cls.machine)
        cls.world.make_ca()

    def setUp(self):
        if not self.up and self._testMethodName > self.first_with_a_daemon:
            self.fail("there is no running daemon: an earlier test failed")
        self.since = self.machine.run("date", "+%Y-%m-%d %H:%M:%S").out.strip()

    def tearDown(self):
        outcome = self._outcome.result
        if any(case is self for case, _ in outcome.failures + outcome.errors):
            print(f"--- the journal since {self.since}, its end\n{self.since_begin()[-6000:]}---", file=sys.stderr)

    def since_begin(self):
        return self.machine.run("journalctl --no-pager --since='%s' | grep -vE ' (pebble|named)\\['" % self.since, check=False).out

    def pid(self):
        return int(self.machine.show("evercertd", "MainPID"))

    def install(self, deb):
        with open(deb, "rb") as source, open(f"{self.machine.tree}/var/tmp/evercert.deb", "wb") as target:
            target.write(source.read())
        self.machine.run("apt-get install -y /var/tmp/evercert.deb", timeout=120)

    def restart(self):
        self.machine.run("systemctl restart evercertd", timeout=60)

    def logged(self, text, timeout=30):
        wait_until(f"the log says: {text}", lambda: text in self.machine.journal("evercertd", f"--since={self.since}"), timeout, 0.2)


class Result(unittest.TextTestResult):
    def passed(self):
        return self.testsRun - len({case for case, _ in self.failures + self.errors})


def main():
    began = time.monotonic()
    terminate_like_interrupt()
    program = unittest.main(exit=False, verbosity=2, testRunner=unittest.TextTestRunner(
        stream=sys.stdout, verbosity=2, resultclass=Result))
    result = program.result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.passed()} passed, {failed} failed in {time.monotonic() - began:.0f} s")
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)
