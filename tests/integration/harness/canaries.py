"""Secrets and every form in which they might turn up, and the places to look: memory, command lines, environments, files."""
import base64
import os
import re
import threading
import time

from .tls import blocks, openssl
from .workspace import read_text


def _encodings(raw):
    """Of a secret's bytes: as they are, as a big number lies in memory, and as text."""
    b64 = base64.b64encode(raw).decode().rstrip("=")
    return {"bytes": raw, "limbs": raw[::-1], "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode(),
            "base64": b64.encode(), "base64url": b64.replace("+", "-").replace("/", "_").encode()}


def of_text(secret):
    """A base64 text that an operator was given (EAB, TSIG): itself, and what it stands for."""
    text = secret.strip()
    padded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
    return {"text": text.encode(), **_encodings(base64.b64decode(padded))}


def of_words(secret):
    """A secret that is used as it is (a webhook's key)."""
    return _encodings(secret.encode()) | {"text": secret.encode()}


def of_key(path):
    """The private numbers of a PEM key, and the lines of the PEM in which they stand."""
    pem = read_text(path)
    text = openssl("pkey", "-in", path, "-noout", "-text")
    numbers = {}
    for name in ("priv", "privateExponent", "prime1", "prime2", "exponent1", "exponent2", "coefficient"):
        found = re.search(rf"^{name}:\n((?:\s+[0-9a-f:]+\n)+)", text, re.M)
        if found:
            raw = bytes.fromhex(re.sub(r"[\s:]", "", found.group(1))).lstrip(b"\0")
            numbers |= {f"{name} {form}": value for form, value in _encodings(raw).items()}
    lines = blocks(pem, "PRIVATE KEY")[0].splitlines()[1:-1]
    # An EC key's public half ends the text; a line of it is no secret.
    secret = lines[:2] if "NIST CURVE" in text else lines[6:-1]
    return numbers | {f"PEM line {i}": line.encode() for i, line in enumerate(secret)}


class Hit:
    """A secret where it was found."""

    def __init__(self, secret, form, place):
        self.secret, self.form, self.place = secret, form, place

    def __repr__(self):
        return f"{self.secret} as {self.form} in {self.place}"


def find(secrets, data, place):
    return [Hit(name, form, place) for name, forms in secrets.items() for form, value in forms.items() if value in data]


def mappings(pid):
    """(begin, end, name, flags) of all that the process may write to; flags as in /proc/PID/smaps ("dd": never dumped)."""
    found, current = [], None
    for line in read_text(f"/proc/{pid}/smaps").splitlines():
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)", line)
        if head:
            current = (int(head[1], 16), int(head[2], 16), head[4] or "anonymous", head[3])
        elif line.startswith("VmFlags:") and current and "r" in current[3]:
            found.append((*current[:3], line.split()[1:]))
    return found


def in_memory(secrets, pid):
    """Hits by mapping, the whole of the memory looked at, dumped or not."""
    hits = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for begin, end, name, flags in mappings(pid):
            try:
                memory.seek(begin)
                data = memory.read(end - begin)
            except (OSError, ValueError):
                continue  # guard pages, [vvar]
            hits += find(secrets, data, (name, f"{begin:x}", "never dumped" if "dd" in flags else "dumped"))
    return hits


def in_files(secrets, folder, skip=()):
    """Hits in files below a folder."""
    hits = []
    for base, _, files in os.walk(folder):
        for file in files:
            path = os.path.join(base, file)
            if os.path.islink(path) or not os.path.isfile(path) or any(path.startswith(each) for each in skip):
                continue
            with open(path, "rb") as opened:
                hits += find(secrets, opened.read(), path)
    return hits


class Watch:
    """Command lines and environments of a process and of everything it starts, for as long as it is watched; with a `pause`
    (seconds) it is looked less often, and costs less."""

    def __init__(self, pid, pause=0):
        self.pid, self.pause, self.seen, self.known, self.strangers, self.over = pid, pause, {}, {pid}, set(), False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _concerns(self, name):
        """Asked once of each process: whose child it was first is what counts."""
        with open(f"/proc/{name}/stat", "rb") as file:
            return int(file.read().rsplit(b")", 1)[1].split()[1]) in self.known

    def _look(self):
        there = {int(name) for name in os.listdir("/proc") if name.isdigit()}
        self.strangers &= there
        self.known &= there | {self.pid}
        for name in there - self.strangers:
            try:
                if name not in self.known and not self._concerns(name):
                    self.strangers.add(name)
                    continue
                self.known.add(name)
                for what in ("cmdline", "environ"):
                    with open(f"/proc/{name}/{what}", "rb") as file:
                        self.seen.setdefault(f"{what} of {name}", set()).add(file.read())
            except (OSError, IndexError):
                continue  # it has ended meanwhile

    def _run(self):
        while not self.over:
            self._look()
            time.sleep(self.pause)

    def close(self, secrets):
        """Ends the watch; what was found."""
        self.over = True
        self.thread.join()
        return [hit for place, texts in self.seen.items() for text in texts for hit in find(secrets, text, place)]
