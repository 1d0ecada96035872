#!/usr/bin/env python3
"""A fault at every state-changing system call of one issue-and-deploy run.   usage: syscalls.py [STEP]

First a run is recorded; then, for each recorded call that changes something under data_dir, a run is done in which just
that call meets SIGKILL, ENOSPC or EIO (strace counts per thread, so where a fault landed is read back from its trace, and
a fault that missed is tried again). After each: no live pair is broken, and the next run without faults converges and
deploys. STEP n takes every nth fault only.
"""
import collections
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))
from harness.ca import Pebble  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.invariants import Pairs  # noqa: E402
from harness.workspace import Workspace, read_text  # noqa: E402

CALLS = ["openat", "mkdir", "mkdirat", "write", "pwrite64", "writev", "fsync", "fdatasync", "rename", "renameat", "renameat2",
         "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "rmdir", "ftruncate", "fallocate", "fchmod",
         "fchmodat", "chmod", "fchown", "fchownat", "close"]
# A close changes nothing, but its error must not be taken for success or tried twice.
FAULTS = {"KILL": "signal=SIGKILL", "ENOSPC": "error=ENOSPC", "EIO": "error=EIO"}
WITHOUT_ERROR = {"close": {"KILL", "ENOSPC"}, "unlink": {"ENOSPC"}, "unlinkat": {"ENOSPC"}, "rmdir": {"ENOSPC"},
                 "fchmod": {"ENOSPC"}, "fchmodat": {"ENOSPC"}, "chmod": {"ENOSPC"}, "fchown": {"ENOSPC"}, "fchownat": {"ENOSPC"}}
LINE = re.compile(r"^(\d+) +(\w+)\((.*)$")
NAME, TRIES = "one.test", 6


class Bench:
    def __init__(self, space):
        self.space = space
        self.ca = Pebble(space, retry_after=0)
        self.count = 0

    def fresh(self):
        """A daemon with nothing on disk, whose deployment copies what is live to where a server would read it."""
        self.count += 1
        name = f"run{self.count}"
        data = self.space.path(f"{name}-data")
        served = self.space.path(f"{name}-served.pem")
        hook = {"command": ["/usr/bin/install", "-m", "0600", f"{data}/live/{NAME}/fullchain.pem", served]}
        daemon = Daemon(self.space, {"pebble": self.ca.issuer()}, [{"names": [NAME], "deploy": ["copy"]}], self.ca.http_port,
                        deployments={"copy": hook}, name=name)
        daemon.served = served
        return daemon

    def once(self, daemon, strace=(), env=None):
        trace = self.space.path("trace")
        if os.path.exists(trace):
            os.unlink(trace)
        daemon.wrapper = ["strace", "-f", "-y", "-s", "16", "-o", trace, *strace] if strace else []
        # Under AddressSanitizer: it cannot look for leaks while traced, and does not like to be preceded.
        sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0:verify_asan_link_order=0"
        daemon.start(ready=False, arguments=["--once"], env={"ASAN_OPTIONS": sanitizer, **(env or {})})
        try:
            code = daemon.process.wait(60)
        except Exception:
            daemon.process.kill()
            raise AssertionError(f"a run with {strace} did not end:\n{daemon.log()[-2000:]}") from None
        self.space.processes.remove(daemon.process)
        return code, read_text(trace) if strace else ""

    def forget(self, daemon):
        daemon.notify.close()
        self.space.closers.remove(daemon.notify.close)
        shutil.rmtree(daemon.data_dir, ignore_errors=True)


def changes(call, rest, data_dir):
    if data_dir not in rest:
        return False
    return call != "openat" or "O_CREAT" in rest or "O_TMPFILE" in rest


