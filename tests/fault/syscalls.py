#!/usr/bin/env python3
"""A fault at every state-changing system call of one issue-and-deploy run.   usage: syscalls.py [STEP]

inject.cpp, preloaded, numbers the calls that change something under data_dir, over all threads. (strace counts `when=` per
thread, so its planned faults land elsewhere each time; here it only counts, to prove that the numbering misses no call.)
For each number a run is done that is killed before it, killed after it, or told ENOSPC or EIO. After each: no live pair is
broken, and the next run without a fault converges and deploys. STEP n takes every nth fault only.
"""
import collections
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))
from harness.ca import Pebble  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.invariants import Pairs  # noqa: E402
from harness.workspace import Workspace, find_faketime, read_text  # noqa: E402

CALLS = ["openat", "mkdir", "mkdirat", "write", "pwrite64", "writev", "fsync", "fdatasync", "rename", "renameat", "renameat2",
         "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "rmdir", "ftruncate", "fallocate", "fchmod",
         "fchmodat", "chmod", "fchown", "fchownat"]
FAULTS = ("KILL", "KILL_AFTER", "ENOSPC", "EIO")
NO_SPACE_NEEDED = {"close", "unlink", "unlinkat", "rmdir", "fchmod", "fchmodat", "chmod", "fchown", "fchownat"}
NAME = "one.test"


class Bench:
    def __init__(self, space):
        self.space = space
        self.ca = Pebble(space, retry_after=0)
        self.count = 0
        self.library = space.path("inject.so")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inject.cpp")
        subprocess.run(["c++", "-std=c++20", "-O1", "-shared", "-fPIC", "-o", self.library, source, "-ldl"], check=True)
        self.faketime = find_faketime()

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

    def once(self, daemon, env, wrapper=()):
        # Under AddressSanitizer: it cannot look for leaks while traced, and does not like to be preceded.
        sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0:verify_asan_link_order=0"
        daemon.wrapper = list(wrapper)
        daemon.start(ready=False, arguments=["--once"], env={"ASAN_OPTIONS": sanitizer, **env})
        try:
            return daemon.process.wait(60)
        except subprocess.TimeoutExpired:
            daemon.process.kill()
            raise AssertionError(f"a run with {env} did not end:\n{daemon.log()[-2000:]}") from None
        finally:
            self.space.processes.remove(daemon.process)

    def injected(self, daemon, number, kind, wrapper=()):
        """(exit code, the injector's lines)"""
        log = self.space.path(f"{daemon.name}.calls")
        preload = {"LD_PRELOAD": self.library}
        if wrapper:  # the tracer itself is not to be preloaded
            wrapper, preload = [*wrapper, "-E", f"LD_PRELOAD={self.library}"], {}
        code = self.once(daemon, {**preload, "FAULT_ROOT": daemon.data_dir, "FAULT_AT": str(number),
                                  "FAULT_KIND": kind, "FAULT_LOG": log}, wrapper)
        return code, [line.split(" ", 3) for line in read_text(log).splitlines()]

    def forget(self, daemon):
        daemon.notify.close()
        self.space.closers.remove(daemon.notify.close)
        shutil.rmtree(daemon.data_dir, ignore_errors=True)


def traced(trace, data_dir):
    """What strace saw of the same: calls by name."""
    seen = collections.Counter()
    for line in trace.splitlines():
        match = re.match(r"^\d+ +(\w+)\((.*)", line)
        # strace writes a folder and a name in it as  3</a/folder>, "name"
        if match and match[1] in CALLS and (data_dir in match[2] or data_dir in match[2].replace('>, "', "/")):
            if match[1] != "openat" or re.search(r"O_CREAT|O_TMPFILE|O_TRUNC", match[2]):
                seen[match[1]] += 1
    return seen


def record(bench):
    """The calls of a run that succeeds, as [name]; strace and the injector have to agree on them."""
    daemon = bench.fresh()
    trace = bench.space.path("trace")
    code, lines = bench.injected(daemon, 0, "", ["strace", "-f", "-y", "-s", "16", "-o", trace, "-e", "trace=" + ",".join(CALLS)])
    if code or not daemon.leaf(NAME):
        raise AssertionError(f"the recorded run failed ({code}):\n{daemon.log()[-3000:]}")
    counted = collections.Counter("openat" if name == "open" else name for _, name, _, _ in lines)
    counted.pop("close", None)
    by_strace = traced(read_text(trace), daemon.data_dir)
    if counted != by_strace:
        raise AssertionError(f"the injector saw {dict(counted)}, strace {dict(by_strace)}")
    bench.forget(daemon)
    return [name for _, name, _, _ in lines]


def try_fault(bench, number, kind):
    """(name of the call that was hit or None, problems)"""
    daemon = bench.fresh()
    code, lines = bench.injected(daemon, number, kind)
    hit = next((name for at, name, met, _ in lines if met == kind and int(at) == number), None)
    pairs = Pairs(daemon.data_dir, bench.space)
    pairs.look()
    problems = list(pairs.broken)
    if hit and kind.startswith("KILL") and code != -9:
        problems.append(f"was to be killed, ended with {code}")
    if not kind.startswith("KILL") and code not in (0, 1):
        problems.append(f"ended with {code}")
    # Later, in peace. A failure may have begun a pause of a minute: the clock is moved past it, nothing else is done.
    later = {} if kind.startswith("KILL") else {"LD_PRELOAD": bench.faketime, "FAKETIME": "+150"}
    bench.once(daemon, later)
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
        problems.append(daemon.log()[-2500:])
    bench.forget(daemon)
    return hit, problems


def run(step=1, say=print):
    """(problems, faults planned, faults hit)"""
    problems, planned, hits = [], collections.Counter(), collections.Counter()
    with Workspace("syscalls") as space:
        bench = Bench(space)
        calls = record(bench)
        orders = bench.ca.orders()
        plan = [(number, kind) for number, name in enumerate(calls, 1) for kind in FAULTS
                if kind != "ENOSPC" or name not in NO_SPACE_NEEDED]
        for number, kind in plan[::step]:
            planned[kind] += 1
            hit, found = try_fault(bench, number, kind)
            hits[kind] += hit is not None
            problems += [f"{kind} at call {number} ({hit or 'missed'}): {line}" for line in found]
        runs = sum(planned.values())
        extra = bench.ca.orders() - orders - runs
    say(f"faults at system calls: {len(calls)} calls in a run ({', '.join(f'{n} {c}' for c, n in collections.Counter(calls).items())})")
    say("  planned and hit: " + ", ".join(f"{kind} {planned[kind]}/{hits[kind]}" for kind in FAULTS)
        + f"; {extra} orders more than the {runs} runs needed; {len(problems)} problems")
    return problems, runs, sum(hits.values())


def main():
    problems, planned, hit = run(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    for line in problems:
        print(f"PROBLEM {line}")
    return 1 if problems or hit != planned else 0


if __name__ == "__main__":
    sys.exit(main())
