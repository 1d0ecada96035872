"""Connections that never get to the point. As a program it holds so many of them until it is ended, in a process of its own:
usage: stallers.py PORT NUMBER"""
import resource
import selectors
import socket
import sys
import time

HALF_A_LINE = b"GET /.well-known/acme-chall"
HALF_A_HEAD = b"GET /.well-known/acme-challenge/x HTTP/1.1\r\nHost: bench.test\r\nX: "


def more_descriptors(wanted):
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))


def open_many(port, number, text):
    """Their sockets, each with the text sent."""
    more_descriptors(2 * number + 200)
    made = []
    for _ in range(number):
        made.append(socket.create_connection(("127.0.0.1", port), 10))
        made[-1].sendall(text)
    return made


class Crowd:
    """Half of it stops within the request line; the other half sends its headers a byte at a time. Who is thrown out comes
    back at once."""

    def __init__(self, port, number):
        self.port, self.selector, self.slow = port, selectors.DefaultSelector(), set()
        more_descriptors(number + 200)
        for place in range(number):
            self.enter(place % 2 == 0)

    def enter(self, slow):
        while True:
            try:
                made = socket.create_connection(("127.0.0.1", self.port), 10)
                made.sendall(HALF_A_HEAD if slow else HALF_A_LINE)
                break
            except OSError:
                time.sleep(0.01)
        made.setblocking(False)
        self.selector.register(made, selectors.EVENT_READ, slow)
        if slow:
            self.slow.add(made)

    def run(self):
        drip = time.monotonic()
        while True:
            for key, _ in self.selector.select(0.1):
                self.selector.unregister(key.fileobj)
                self.slow.discard(key.fileobj)
                key.fileobj.close()
                self.enter(key.data)
            if time.monotonic() - drip > 0.5:
                drip = time.monotonic()
                for each in self.slow:
                    try:
                        each.send(b"y")
                    except OSError:
                        pass  # the selector will say so too


if __name__ == "__main__":
    crowd = Crowd(int(sys.argv[1]), int(sys.argv[2]))
    print("all there", flush=True)
    crowd.run()
