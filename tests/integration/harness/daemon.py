"""evercertd as a child process, and the evercert command beside it."""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

from .tls import read_chain
from .workspace import BUILD, wait_until


class NotifySocket:
    """systemd's end of sd_notify: keeps every message with the time it came."""

    def __init__(self, path):
        self.path, self.messages = path, []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o777)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while text := self.socket.recv(65536).decode(errors="replace"):
            now = time.monotonic()
            self.messages += [(now, line) for line in text.splitlines()]

    def count(self, start):
        return sum(line.startswith(start) for _, line in list(self.messages))

    def close(self):
        """The thread first: one left in recv would read from whatever gets the number of its descriptor next."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as farewell:
            farewell.sendto(b"", self.path)
        self.thread.join()
        self.socket.close()


class Answer:
    """What a command left behind, or what the socket answered."""

    def __init__(self, code, out, err=""):
        self.code, self.out, self.err = code, out, err

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit or status {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def program_for_anybody(space, program):
    """The program where any user may run it: the build may lie below a home that only its owner enters."""
    copy = space.path(program)
    if not os.path.exists(copy):
        shutil.copy(os.path.join(BUILD, program), copy)
        os.chmod(copy, 0o755)
    return copy


def run(program, *arguments, timeout=60, **options):
    argv = [os.path.join(BUILD, program), *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL,
                          **options)
    return Answer(done.returncode, done.stdout, done.stderr)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Daemon:
    """One configuration, one data_dir; started and stopped as often as a test likes."""

    def __init__(self, space, issuers, certificates, http_port, deployments=None, name="evercert", env=None, user=None,
                 wrapper=(), data_dir=None, **top):
        self.space, self.name, self.user, self.wrapper = space, name, user, list(wrapper)
        self.environment = {k: v for k, v in os.environ.items() if k not in ("NOTIFY_SOCKET", "JOURNAL_STREAM")}
        self.environment.update(env or {})
        self.data_dir = data_dir or space.path(f"{name}-data")
        self.socket = space.path(f"{name}.sock")
        self.config = {
            "email": "ops@example.com", "agree_to_terms": True, "data_dir": self.data_dir,
            "control": {"socket": self.socket}, "log": {"level": "debug", "format": "text"}, "issuers": issuers,
            "challenges": {"http": {"type": "http-01", "listen": [f"127.0.0.1:{http_port}"]}},
            "deployments": deployments or {}, "defaults": {"issuers": list(issuers)[:1]}, "certificates": certificates,
            **top,
        }
        # No CA here asks on port 80, and the names are known to the test's own DNS only.
        self.config["defaults"].setdefault("preflight", "off")
        self.file = space.path(f"{name}.yaml")
        self.notify = NotifySocket(space.path(f"{name}.notify"))
        space.closers.append(self.notify.close)
        self.process = None

    # --- running
    def write(self):
        """JSON is YAML, so the file needs no writer of its own."""
        self.space.write(f"{self.name}.yaml", json.dumps(self.config, indent=1, ensure_ascii=False) + "\n")

    def start(self, ready=True, env=None, arguments=()):
        self.write()
        if self.user is not None:
            os.makedirs(self.data_dir, mode=0o700, exist_ok=True)
            os.chown(self.data_dir, self.user, self.user)
        environment = {**self.environment, "NOTIFY_SOCKET": self.notify.path, **(env or {})}
        options = {"user": self.user, "group": self.user, "extra_groups": []} if self.user is not None else {}
        before = self.notify.count("READY=1")
        program = os.path.join(BUILD, "evercertd") if self.user is None else program_for_anybody(self.space, "evercertd")
        argv = [*self.wrapper, program, "--config", self.file, *arguments]
        self.process = self.space.spawn(self.name, argv, env=environment, **options)
        if ready:
            self.await_("evercertd says READY", lambda: self.alive() and self.notify.count("READY=1") > before, 20)
        return self

    def await_(self, what, check, timeout):
        """As wait_until; shows the log when time is up."""
        try:
            return wait_until(what, check, timeout, 0.05)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.log()[-4000:]}") from None

    def alive(self):
        if not self.process.running():
            raise AssertionError(f"evercertd ended with {self.process.popen.returncode}:\n{self.log()[-3000:]}")
        return True

    def stop(self, timeout=15):
        return self.process.stop(timeout)

    def restart(self):
        self.stop()
        return self.start()

    def hang_up(self):
        self.write()
        self.process.signal(signal.SIGHUP)

    def log(self):
        return self.process.log()

    # --- the command
    def cli(self, *arguments, timeout=60, **options):
        program = "evercert" if "user" not in options else program_for_anybody(self.space, "evercert")
        return run(program, "--socket", self.socket, *arguments, timeout=timeout, **options)

    def ask(self, method, path, body=None):
        """One raw exchange with the control socket."""
        connection = UnixConnection(self.socket)
        connection.request(method, path, body)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return Answer(answer.status, text)

    def insist(self, name, other_than=None, tries=6):
        """Renews until it works, as an operator would while a CA is coming back; returns the new live leaf."""
        for _ in range(tries):
            answer = self.cli("renew", name, "--now", timeout=120)
            leaf = self.leaf(name)
            if leaf and leaf != other_than:
                return leaf
        raise AssertionError(f"{name} was not renewed in {tries} tries; the last: {answer}\n{self.log()[-4000:]}")

    def show(self, name):
        """One certificate as the daemon sees it."""
        answer = self.cli("show", name, "--json")
        if answer.code:
            raise AssertionError(f"evercert show {name}: {answer}")
        return answer.json()["certificate"]

    def state(self, name):
        return self.show(name)["state"]

    # --- what is on disk
    def live(self, name, file=""):
        return os.path.join(self.data_dir, "live", name, file)

    def leaf(self, name):
        """The live leaf, or None."""
        try:
            return read_chain(self.live(name, "fullchain.pem"))[0]
        except (FileNotFoundError, IndexError):
            return None

    def versions(self, name):
        folder = os.path.join(self.data_dir, "certificates", name, "versions")
        return sorted(int(n) for n in os.listdir(folder) if n.isdigit()) if os.path.isdir(folder) else []

    def wait_live(self, name, other_than=None, timeout=60):
        """The leaf once one is live (and is not `other_than`)."""
        def check():
            leaf = self.leaf(name)
            return leaf if self.alive() and leaf and leaf != other_than else None
        return self.await_(f"{name} live", check, timeout)

    def wait_state(self, name, state, timeout=60):
        self.await_(f"{name} is {state}", lambda: self.alive() and self.state(name) == state, timeout)
