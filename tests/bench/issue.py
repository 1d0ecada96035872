"""What issue.sh measures. Times run from the client's start to its last certificate on disk; CPU is the client's own,
user and system, all its processes. With perf there, a run of its own shows where evercertd's CPU goes."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))
from harness.ca import Pebble, version_of  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.servers import Apache  # noqa: E402
from harness.workspace import Workspace, wait_until  # noqa: E402
import profile  # noqa: E402
from own_disk import own_disk  # noqa: E402
from process import cpu, memory  # noqa: E402

# Round trips of one order: the order, its authorization, the challenge, the authorization again, finalize, the order
# again, the certificate.
ROUND_TRIPS = 7
# Pebble 2.10 may lock itself for good under load (readers and a writer of its database wait for each other).
LONGEST_SILENCE, TRIES = 40, 3
# evercertd's wall time and CPU as parts of mod_md's, and its memory.
MOST_WALL, MOST_CPU, MOST_MEMORY = 1 / 6, 1 / 12, 48


class StandsStill(Exception):
    pass


class Measured:
    def __init__(self, space, ca):
        self.ca, self.ca_before, self.started = ca, cpu(ca.process.pid), time.monotonic()
        self.moved, self.ca_then = self.started, self.ca_before

    def look_at_the_ca(self):
        """Raises when it has done nothing for long although it is asked."""
        now, used = time.monotonic(), cpu(self.ca.process.pid)
        if used - self.ca_then > 0.05:
            self.moved, self.ca_then = now, used
        elif now - self.moved > LONGEST_SILENCE:
            raise StandsStill

    def averaged(self, later):
        """With another run of the same: the machine changes its speed while a slow client is measured in between."""
        for figure in ("wall", "client", "server"):
            setattr(self, figure, (getattr(self, figure) + getattr(later, figure)) / 2)
        self.memory, self.peak = max(self.memory, later.memory), max(self.peak, later.peak)
        return self

    def end(self, pid, count):
        self.wall = 1000 * (time.monotonic() - self.started) / count
        self.client = 1000 * cpu(pid) / count
        self.server = 1000 * (cpu(self.ca.process.pid) - self.ca_before) / count
        return self


def measure_evercert(space, ca, names, label, profiled=False):
    daemon = Daemon(space, {"pebble": ca.issuer()}, [{"names": [name]} for name in names], ca.http_port, name=label,
                    log={"level": "info", "format": "text"})
    measured = Measured(space, ca)
    daemon.start()
    watched = profile.Profile(space, daemon.process.pid) if profiled else None
    remaining = set(names)

    def all_live():
        measured.look_at_the_ca()
        remaining.difference_update([n for n in remaining if os.path.exists(daemon.live(n, "fullchain.pem"))])
        return daemon.alive() and not remaining
    wait_until(f"all {len(names)} are live", all_live, 60 + len(names))
    measured.end(daemon.process.pid, len(names))
    if watched:
        watched.end()
        measured.shares = watched.shares()
    time.sleep(0.5)  # memory is looked at when the work is over
    measured.memory, measured.peak = memory(daemon.process.pid), memory(daemon.process.pid, "VmHWM")
    daemon.stop()
    return measured


class ModMd(Apache):
    """Apache whose mod_md gets the certificates; it serves nothing but challenges."""

    def __init__(self, space, ca, names):
        super().__init__(space, name="mod_md")
        self.ca, self.names, self.store = ca, names, space.path("mod_md", "store")

    def modules(self):
        return ("watchdog",) * (not self.builtin_watchdog()) + ("md",)

    @staticmethod
    def builtin_watchdog():
        return not os.path.exists("/usr/lib/apache2/modules/mod_watchdog.so")

    def more(self):
        return (f"Listen 127.0.0.1:{self.ca.http_port}\nMDStoreDir {self.store}\n"
                f"MDCertificateAuthority {self.ca.directory}\nMDCACertificateFile {self.ca.root.certificate}\n"
                "MDCertificateAgreement accepted\nMDContactEmail ops@example.com\nMDPrivateKeys secp256r1\n"
                f"MDRenewMode always\nMDCAChallenges http-01\nMDPortMap http:{self.ca.http_port} https:-\n"
                "MDStapling off\nMDServerStatus off\n"
                + "".join(f"MDomain {name} manual\n" for name in self.names))

    def finished(self, name):
        return os.path.exists(f"{self.store}/staging/{name}/pubcert.secp256r1.pem") or os.path.exists(
            f"{self.store}/domains/{name}/pubcert.secp256r1.pem")


def measure_mod_md(space, ca, names):
    server = ModMd(space, ca, names)
    os.makedirs(server.store, exist_ok=True)
    measured = Measured(space, ca)
    server.start()
    remaining = set(names)

    def all_there():
        remaining.difference_update([n for n in remaining if server.finished(n)])
        return server.alive() and not remaining
    try:
        wait_until(f"mod_md has all {len(names)}", all_there, 120 + len(names))
    except AssertionError as problem:
        raise AssertionError(f"{problem}\n{server.errors()[-3000:]}") from None
    measured.end(server.process.pid, len(names))
    server.process.stop()
    return measured


def row(name, measured):
    print(f"  {name:<12}{measured.wall:>10.1f}{measured.client:>12.1f}{measured.server:>12.1f}")


def measure(names):
    """One certificate, all of them before and after mod_md's, and where the time goes."""
    count = len(names)
    with Workspace("bench") as space:
        ca = Pebble(space, retry_after=0)
        one = measure_evercert(space, ca, ["one.bench.test"], "one")
        ours = measure_evercert(space, ca, names, "many")
        theirs = measure_mod_md(space, ca, names)
        ours.averaged(measure_evercert(space, ca, [f"again-{name}" for name in names], "again"))
        shown = None
        if profile.there():
            shown = measure_evercert(space, ca, [f"p{number}.bench.test" for number in range(min(count, 300))], "profiled", True)
    return one, ours, theirs, shown


