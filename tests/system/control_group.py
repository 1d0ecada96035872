"""A control group of our own to start a container in: two beside each other would otherwise share what nspawn makes."""
import contextlib
import os


class ControlGroup:
    """Made in each hierarchy in which systemd keeps processes apart; where none can be made, there is none."""

    def __init__(self, name):
        self.folders = []
        for top in hierarchies():
            folder = os.path.join(top, name)
            with contextlib.suppress(OSError):
                os.mkdir(folder)
                self.folders.append(folder)

    def enter(self):
        """For a child before it runs its program."""
        for folder in self.folders:
            with open(os.path.join(folder, "cgroup.procs"), "w", encoding="ascii") as file:
                file.write("0")

    def remove(self):
        """With all that was made below it. Nobody may be left in it."""
        for top in self.folders:
            for folder, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)


def hierarchies():
    """The folders of our own place in the one that is systemd's (version 1) and the unified one."""
    with open("/proc/self/cgroup", encoding="ascii") as file:
        places = dict(line.rstrip("\n").split(":", 2)[1:] for line in file)
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        for line in file:
            before, after = line.split(" - ", 1)
            mount, (kind, _, options) = before.split()[4], after.split()[:3]
            if kind == "cgroup2" and "" in places:
                found.append(mount + places[""])
            elif kind == "cgroup" and "name=systemd" in options and "name=systemd" in places:
                found.append(mount + places["name=systemd"])
    return found
