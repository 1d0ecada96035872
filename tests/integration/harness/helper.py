"""evercert-deploy as a child process on a socket that is passed to it, and its peers."""
import json
import os
import shutil
import socket
import subprocess
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

# A peer: sends what comes on stdin, prints what comes back.
PEER = """
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.settimeout(60)
peer.connect(sys.argv[1])
try:
    peer.sendall(sys.stdin.buffer.read())
except OSError:
    pass
while True:
    try:
        part = peer.recv(65536)
    except ConnectionResetError:
        break
    if not part:
        break
    sys.stdout.buffer.write(part)
"""


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
        """A process of that user that has sent `request`."""
        process = subprocess.Popen([sys.executable, "-c", PEER, self.path], stdin=subprocess.PIPE, user=user, group=CLIENT,
                                   extra_groups=[], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdin.write(request if isinstance(request, bytes) else request.encode())
        process.stdin.close()
        return process

    def ask(self, request, user=CLIENT):
        """The lines of the answer."""
        process = self.peer(request, user)
        try:
            out = process.stdout.read()
            process.wait(60)
        finally:
            process.stdout.close()
        return [json.loads(line) for line in out.decode().splitlines()]

    def deploy(self, name, user=CLIENT):
        """The result."""
        return (self.ask(f"deploy {name}\n", user) or [{"result": "none"}])[-1]