def measure_patiently(names):
    for _ in range(TRIES):
        try:
            return measure(names)
        except StandsStill:
            print(f"Pebble has done nothing for {LONGEST_SILENCE} s and answers nobody: all is begun anew")
    raise SystemExit(f"Pebble has locked itself {TRIES} times")


def main():
    count = int(sys.argv[1])
    with own_disk() as disk:
        one, ours, theirs, shown = measure_patiently([f"n{number}.bench.test" for number in range(count)])
    print(f"{count} certificates from an empty folder on {disk}, pebble {version_of()} without delays, P-256 keys, "
          f"{os.cpu_count()} processors; milliseconds per certificate:")
    print(f"  {'':<12}{'wall':>10}{'client CPU':>12}{'pebble CPU':>12}")
    row("evercertd", ours)
    row("mod_md", theirs)
    print(f"  ratio       {ours.wall / theirs.wall:>10.3f}{ours.client / theirs.client:>12.3f}   "
          f"(to be at most {MOST_WALL:.3f} and {MOST_CPU:.3f})")
    print(f"evercertd's memory (RSS): {one.memory:.1f} MiB with 1 certificate, {ours.memory:.1f} MiB after {count} were issued, "
          f"{ours.peak:.1f} MiB at most (to be at most {MOST_MEMORY})")
    # The CA has all processors but for what we take: no client could be faster than its work, spread over them.
    floor = ours.server / os.cpu_count()
    print(f"the floor: {ours.server:.1f} ms of pebble's CPU on {os.cpu_count()} processors, {floor:.1f} ms, and {ROUND_TRIPS} round trips "
          f"that overlap: evercertd's wall time is {ours.wall / floor:.2f} of it")
    if shown:
        print(f"where evercertd's {ours.client:.1f} ms of CPU go (by perf, shares of a run of its own):")
        for heading, share in shown.shares:
            print(f"  {heading:<42}{100 * share:>6.1f} %{share * ours.client:>8.2f} ms")
    good = ours.wall <= theirs.wall * MOST_WALL and ours.client <= theirs.client * MOST_CPU and ours.peak <= MOST_MEMORY
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
