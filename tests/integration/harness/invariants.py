"""What must hold at every moment, whatever is done to the daemon: a live pair is complete and fits together."""
import hashlib
import os
import threading

from . import tls
from .workspace import read_text

FILES = ("cert.pem", "chain.pem", "fullchain.pem", "privkey.pem")


class Pairs:
    """Looks at live sets as a server would, and remembers every good leaf it has seen in a version."""

    def __init__(self, data_dir, space):
        self.data_dir, self.space = data_dir, space
        self.known, self.broken, self.looks = {}, [], 0
        self.leaves = set()  # (certificate, fingerprint)

    def _read(self, folder):
        """All files of one version: through one handle, so that a switch in between does not mix two."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            contents = {}
            for name in FILES:
                with open(os.open(name, os.O_RDONLY, dir_fd=handle), "rb") as file:
                    contents[name] = file.read()
            return contents
        finally:
            os.close(handle)

    def problem(self, contents):
        """None, or what is wrong with this set. Each set is judged once."""
        digest = hashlib.sha256(b"\0".join(contents[name] for name in FILES)).digest()
        if digest not in self.known:
            self.known[digest] = self._judge(contents)
        return self.known[digest]

    def _judge(self, contents):
        try:
            key = tls.openssl("pkey", "-pubout", data=contents["privkey.pem"])
            leaf = tls.openssl("x509", "-noout", "-pubkey", data=contents["cert.pem"])
        except AssertionError as error:
            return str(error)
        if key != leaf:
            return "key and certificate do not fit"
        if contents["cert.pem"] + contents["chain.pem"] != contents["fullchain.pem"]:
            return "fullchain is not certificate and chain"
        return None

    def names(self):
        folder = os.path.join(self.data_dir, "live")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def look(self):
        """One look at every live set; adds to `broken` what is wrong, returns how many are good."""
        good = 0
        for name in self.names():
            if not os.path.islink(os.path.join(self.data_dir, "live", name)):
                continue  # an aside that a killed switch left; servers never look there
            self.looks += 1
            try:
                problem = self.problem(self._read(os.path.join(self.data_dir, "live", name)))
            except OSError as error:
                problem = str(error)
            if problem:
                self.broken.append(f"live/{name}: {problem}")
            else:
                good += 1
        return good

    def collect(self):
        """Remembers the leaves of all complete versions, before pruning takes them."""
        base = os.path.join(self.data_dir, "certificates")
        for name in os.listdir(base) if os.path.isdir(base) else []:
            versions = os.path.join(base, name, "versions")
            for number in os.listdir(versions) if os.path.isdir(versions) else []:
                try:
                    if number.isdigit() and (name, number) not in self.leaves:
                        contents = self._read(os.path.join(versions, number))
                        if self.problem(contents) is None:
                            self.leaves.add((name, hashlib.sha256(contents["cert.pem"]).hexdigest()))
                except OSError:
                    continue

    def watch(self):
        """Looks all the time from a thread of its own; call the returned function to end it."""
        done = threading.Event()

        def loop():
            while not done.wait(0.01):
                self.look()
                self.collect()
        thread = threading.Thread(target=loop, daemon=True)
        thread.start()

        def end():
            done.set()
            thread.join()
        return end


def stray_files(data_dir):
    """Left-overs of writes that were cut off, anywhere below data_dir."""
    return sorted(os.path.relpath(os.path.join(folder, name), data_dir)
                  for folder, folders, files in os.walk(data_dir) for name in [*files, *folders]
                  if name.endswith((".tmp", ".new")) or name.startswith((".tmp", "tmp.")))


def job(data_dir, name):
    path = os.path.join(data_dir, "jobs", f"{name}.json")
    return read_text(path) if os.path.exists(path) else ""


class Serving:
    """Clients that come one after the other, from now until `close`, and ask for each name in turn."""

    def __init__(self, port, names, roots):
        self.port, self.roots, self.over = port, roots, threading.Event()
        self.seen = {name: [] for name in names}  # the leaves that each was served with, as they first came
        self.missed = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.over.wait(0.05):
            for name, leaves in self.seen.items():
                try:
                    leaf = tls.handshake(self.port, name, self.roots)
                except OSError as error:
                    self.missed.append(f"{name}: {error}")
                    continue
                if leaf not in leaves:
                    leaves.append(leaf)

    def close(self):
        """What was not served, or not by a chain to the roots."""
        self.over.set()
        self.thread.join()
        return self.missed
