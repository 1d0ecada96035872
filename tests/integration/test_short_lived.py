"""Certificates that live for 30 seconds, kept alive: nginx never serves one that is not valid at that moment.

A minute and a quarter by default; EVERCERT_SHORT_LIVED_SECONDS says for how long instead.
"""
import os
import threading
import time

from harness import ca, suite, tls
from harness.servers import Nginx
from harness.workspace import wait_until

LIFETIME = 30
SECONDS = int(os.environ.get("EVERCERT_SHORT_LIVED_SECONDS", "75"))


class Visitor:
    """A client that connects all the time, verifies as a browser does, and keeps count."""

    def __init__(self, port, name, roots):
        self.port, self.name, self.roots = port, name, roots
        self.handshakes, self.gaps, self.leaves, self.least_left = 0, [], {}, float("inf")
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._loop, daemon=True)
        self.thread.start()

    def _loop(self):
        while not self.done.wait(0.1):
            self._look()

    def _look(self):
        before = time.time()
        try:
            leaf = tls.handshake(self.port, self.name, self.roots)
        except (OSError, AssertionError) as problem:
            self.gaps.append(f"{before:.3f}: {problem}")
            return
        self.handshakes += 1
        self.leaves.setdefault(leaf.serial, leaf)
        self.least_left = min(self.least_left, leaf.not_after - before)
        if not leaf.not_before <= before < leaf.not_after:
            self.gaps.append(f"{before:.3f}: {leaf} is valid from {leaf.not_before} to {leaf.not_after}")

    def end(self):
        self.done.set()
        self.thread.join()
        return self

    def __str__(self):
        return (f"{self.handshakes} handshakes, {len(self.gaps)} gaps, {len(self.leaves)} certificates seen, "
                f"at least {self.least_left:.1f} s left")


class ShortLived(suite.Stand):
    @suite.needs_pebble(2, 7)
    def test_no_gap(self):
        # Hostile but for the naps: a single validation could sleep away a sixth of the lifetime.
        self.make_ca(validity=LIFETIME, env={**ca.HOSTILE, "PEBBLE_VA_NOSLEEP": "1"}, retry_after=1)
        daemon = self.make_daemon([{"names": ["one.test"]}]).start()
        first = daemon.wait_live("one.test")
        self.assertLessEqual(first.lifetime, LIFETIME + 1)
        server = Nginx(self.space, {"one.test": daemon.live("one.test").rstrip("/")}).start()
        daemon.config["deployments"] = {"web": server.deployment()}
        daemon.config["defaults"]["deploy"] = ["web"]
        daemon.write()
        self.assert_exit(daemon.cli("reload"), 0)
        wait_until("it is deployed", lambda: " is live and served" in daemon.log())
        visitor = Visitor(server.port, "one.test", self.ca.roots())
        began = time.monotonic()
        try:
            # There is nothing to wait for but the end: what must happen all the time is looked at by the visitor.
            while time.monotonic() - began < SECONDS and not visitor.gaps:
                daemon.alive()
                server.alive()
                time.sleep(0.2)
        finally:
            visitor.end()
            print(f"{time.monotonic() - began:.0f} s: {visitor}; {self.ca.issued()} issued, {self.ca.orders()} orders, "
                  f"{server.reloads()} reloads of nginx", flush=True)
        self.assertEqual(visitor.gaps, [])
        self.assertGreater(visitor.handshakes, SECONDS)
        # Each is used for at most three quarters of its life, and none is thrown away young.
        self.assertGreaterEqual(len(visitor.leaves), SECONDS // LIFETIME)
        self.assertLessEqual(self.ca.issued(), 3 * (SECONDS // LIFETIME + 2))


if __name__ == "__main__":
    suite.main()
