"""A container with systemd as its first process, on a copy of a root that is thrown away."""
import atexit
import contextlib
import ctypes
import os
import shlex
import signal
import subprocess
import tempfile
import time

from control_group import ControlGroup
from harness.workspace import wait_until

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
CLONE_NEWNET = 0x40000000
# What systemd-nspawn takes as the wish to power off, in systemd's own number.
SHUTDOWN = signal.SIGTERM


class Done:
    def __init__(self, code, out):
        self.code, self.out = code, out

    def __repr__(self):
        return f"exit {self.code}\n{self.out}"


class Machine:
    """To be used in a mount namespace of our own. `share` are folders to be seen in there: {inside: outside}."""

    def __init__(self, root, share=None):
        self.process = self.leader = None
        self.control_group = None
        self.folder = tempfile.mkdtemp(prefix="evercert-machine-")
        self.log = os.path.join(self.folder, "console.log")
        self.tree = os.path.join(self.folder, "tree")
        call_mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", self.folder)
        for name in ("changes", "work", "tree"):
            os.mkdir(os.path.join(self.folder, name), mode=0o755)
        call_mount("-t", "overlay", "overlay", "-o",
                   f"lowerdir={root},upperdir={self.folder}/changes,workdir={self.folder}/work", self.tree)
        self.share = share or {}
        self.name = f"evercert-test-{os.getpid()}"
        atexit.register(self.close)  # an interrupted test does not clean up

    def boot(self):
        argv = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network", "--console=pipe",
                "--link-journal=no", "--resolv-conf=off", f"--machine={self.name}",
                # What services may do on a machine of their own; nspawn alone would take it away.
                "--system-call-filter=@memlock landlock_create_ruleset landlock_add_rule landlock_restrict_self", f"--directory={self.tree}"]
        argv += [f"--bind-ro={outside}:{inside}" for inside, outside in self.share.items()]
        self.control_group = ControlGroup(self.name)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                            preexec_fn=self._prepare)
        self.leader = wait_until("the container has a first process", self._find_leader)
        state = wait_until("the container is up", self._state, timeout=60, step=0.2)
        if state != "running":
            raise AssertionError(f"the container is {state}: {self.run('systemctl --failed').out}")

    def reboot(self):
        """nspawn leaves that to its caller, with an exit code for it."""
        self.run("systemctl --no-block reboot")
        if self.process.wait(60) != 133:
            self._alive()
        self.control_group.remove()
        self.boot()

    def _prepare(self):
        """In the child that becomes nspawn: it ends with us, however we end."""
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        self.control_group.enter()

    def _alive(self):
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                raise AssertionError(f"systemd-nspawn ended, exit {self.process.returncode}. Booted containers need root, mounts "
                                     f"and cgroups; it said:\n{log.read()[-3000:]}")

    def _find_leader(self):
        """The child of nspawn that is process 1 to itself and runs systemd by now."""
        self._alive()
        for pid in children(self.process.pid):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
                    facts = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
                if facts.get("NSpid", "").split()[-1:] == ["1"] and facts.get("Name") == "systemd":
                    return pid
        return None

    def _state(self):
        self._alive()
        state = self.run("systemctl is-system-running", check=False).out.strip()
        return state if state in ("running", "degraded") else None

    def run(self, *words, check=True, timeout=30, as_user=None, data=None):
        """A shell line, or a program and its arguments, run in there by root. Its output, both kinds together."""
        line = words[0] if len(words) == 1 else shlex.join(words)
        inside = ["sh", "-c", line] if as_user is None else ["runuser", "-u", as_user, "--", "sh", "-c", line]
        argv = ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "--", "env", "-i", "LANG=C.UTF-8", "HOME=/root",
                "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *inside]
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=timeout, check=False, input=data or "")
        if check and done.returncode:
            raise AssertionError(f"in the container: {line}: exit {done.returncode}\n{done.stdout[-6000:]}")
        return Done(done.returncode, done.stdout)

    def write(self, path, text, mode=0o644):
        """By root, also where only root of the container sees it (/run)."""
        self.run(f"mkdir -p {shlex.quote(os.path.dirname(path))} && cat > {shlex.quote(path)} && "
                 f"chmod {mode:o} {shlex.quote(path)}", data=text)

    def read(self, path):
        return self.run("cat", path).out

    def show(self, unit, *properties):
        """What systemd says about a unit: one value, or {property: value}."""
        told = self.run("systemctl", "show", unit, *(f"--property={name}" for name in properties)).out
        facts = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
        return facts.get(properties[0], "") if len(properties) == 1 else facts

    def journal(self, unit, *options):
        return self.run("journalctl", "--no-pager", "--output=cat", f"--unit={unit}", *options).out

    @contextlib.contextmanager
    def network(self):
        """This thread's sockets are made in the container's network, as long as this lasts."""
        with open("/proc/thread-self/ns/net", "rb") as own, open(f"/proc/{self.leader}/ns/net", "rb") as theirs:
            enter(theirs)
            try:
                yield
            finally:
                enter(own)

    def close(self):
        """Ends what runs in there, and then there is nothing left of it."""
        atexit.unregister(self.close)
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(SHUTDOWN)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                if self.leader is not None:
                    os.kill(self.leader, signal.SIGKILL)
                self.process.kill()
                self.process.wait(10)
        if self.control_group is not None:
            self.control_group.remove()
        for place in (self.tree, self.folder):
            for _ in range(50):
                if subprocess.run(["umount", place], capture_output=True, check=False).returncode == 0:
                    break
                time.sleep(0.1)
        for left in (self.folder, f"/run/systemd/nspawn/propagate/{self.name}"):
            with contextlib.suppress(OSError):
                os.rmdir(left)


def call_mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"mount {' '.join(arguments)}: {done.stderr.strip()}")


def enter(namespace):
    if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def children(pid):
    found = []
    for each in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError, ValueError):
            with open(f"/proc/{each}/stat", encoding="ascii", errors="replace") as file:
                if int(file.read().rsplit(")", 1)[1].split()[1]) == pid:
                    found.append(int(each))
    return found
