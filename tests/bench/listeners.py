"""What listeners.sh measures: what a thousand connections that never get to the point cost others and the process."""
import os
import ssl
import subprocess
import sys
import time

from token_server import Prober, TokenServer, descriptors, seconds_until
from harness.ca import CALM, Pebble
from harness.daemon import Daemon
from harness.workspace import Workspace, wait_until
from process import memory
import stallers

CROWD, PROBES = 1000, 1500
# Milliseconds that a validation may take beside the crowd (99 of 100), seconds until all descriptors are back, MiB that stay.
SLOWEST, LATEST, MOST_LEFT = 50, 5, 6


def row(what, *values):
    print(f"  {what:<44}" + "".join(f"{value:>12}" for value in values))


def http(space):
    server = TokenServer(space)
    alone = Prober(server.port, 0.004)
    wait_until("a look at it alone", lambda: len(alone.times) + alone.failed >= 300, 60)
    alone.end()
    time.sleep(0.1)
    before, files = memory(server.pid), descriptors(server.pid)
    crowd = subprocess.Popen([sys.executable, "-B", os.path.join(os.path.dirname(os.path.abspath(__file__)), "stallers.py"),
                              str(server.port), str(CROWD)], stdout=subprocess.PIPE)
    try:
        crowd.stdout.readline()
        prober = Prober(server.port, 0.004)
        held, height = [], 0.0

        def enough():
            nonlocal height
            held.append(descriptors(server.pid) - files)
            height = max(height, memory(server.pid))
            return len(prober.times) + prober.failed >= PROBES
        wait_until("enough was asked", enough, 120)
        prober.end()
    finally:
        crowd.kill()
        crowd.wait()
    back = seconds_until(lambda: descriptors(server.pid) <= files, 30)
    left = memory(server.pid) - before
    print(f"http-01: {CROWD} connections that say half a request line or a header byte by byte, all the time; a token is fetched")
    row("", "alone", "beside them")
    row("asked / failed", f"{len(alone.times)} / {alone.failed}", f"{len(prober.times)} / {prober.failed}")
    for name, share in (("p50, ms", 0.5), ("p99, ms", 0.99), ("slowest, ms", 1.0)):
        row(name, f"{alone.percentile(share):.2f}", f"{prober.percentile(share):.2f}")
    row("", "before", "height", "after")
    row("RSS, MiB", f"{before:.1f}", f"{height:.1f}", f"{before + left:.1f}")
    row("stalled connections held, median", "0", str(sorted(held)[len(held) // 2]), "0" if back is not None else "more")
    row("descriptors are back after, s", "", "", f"{back:.2f}" if back is not None else "never")
    return (not prober.failed and prober.percentile(0.99) < SLOWEST and back is not None and back <= LATEST and left <= MOST_LEFT
            and sorted(held)[len(held) // 2] >= 0.9 * CROWD)


def half_a_hello(name):
    context = ssl.create_default_context()
    context.set_alpn_protocols(["acme-tls/1"])
    out = ssl.MemoryBIO()
    hands = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    try:
        hands.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()[:-1]


def tls_alpn(space):
    ca = Pebble(space, env=CALM, retry_after=0)
    daemon = Daemon(space, {"pebble": ca.issuer()}, [{"names": ["bench.test"]}], ca.http_port,
                    log={"level": "info", "format": "text"},
                    challenges={"alpn": {"type": "tls-alpn-01", "listen": [f"127.0.0.1:{ca.tls_port}"]}})
    daemon.config["defaults"]["challenge"] = "alpn"
    daemon.start().wait_live("bench.test", timeout=60)
    time.sleep(1)  # what follows an issuance is not what is measured
    pid = daemon.process.pid
    before, files = memory(pid), descriptors(pid)
    text = half_a_hello("bench.test")
    print(f"tls-alpn-01: evercertd, {CROWD} ClientHellos at once that lack their last byte; it closes them after 3 s")
    row("", "before", "height", "after", "back in, s")
    good = True
    for turn in ("first", "second", "third"):
        many = stallers.open_many(ca.tls_port, CROWD, text)
        opened = time.monotonic()
        wait_until("all are accepted", lambda: descriptors(pid) >= files + CROWD, 5)
        height = memory(pid)
        back = seconds_until(lambda: descriptors(pid) <= files, 30)
        took = time.monotonic() - opened
        for each in many:
            each.close()
        time.sleep(0.3)
        after = memory(pid)
        row(f"RSS, MiB, {turn} time", f"{before:.1f}", f"{height:.1f}", f"{after:.1f}", f"{took:.2f}")
        good = good and back is not None and took <= LATEST and after <= before + MOST_LEFT
    daemon.stop()
    return good


def main():
    with Workspace("listeners") as space:
        good = http(space)
        good = tls_alpn(space) and good
    print(f"to be: none failed, p99 below {SLOWEST} ms, descriptors back within {LATEST} s, at most {MOST_LEFT} MiB more than before")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