def plan(bench):
    """[(call, nth call of its kind in a thread)], from a recorded run that succeeds."""
    daemon = bench.fresh()
    code, trace = bench.once(daemon, ["-e", "trace=" + ",".join(CALLS)])
    if code or not daemon.leaf(NAME):
        raise AssertionError(f"the recorded run failed ({code}):\n{daemon.log()[-3000:]}")
    seen, found = collections.Counter(), set()
    for line in trace.splitlines():
        match = LINE.match(line)
        if not match or match[2] not in CALLS or "resumed>" in line:
            continue
        seen[match[1], match[2]] += 1
        if changes(match[2], match[3], daemon.data_dir):
            found.add((match[2], seen[match[1], match[2]]))
    bench.forget(daemon)
    return sorted(found)


def landed(trace, call, fault, data_dir, killed):
    """Whether the fault met a call of this kind under data_dir."""
    if fault == "KILL":
        last = [m for m in map(LINE.match, trace.splitlines()) if m and m[2] == call and changes(call, m[3], data_dir)]
        return killed and bool(last)
    return any("(INJECTED)" in line and data_dir in line for line in trace.splitlines())


def try_fault(bench, call, number, fault):
    """(hit, problems)"""
    daemon = bench.fresh()
    code, trace = bench.once(daemon, ["-e", "trace=" + ",".join(CALLS), "-e", f"inject={call}:{FAULTS[fault]}:when={number}"])
    hit = landed(trace, call, fault, daemon.data_dir, code in (-9, 137))
    pairs = Pairs(daemon.data_dir, bench.space)
    pairs.look()
    problems = list(pairs.broken)
    if fault != "KILL" and code not in (0, 1):
        problems.append(f"ended with {code}")
    # Later, in peace. A failure may have started a pause of a minute: the clock is moved past it, nothing else is.
    bench.once(daemon, env={"LD_PRELOAD": FAKETIME, "FAKETIME": "+150"} if fault != "KILL" else None)
    leaf = daemon.leaf(NAME)
    pairs.look()
    problems += pairs.broken
    if not leaf:
        problems.append("the next run did not converge: nothing is live")
    elif not os.path.exists(daemon.served) or read_text(daemon.served) != read_text(daemon.live(NAME, "fullchain.pem")):
        problems.append("the next run did not deploy what is live")
    elif bench.ca.status(leaf.serial) != "Valid":
        problems.append("what is live is not valid at the CA")
    if problems:
        problems.append(daemon.log()[-1500:])
    bench.forget(daemon)
    return hit, problems


def find_faketime():
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"):
        path = f"{folder}/faketime/libfaketimeMT.so.1"
        if os.path.exists(path):
            return path
    sys.exit("syscalls.py needs the package faketime")


FAKETIME = find_faketime()


def run(step=1, say=print):
    problems, hits, missed, runs = [], collections.Counter(), [], 0
    with Workspace("syscalls") as space:
        bench = Bench(space)
        planned = [(call, number, fault) for call, number in plan(bench) for fault in FAULTS
                   if fault not in WITHOUT_ERROR.get(call, set())][::step]
        for call, number, fault in planned:
            hit = False
            for _ in range(TRIES):
                runs += 1
                hit, found = try_fault(bench, call, number, fault)
                problems += [f"{fault} at {call} {number}: {line}" for line in found]
                if hit:
                    break
            hits[fault] += hit
            if not hit:
                missed.append(f"{fault} at {call} {number}")
    per_fault = ", ".join(f"{fault} {hits[fault]}/{sum(f == fault for _, _, f in planned)}" for fault in FAULTS)
    say(f"faults at system calls: {len(planned)} planned, {sum(hits.values())} hit ({per_fault}) in {runs} runs; "
        f"{len(problems)} problems")
    for line in missed:
        say(f"  never hit in {TRIES} tries: {line}")
    return problems, len(missed), len(planned)


def main():
    problems, missed, _ = run(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    for line in problems:
        print(f"PROBLEM {line}")
    return 1 if problems or missed else 0


if __name__ == "__main__":
    sys.exit(main())
