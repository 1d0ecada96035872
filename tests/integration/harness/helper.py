"""evercert-deploy as a child process on a socket that is passed to it, and its peers."""
import json
import os
import shutil
import socket
import sys
import tempfile

from .daemon import Daemon
from .workspace import BUILD, wait_until

# A user that nobody is.
CLIENT = 63111
STRANGER = 63112

# What systemd does between fork and exec.
PASS = """
import os, sys
os.dup2(int(sys.argv[1]), 3) == int(sys.argv[1]) or os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="evercert-deploy.socket")
os.execv(sys.argv[2], sys.argv[2:])
"""


def connect_as(user, path):
    """A connection that a process of that user has made: the kernel tells the other side who that was."""
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setresgid(CLIENT, CLIENT, CLIENT)
                os.setresuid(user, user, user)
                peer = socket.socket(socket.AF_UNIX)
                peer.connect(path)
                socket.send_fds(theirs, [b"x"], [peer.fileno()])
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        ours.settimeout(1)
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
    return Peer(socket.socket(fileno=descriptors[0]))


class Peer:
    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(60)

    def send(self, request):
        """Whoever refuses before all is read still answers."""
        try:
            self.socket.sendall(request if isinstance(request, bytes) else request.encode())
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def answer(self):
        """The lines, once there are no more."""
        text = b""
        with self.socket:
            while True:
                try:
                    part = self.socket.recv(65536)
                except ConnectionResetError:
                    break
                if not part:
                    break
                text += part
        return [json.loads(line) for line in text.decode().splitlines()]


class TrustedFolder:
    """A folder in which only root can write, with only such folders above it."""

    def __init__(self, space):
        self.path = tempfile.mkdtemp(prefix="evercert-test-", dir="/run")
        os.chmod(self.path, 0o755)
        space.closers.append(lambda: shutil.rmtree(self.path, ignore_errors=True))

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.path, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def hook(self, name="hook", text='#!/bin/sh\necho "$EVERCERT_CERTIFICATE" >> "$0.log"\n'):
        return self.write(name, text, 0o755)

    def ran(self, name="hook"):
        """Lines that the hook has left."""
        path = os.path.join(self.path, f"{name}.log")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return file.read().split()


class UnprivilegedDaemon(Daemon):
    """evercertd as a user without rights, with a configuration that belongs to root."""

    def __init__(self, space, folder, deploy_socket, **options):
        super().__init__(space, user=CLIENT, data_dir=space.path("client", "data"), **options)
        home = space.make_folder("client")
        os.chown(home, CLIENT, CLIENT)
        self.file = os.path.join(folder.path, "evercert.yaml")
        self.folder, self.deploy_socket = folder, deploy_socket
        self.socket = f"{self.data_dir}/control.sock"
        self.config["control"] = {"socket": self.socket}

    def write(self):
        self.folder.write("evercert.yaml", json.dumps(self.config, indent=1) + "\n")

    def start(self, ready=True, env=None, arguments=()):
        return super().start(ready, env, ("--deploy-socket", self.deploy_socket, *arguments))


class Helper:
    """The socket is made once, as a socket unit makes it; the program comes and goes."""

    def __init__(self, space, folder):
        self.space, self.folder = space, folder
        self.path = os.path.join(folder.path, "deploy.sock")
        self.config = os.path.join(folder.path, "evercert.yaml")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chown(self.path, 0, CLIENT)
        os.chmod(self.path, 0o660)
        self.listener.listen(4096)
        space.closers.append(self.listener.close)
        self.process = None

    def start(self, *arguments, user=CLIENT):
        fd = self.listener.fileno()
        argv = [sys.executable, "-c", PASS, str(fd), os.path.join(BUILD, "evercert-deploy"), "--config", self.config,
                "--client-user", str(user), "--run-directly", *arguments]
        environment = {k: v for k, v in os.environ.items() if k not in ("NOTIFY_SOCKET", "JOURNAL_STREAM")}
        self.process = self.space.spawn("evercert-deploy", argv, pass_fds=(fd,), env=environment)
        return self

    def log(self):
        return self.process.log()

    def wait_log(self, text, count=1):
        wait_until(f"the helper's log says {text}", lambda: self.log().count(text) >= count)

    # --- peers
    def peer(self, request, user=CLIENT):
        return connect_as(user, self.path).send(request)

    def ask(self, request, user=CLIENT):
        return self.peer(request, user).answer() or [{"result": "none"}]

    def deploy(self, name, user=CLIENT):
        """The result."""
        return self.ask(f"deploy {name}\n", user)[-1]
