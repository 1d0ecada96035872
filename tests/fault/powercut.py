#!/usr/bin/env python3
"""Power cuts: a file system in a loop image, the image copied while mounted.   usage: powercut.py [MOMENTS] [SEED]
Needs root. For each file system: a cut right after a first issuance and right after a renewal were reported done must
keep the new pair; a cut at MOMENTS random moments in between must leave the old or the new, and a daemon that converges.
"""
import os
import random
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))
from harness.ca import Pebble  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.invariants import Pairs  # noqa: E402
from harness.workspace import Workspace  # noqa: E402

SYSTEMS = {  # name: (mkfs, mount options)
    "ext4": (["mkfs.ext4", "-q", "-F"], "loop"),
    "ext4 noauto_da_alloc": (["mkfs.ext4", "-q", "-F"], "loop,noauto_da_alloc"),
    "xfs": (["mkfs.xfs", "-q", "-f"], "loop,nouuid"),
}
NAME = "one.test"


def shell(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(argv)}: {done.stderr}")


class Disk:
    """A mounted image, and what would be left of it if the power went now."""

    def __init__(self, space, system, name):
        self.space, (make, self.options) = space, SYSTEMS[system]
        self.image, self.place, self.after = space.path(f"{name}.img"), space.path(name), space.path(f"{name}-after")
        with open(self.image, "wb") as file:
            file.truncate(320 << 20)
        shell(*make, self.image)
        os.makedirs(self.place)
        os.makedirs(self.after)
        shell("mount", "-o", self.options, self.image, self.place)
        space.closers.append(self.close)

    def close(self):
        for place in (self.after, self.place):
            if os.path.ismount(place):
                shell("umount", place)

    def cut(self):
        """Copies what has reached the disk, and mounts the copy: its journal is replayed as after a power cut."""
        copy = f"{self.image}.cut"
        shell("cp", "--sparse=always", self.image, copy)
        shell("mount", "-o", self.options, copy, self.after)
        return self.after

    def uncut(self):
        shell("umount", self.after)
        os.unlink(f"{self.image}.cut")


def check_system(system, moments, chance, say):
    problems = []
    with Workspace("powercut") as space:
        ca = Pebble(space, retry_after=0)
        disk = Disk(space, system, "disk")

        def make(place, name):
            return Daemon(space, {"pebble": ca.issuer()}, [{"names": [NAME]}], ca.http_port, data_dir=f"{place}/data", name=name)

        def pair_after_cut(expected, when):
            place = disk.cut()
            after = make(place, f"after{chance.randrange(10**9)}")
            pairs = Pairs(after.data_dir, space)
            good = pairs.look()
            problems.extend(f"{system}, {when}: {line}" for line in pairs.broken)
            if expected is not None and (not good or after.leaf(NAME) not in expected):
                problems.append(f"{system}, {when}: {after.leaf(NAME)} is live instead of one of {expected}")
            return after

        daemon = make(disk.place, "before").start()
        first = daemon.wait_live(NAME)
        daemon.wait_state(NAME, "waiting")
        pair_after_cut([first], "after the first issuance")
        disk.uncut()
        answer = daemon.cli("renew", NAME, "--now")
        second = daemon.leaf(NAME)
        if answer.code or second == first:
            problems.append(f"{system}: the renewal failed: {answer}")
        pair_after_cut([second], "after a renewal")
        disk.uncut()
        for moment in range(moments):
            before = daemon.leaf(NAME)
            daemon.ask("POST", f"/v1/certificates/{NAME}/renew", '{"now":true}')
            time.sleep(chance.uniform(0.0, 0.4))
            daemon.process.signal(signal.SIGSTOP)
            after = pair_after_cut(None, f"moment {moment}")
            if after.leaf(NAME) is None:
                problems.append(f"{system}, moment {moment}: neither the old pair nor a new one is there")
            # What the cut left must be enough to go on from; its own daemon waits meanwhile, as the port is shared.
            daemon.process.kill()
            after.start()
            after.wait_state(NAME, "waiting")
            after.stop()
            disk.uncut()
            daemon.start()
            daemon.wait_state(NAME, "waiting")
            if daemon.leaf(NAME) is None or before is None:
                problems.append(f"{system}, moment {moment}: nothing is live")
        daemon.stop()
    say(f"power cut on {system}: after success and at {moments} moments: {len(problems)} problems")
    return problems


def run(moments, seed, say=print):
    chance = random.Random(seed)
    return [line for system in SYSTEMS for line in check_system(system, moments, chance, say)]


def able():
    """Whether loop mounts can be made here."""
    return os.getuid() == 0 and os.path.exists("/dev/loop-control") and shutil.which("mkfs.xfs") is not None


def main():
    if not able():
        sys.exit("powercut.py needs root, loop devices and xfsprogs")
    problems = run(int(sys.argv[1]) if len(sys.argv) > 1 else 10, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    for line in problems:
        print(f"PROBLEM {line}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
