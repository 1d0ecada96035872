"""What issue.sh measures. Times run from the client's start to its last certificate on disk; CPU is the client's own,
user and system, all its processes."""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))
from harness.ca import Pebble, version_of  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.servers import Apache  # noqa: E402
from harness.workspace import Workspace, read_text, wait_until  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")


def family(pid):
    """The process and its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = read_text(f"/proc/{entry}/stat").rsplit(")", 1)[1].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry))
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found


def cpu(pid):
    """Seconds, the ended and waited-for children included."""
    total = 0
    for one in family(pid):
        try:
            fields = read_text(f"/proc/{one}/stat").rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12]) + (int(fields[13]) + int(fields[14]) if one == pid else 0)
    return total / TICK


def memory(pid):
    """Resident MiB."""
    return int(re.search(r"VmRSS:\s*(\d+)", read_text(f"/proc/{pid}/status"))[1]) / 1024


class Measured:
    def __init__(self, space, ca):
        self.ca, self.ca_before, self.started = ca, cpu(ca.process.pid), time.monotonic()

    def end(self, pid, count):
        self.wall = 1000 * (time.monotonic() - self.started) / count
        self.client = 1000 * cpu(pid) / count
        self.server = 1000 * (cpu(self.ca.process.pid) - self.ca_before) / count
        return self


def measure_evercert(space, ca, names, label):
    daemon = Daemon(space, {"pebble": ca.issuer()}, [{"names": [name]} for name in names], ca.http_port, name=label,
                    log={"level": "info", "format": "text"})
    measured = Measured(space, ca)
    daemon.start()
    remaining = set(names)

    def all_live():
        remaining.difference_update([n for n in remaining if os.path.exists(daemon.live(n, "fullchain.pem"))])
        return daemon.alive() and not remaining
    wait_until(f"all {len(names)} are live", all_live, 60 + len(names))
    measured.end(daemon.process.pid, len(names))
    time.sleep(0.5)  # memory is looked at when the work is over
    measured.memory = memory(daemon.process.pid)
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


def main():
    count = int(sys.argv[1])
    names = [f"n{number}.bench.test" for number in range(count)]
    with Workspace("bench") as space:
        ca = Pebble(space, retry_after=0)
        one = measure_evercert(space, ca, ["one.bench.test"], "one")
        ours = measure_evercert(space, ca, names, "many")
        theirs = measure_mod_md(space, ca, names)
    print(f"{count} certificates from an empty folder, pebble {version_of()} without delays, P-256 keys, "
          f"{os.cpu_count()} processors; milliseconds per certificate:")
    print(f"  {'':<12}{'wall':>10}{'client CPU':>12}{'pebble CPU':>12}")
    row("evercertd", ours)
    row("mod_md", theirs)
    print(f"  ratio       {ours.wall / theirs.wall:>10.2f}{ours.client / theirs.client:>12.2f}   (to be at most 0.25 each)")
    print(f"evercertd's memory (RSS): {one.memory:.1f} MiB with 1 certificate, {ours.memory:.1f} MiB after {count} were issued")
    return 0 if ours.wall <= theirs.wall / 4 and ours.client <= theirs.client / 4 else 1


if __name__ == "__main__":
    sys.exit(main())
