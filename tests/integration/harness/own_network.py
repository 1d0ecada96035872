"""A network of a suite's own: loopback only, with every port free, 53 among them."""
import os
import subprocess
import sys

MARK = "EVERCERT_OWN_NETWORK"


def enter():
    """Starts this program anew in it, unless that has been done; exit 77 (skipped) where this machine forbids it."""
    if os.environ.get(MARK):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=10)
        return
    for way in (["unshare", "--net"], ["unshare", "--net", "--map-root-user"]):
        if subprocess.run([*way, "true"], check=False, timeout=10, stderr=subprocess.DEVNULL).returncode == 0:
            os.environ[MARK] = "1"
            os.execvp(way[0], [*way, sys.executable, "-B", *sys.argv])
    print("NEEDS A NETWORK OF ITS OWN: unshare --net is not allowed here", file=sys.stderr)
    sys.exit(77)
