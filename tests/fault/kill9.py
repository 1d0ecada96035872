#!/usr/bin/env python3
"""kill -9 at random moments while 20 certificates are issued and renewed.   usage: kill9.py [KILLS] [SEED]

At every moment each live pair fits; at the end all are live and valid; the CA saw at most one extra order per kill.
"""
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))
from harness.ca import Pebble  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.invariants import Pairs  # noqa: E402
from harness.workspace import Workspace, wait_until  # noqa: E402

CERTIFICATES = 20
LIFETIME = 20  # seconds, so that renewals (at half of it) never cease


def run(kills, seed, say=print):
    """Problems found, as a list of lines."""
    chance = random.Random(seed)
    names = [f"n{number}.test" for number in range(CERTIFICATES)]
    with Workspace("kill9") as space:
        ca = Pebble(space, retry_after=0, validity=LIFETIME)
        daemon = Daemon(space, {"pebble": ca.issuer()}, [{"names": [name]} for name in names], ca.http_port)
        pairs = Pairs(daemon.data_dir, space)
        end_watch = pairs.watch()
        started = time.monotonic()
        for _ in range(kills):
            daemon.start(ready=False)
            time.sleep(chance.uniform(0.0, 0.9))
            daemon.alive()
            daemon.process.kill()
            space.processes.remove(daemon.process)
        # Peace: an ordinary lifetime, so that what is live stays; everything converges by itself.
        killed_for = time.monotonic() - started
        daemon.start()
        for name in names:
            wait_until(f"{name} is live and not expired", lambda n=name: daemon.leaf(n) and ca.status(daemon.leaf(n).serial), 60)

        def settled():
            found = daemon.cli("status", "--json").json()["certificates"]
            return all(entry["state"] == "waiting" for entry in found)
        wait_until("all are waiting for their next renewal", settled, 60)
        end_watch()
        pairs.look()
        pairs.collect()
        made, orders = len(pairs.leaves), ca.orders()
        extra = orders - made
        live = len([name for name in names if daemon.leaf(name)])
        daemon.stop()
        say(f"kill -9: {kills} kills in {killed_for:.0f} s (seed {seed}); {made} certificates issued, {orders} orders, "
            f"{extra} extra; {live}/{CERTIFICATES} live; {pairs.looks} looks at live pairs, {len(pairs.broken)} bad")
        problems = sorted(set(pairs.broken))
        if live != CERTIFICATES:
            problems.append(f"only {live} of {CERTIFICATES} are live")
        if extra > kills:
            problems.append(f"{extra} orders too many for {kills} kills")
        if made < CERTIFICATES:
            problems.append(f"only {made} certificates were seen")
        return problems


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(10**6)
    problems = run(kills, seed)
    for line in problems:
        print(f"PROBLEM {line}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
