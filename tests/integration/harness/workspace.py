"""A temporary folder with the processes and ports that belong to it."""
import atexit
import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
BUILD = os.environ.get("EVERCERT_BUILD_DIR", os.path.join(SOURCE, "build/release"))
PEBBLE = os.path.join(SOURCE, "build/pebble")
PEBBLE_OF_DISTRIBUTION = os.path.join(SOURCE, "build/pebble-distribution")


def wait_until(what, check, timeout=30.0, step=0.02):
    """Polls `check` until it returns something true, and returns that; `what` names it when time is up."""
    deadline = time.monotonic() + timeout
    while True:
        got = check()
        if got:
            return got
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout:g} s still not: {what}")
        time.sleep(step)


def terminate_like_interrupt():
    """SIGTERM ends a suite as Ctrl-C does: with nothing left behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def read_text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def find_faketime():
    """The library that lets a program see another time than there is."""
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"):
        path = f"{folder}/faketime/libfaketimeMT.so.1"
        if os.path.exists(path):
            return path
    raise AssertionError("the package faketime is not installed: tests/setup.sh")


class Process:
    """A child in its own process group, its output in a file."""

    def __init__(self, name, argv, log_path, **options):
        self.name, self.log_path = name, log_path
        with open(log_path, "ab") as log:
            self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          start_new_session=True, **options)

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def log(self):
        return read_text(self.log_path)

    def signal(self, number):
        if self.running():
            self.popen.send_signal(number)

    def wait(self, timeout=30):
        return self.popen.wait(timeout)

    def kill(self):
        """The whole group, at once."""
        if self.running():
            os.killpg(self.popen.pid, signal.SIGKILL)
        return self.popen.wait(10)

    def stop(self, timeout=15):
        """TERM, and KILL to the group when that does not help. Returns the exit code."""
        self.signal(signal.SIGTERM)
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return self.kill()


class Workspace:
    """Use as a context manager; EVERCERT_KEEP=1 in the environment keeps the folder for a look."""

    def __init__(self, name="evercert"):
        self.folder = tempfile.mkdtemp(prefix=f"{name}-")
        os.chmod(self.folder, 0o755)  # web servers and ordinary users have to find their own places in it
        self.processes, self.closers, self.locks = [], [], []
        atexit.register(self.close)  # an interrupted test does not clean up

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        atexit.unregister(self.close)
        for process in reversed(self.processes):
            process.signal(signal.SIGCONT)
            process.stop()
        for closer in reversed(self.closers):
            closer()
        for lock in self.locks:
            lock.close()
        if os.environ.get("EVERCERT_KEEP"):
            print(f"kept: {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def make_folder(self, *parts, mode=0o755):
        path = self.path(*parts)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        return path

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def spawn(self, name, argv, **options):
        process = Process(name, argv, self.path(f"{name}.log"), **options)
        self.processes.append(process)
        return process

    def port(self):
        """A port that is free on loopback and that no other suite running now will be given.

        Below the range the kernel hands out by itself, and held by a lock file as long as this workspace lives.
        """
        folder = os.path.join(tempfile.gettempdir(), f"evercert-ports-{os.environ.get('EVERCERT_OWNER', os.getuid())}")
        os.makedirs(folder, exist_ok=True)
        for _ in range(500):
            number = random.SystemRandom().randrange(10000, 32000)
            lock = open(os.path.join(folder, str(number)), "w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    with socket.socket(socket.AF_INET, kind) as probe:
                        probe.bind(("127.0.0.1", number))
            except OSError:
                lock.close()
                continue
            self.locks.append(lock)
            return number
        raise AssertionError("no free port found")


def answers(port, address="127.0.0.1"):
    """Whether something accepts connections there."""
    try:
        socket.create_connection((address, port), timeout=1).close()
        return True
    except OSError:
        return False
