"""What the suites have in common."""
import sys
import unittest

from .ca import PEBBLE, PEBBLE_OF_DISTRIBUTION, Pebble, version_of, version_tuple
from .daemon import Daemon
from .workspace import BUILD, Workspace, terminate_like_interrupt, wait_until

__all__ = ["Stand", "main", "needs_pebble", "wait_until"]


class Stand(unittest.TestCase):
    """A test with a workspace; the daemon's log is shown when it fails."""

    def setUp(self):
        self.space = Workspace(self.id().split(".")[-1])
        self.addCleanup(self._close)
        self.ca = self.daemon = None

    def _close(self):
        outcome = self._outcome.result
        failed = any(case is self for case, _ in getattr(outcome, "failures", []) + getattr(outcome, "errors", []))
        if failed and self.daemon and self.daemon.process:
            print(f"--- evercertd's log, its end\n{self.daemon.log()[-6000:]}\n---", file=sys.stderr)
        self.space.close()

    def start_over(self):
        """As if the test had just begun."""
        self.daemon.stop()
        self.space.close()
        self.space = Workspace(self.id().split(".")[-1])

    def make_ca(self, **options):
        self.ca = Pebble(self.space, **options)
        return self.ca

    def make_daemon(self, certificates, ca=None, **options):
        ca = ca or self.ca
        options.setdefault("issuers", {"pebble": ca.issuer()})
        options.setdefault("http_port", ca.http_port)
        self.daemon = Daemon(self.space, certificates=certificates, **options)
        return self.daemon

    def assert_exit(self, answer, code):
        self.assertEqual(answer.code, code, answer)
        return answer

    def assert_never(self, what, check, seconds):
        """`check` stays false for that long. For what must not happen there is no event to wait for."""
        try:
            wait_until(what, check, seconds, 0.05)
        except AssertionError:
            return
        self.fail(f"this happened, and must not: {what}")


def needs_pebble(major, minor):
    """For tests of what only a newer Pebble has: without it they are skipped by name, and the suite says so."""
    have = version_tuple()
    return unittest.skipIf(have < (major, minor), f"NEEDS PEBBLE {major}.{minor}; this run has {version_of()}")


def main():
    """Exit 77 (skipped, for ctest) when nothing ran because everything was skipped."""
    print(f"pebble {version_of(PEBBLE)}, the distribution's {version_of(PEBBLE_OF_DISTRIBUTION)}; programs in {BUILD}")
    terminate_like_interrupt()
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.testsRun and result.testsRun == len(result.skipped) else 0)
