#!/usr/bin/env python3
"""kill -9 at random moments while 20 certificates are issued and renewed.   usage: kill9.py [KILLS] [SEED]

At every moment each live pair fits; at the end all are live and valid; the CA saw at most one extra order per kill.
"""
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))
from harness.ca import Pebble  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.invariants import Pairs  # noqa: E402
from harness.workspace import Workspace, wait_until  # noqa: E402

CERTIFICATES = 20
LIFETIME = 8  # seconds, so that renewals (at half of it) never cease


def valid(daemon, ca, name):
    """The live leaf has not expired and is one that this CA stands by."""
    in_time = subprocess.run(["openssl", "x509", "-noout", "-checkend", "0", "-in", daemon.live(name, "cert.pem")],
                             capture_output=True, check=False).returncode == 0
    return in_time and ca.status(daemon.leaf(name).serial) == "Valid"


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
        # Peace: everything converges by itself. Looked at one by one, as there is always one that is being renewed.
        killed_for = time.monotonic() - started
        daemon.start()
        try:
            for name in names:
                wait_until(f"{name} is live, valid and at rest",
                           lambda n=name: daemon.state(n) == "waiting" and valid(daemon, ca, n), 90)
        except AssertionError as problem:
            return [f"{problem}: {daemon.show(name)}", daemon.log()[-3000:]]
        daemon.stop()
        end_watch()
        pairs.look()
        pairs.collect()
        made, orders = len(pairs.leaves), ca.orders()
        extra = orders - made
        live = len([name for name in names if daemon.leaf(name)])
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
