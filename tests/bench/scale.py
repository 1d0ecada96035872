"""What scale.sh measures: evercertd with many certificates that are all at rest."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))
from harness.daemon import Daemon  # noqa: E402
from harness.tls import MiniRoot  # noqa: E402
from harness.workspace import BUILD, Workspace, wait_until  # noqa: E402
from process import cpu, memory  # noqa: E402
from quiet_ca import QuietCa  # noqa: E402

MINUTE = 60
# What 100,000 certificates may cost.
LIMITS = {"ready": 3.0, "RSS after a minute": 96.0, "idle CPU": 0.5}


class Crowd(Daemon):
    """Its configuration is written as operators write it: a line for each certificate."""

    def __init__(self, space, ca, root, count, ari):
        issuer = {"directory": f"{ca.url}/dir", "trust": root.certificate, "ari": ari}
        super().__init__(space, {"bench": issuer}, [], space.port(), name="crowd", data_dir=space.path("data"),
                         log={"level": "info", "format": "text"})
        self.count = count
        self.config.pop("certificates")

    def write(self):
        super().write()
        with open(self.file, encoding="utf-8") as file:
            head = file.read().rstrip().removesuffix("}").rstrip()
        names = ",\n".join(f'  {{ "names": [n{n:06}.bench.example.com] }}' for n in range(1, self.count + 1))
        self.space.write(f"{self.name}.yaml", f'{head},\n "certificates": [\n{names}\n ]\n}}\n')


def populate(space, ca, count, base):
    started = time.monotonic()
    crls = space.make_folder("crls")
    subprocess.run([os.path.join(BUILD, "tests/populate"), space.path("data"), "1", str(count), str(base),
                    ca.crl_prefix, crls], check=True, timeout=60 + count / 100)
    return time.monotonic() - started


def milliseconds(action):
    started = time.monotonic()
    answer = action()
    if answer.code:
        raise AssertionError(f"{answer}")
    return 1000 * (time.monotonic() - started), answer


def settle(pid):
    """Waits until what is read after the start has been read, that is until a second costs next to nothing; returns
    what it had cost before."""
    seen = [cpu(pid)]

    def idle():
        seen.append(cpu(pid))
        return len(seen) > 2 and seen[-1] - seen[-2] <= 0.03
    wait_until("evercertd is idle", idle, 300, 1.0)
    return seen[-2]


def crl_parts(count):
    """How many CRLs `populate` makes."""
    return max(1, min(128, count * 128 // 100000))


def measure(space, ca, root, count, ari):
    daemon = Crowd(space, ca, root, count, ari)
    daemon.write()
    found = {}
    ca.lists = 0
    started = time.monotonic()
    daemon.start(ready=False)
    wait_until("READY", lambda: daemon.alive() and daemon.notify.count("READY=1"), 120, 0.002)
    found["ready"] = next(when for when, line in daemon.notify.messages if line == "READY=1") - started
    pid = daemon.process.pid
    found["RSS at ready"] = memory(pid)
    found["CPU until idle"] = settle(pid)
    found["until idle"] = time.monotonic() - started - 1
    # Once after a start all revocation lists are fetched; that is not what it costs to be idle.
    wait_until("nearly all CRLs were fetched", lambda: daemon.alive() and ca.lists >= 0.94 * crl_parts(count), 400, 0.5)
    found["with lists"] = time.monotonic() - started
    found["CPU with lists"] = cpu(pid)
    asked, used, began = ca.asked, cpu(pid), time.monotonic()
    time.sleep(MINUTE)  # what is measured is that nothing happens
    found["idle CPU"] = 100 * (cpu(pid) - used) / (time.monotonic() - began)
    found["asked"] = ca.asked - asked
    found["RSS after a minute"] = memory(pid)
    found["status"], answer = milliseconds(lambda: daemon.cli("status", timeout=120))
    good = answer.out.count("waiting")
    if good != count:
        raise AssertionError(f"{good} of {count} certificates are at rest:\n{answer.out[:2000]}\n{daemon.log()[-2000:]}")
    ready = daemon.notify.count("READY=1")
    found["reload"], _ = milliseconds(lambda: daemon.cli("reload", timeout=120))
    wait_until("reloaded", lambda: daemon.alive() and daemon.notify.count("READY=1") > ready, 60)
    found["RSS after status and reload"] = memory(pid)
    found["peak RSS"] = memory(pid, "VmHWM")
    daemon.stop()
    if os.environ.get("EVERCERT_BENCH_LOG"):
        print(daemon.log()[-5000:])
    daemon.notify.close()
    space.closers.remove(daemon.notify.close)
    os.unlink(daemon.notify.path)
    return found


ROWS = (("ready", "ready (READY=1)", "s", 2), ("until idle", "idle, all records read", "s", 1),
        ("CPU until idle", "CPU until then", "s", 2), ("with lists", "nearly all CRLs fetched", "s", 0),
        ("CPU with lists", "CPU until then", "s", 2),
        ("RSS at ready", "RSS at ready", "MiB", 1),
        ("RSS after a minute", "RSS after a minute of idling", "MiB", 1),
        ("idle CPU", "idle CPU, of one core", "%", 2), ("asked", "ARI requests in that minute", "", 0),
        ("status", "evercert status", "ms", 0),
        ("reload", "evercert reload", "ms", 0), ("RSS after status and reload", "RSS after both", "MiB", 1),
        ("peak RSS", "peak RSS", "MiB", 1))


def show(count, took, columns):
    """Returns what was missed."""
    print(f"{count} certificates at rest (made in {took:.0f} s), {os.cpu_count()} processors:")
    print(f"  {'':<30}{'ari: true':>12}{'ari: false':>12}")
    for key, title, unit, digits in ROWS:
        print(f"  {title:<30}" + "".join(f"{one[key]:>12.{digits}f}" for one in columns) + f" {unit}")
    missed = [f"{key} {one[key]:.2f} > {limit}" for one in columns for key, limit in LIMITS.items() if one[key] > limit]
    for line in missed:
        print(f"  MISSED: {line}")
    sys.stdout.flush()  # removing a million files takes a while
    return missed


def main():
    count = int(sys.argv[1])
    columns = []
    with Workspace("scale") as space:
        base = int(time.time())
        root = MiniRoot(space.path("tls"))
        ca = QuietCa(space, root, base, space.path("crls"))
        took = populate(space, ca, count, base)
        for ari in (True, False):
            columns.append(measure(space, ca, root, count, ari))
        missed = show(count, took, columns)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
