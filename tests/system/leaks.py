"""Where secrets must not be: all that the machine has written, and what evercert's processes show of themselves."""
import glob
import os
import re
import stat
import subprocess

from features_world import EAB, TSIG
from harness import canaries
from harness.receiver import Webhook

DATA = "/var/lib/evercert"
# Of data_dir the files that are keys, and who else than evercert keeps secrets: certbot, the servers' copies that outputs are, and
# the other side of shared keys.
PLACES = re.compile(r"/(var/lib/evercert/([^/]+/)*(privkey[^/]*\.pem|[^/]+\.key(\.\d+)?)$|etc/evercert/credentials/"
                    r"|run/credentials/evercertd\.service/|etc/letsencrypt/|etc/haproxy/certs/|srv/tls/|srv/dns/|etc/pebble/|srv/receivers/)")


def secrets_of(machine):
    found = {"EAB key": canaries.of_text(EAB), "TSIG key": canaries.of_text(TSIG), "webhook key": canaries.of_words(Webhook.KEY.decode())}
    tree = machine.tree
    for pattern in ("accounts/*/account.key*", "certificates/*/versions/*/privkey*.pem"):
        for path in glob.glob(f"{tree}{DATA}/{pattern}"):
            found[os.path.relpath(path, tree + DATA)] = canaries.of_key(path)
    return found


def outside(machine, pid):
    """A process of the machine, by the number that it has out here."""
    space = os.readlink(f"/proc/{machine.leader}/ns/pid")
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/status", encoding="ascii", errors="replace") as file:
                inside = re.search(r"^NSpid:.*\t(\d+)$", file.read(), re.M)
            if inside and int(inside[1]) == pid and os.readlink(f"/proc/{number}/ns/pid") == space:
                return int(number)
        except OSError:
            continue  # it has ended meanwhile
    raise AssertionError(f"the machine has no process {pid}")


def in_journal(machine, secrets):
    machine.run("journalctl --no-pager --output=export > /var/tmp/journal", timeout=60)
    path = f"{machine.tree}/var/tmp/journal"
    with open(path, "rb") as file:
        text = file.read()
    os.unlink(path)
    assert len(text) > 10_000, "there is no journal to look into"
    return canaries.find(secrets, text, "the journal")


def in_files(machine, secrets):
    """(all hits, those that are nobody's business). All that was written since the machine was made, and what is in memory only."""
    inside = f"/proc/{machine.leader}/root"
    folders = {f"{machine.folder}/changes": "", f"{inside}/run": "/run", f"{inside}/tmp": "/tmp", f"{inside}/dev/shm": "/dev/shm"}
    hits, bad = [], []
    for folder, shown in folders.items():
        for hit in canaries.in_files(secrets, folder):
            hits.append(hit)
            if not PLACES.match(shown + hit.place.removeprefix(folder)) or os.stat(hit.place).st_mode & stat.S_IROTH:
                bad.append(hit)
    return hits, bad


def in_core(secrets, pid, folder):
    """What a dump of the process's memory shows, which takes no heed of how the process forbids it."""
    subprocess.run(["gcore", "-o", f"{folder}/core", str(pid)], check=True, capture_output=True, timeout=120)
    path = f"{folder}/core.{pid}"
    assert os.path.getsize(path) > 1 << 20, "there is no core to look into"
    with open(path, "rb") as file:
        hits = canaries.find(secrets, file.read(), path)
    os.unlink(path)
    return hits
