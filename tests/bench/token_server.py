"""The http-01 listener with one token, and clients for it: shared by the benchmarks of the listeners."""
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))
from harness.workspace import BUILD, answers, wait_until  # noqa: E402

HOST, TOKEN = "bench.test", "q-4vVkZbD9bOzqmW3nT7xA0eJcRfUhYpLs1tGi2KoM8"
ANSWER = f"{TOKEN}.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
PATH = f"/.well-known/acme-challenge/{TOKEN}"
REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()


class TokenServer:
    """What evercertd listens with, in a program of its own: the token stays for as long as it is asked for."""

    def __init__(self, space, wrapper=()):
        self.port = space.port()
        self.process = space.spawn("token-server", [*wrapper, os.path.join(BUILD, "tests/serve_token"), str(self.port), HOST,
                                                    TOKEN, ANSWER])
        wait_until("the token is served", lambda: answers(self.port) and fetch(self.port) is not None)

    @property
    def pid(self):
        return self.process.pid


def fetch(port, timeout=5.0, source="127.0.0.2"):
    """Seconds that one validation takes, as a CA makes it: a connection of its own. None: it failed."""
    started = time.perf_counter()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout, (source, 0)) as connection:
            connection.sendall(REQUEST)
            got = b""
            while part := connection.recv(4096):
                got += part
    except OSError:
        return None
    whole = got.startswith(b"HTTP/1.1 200 ") and got.endswith(b"\r\n\r\n" + ANSWER.encode())
    return time.perf_counter() - started if whole else None


class Prober(threading.Thread):
    """Asks again and again until it is told to end."""

    def __init__(self, port, pause):
        super().__init__(daemon=True)
        self.port, self.pause, self.times, self.failed, self.over = port, pause, [], 0, threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(self.pause):
            took = fetch(self.port)
            if took is None:
                self.failed += 1
            else:
                self.times.append(1000 * took)

    def end(self):
        self.over.set()
        self.join()
        return self

    def percentile(self, share):
        """Milliseconds."""
        return sorted(self.times)[min(len(self.times) - 1, int(share * len(self.times)))] if self.times else float("inf")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def seconds_until(check, limit):
    """How long it took; None when it never came."""
    started = time.monotonic()
    while time.monotonic() - started < limit:
        if check():
            return time.monotonic() - started
        time.sleep(0.02)
    return None
