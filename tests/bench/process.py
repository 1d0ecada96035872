"""What a process costs, by /proc: shared by the benchmarks."""
import os
import re

from harness.workspace import read_text

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
    """Seconds, user and system, the ended and waited-for children included."""
    total = 0
    for one in family(pid):
        try:
            fields = read_text(f"/proc/{one}/stat").rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12]) + (int(fields[13]) + int(fields[14]) if one == pid else 0)
    return total / TICK


def memory(pid, line="VmRSS"):
    """MiB: VmRSS is what is resident now, VmHWM the most that ever was."""
    return int(re.search(rf"{line}:\s*(\d+)", read_text(f"/proc/{pid}/status"))[1]) / 1024
