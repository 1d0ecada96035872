"""Listening sockets passed in as systemd does it: used instead of the configured addresses, no port of our own needed."""
import sys

from harness import suite

# What systemd does between fork and exec: the socket as descriptor 3, and three variables.
PASS = """
import os, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
listener.fileno() == 3 or os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=sys.argv[2])
os.execv(sys.argv[3], sys.argv[3:])
"""


class Sockets(suite.Stand):
    def issue(self, name):
        self.make_ca()
        daemon = self.make_daemon([{"names": ["one.test"]}],
                                  wrapper=[sys.executable, "-c", PASS, str(self.ca.http_port), name])
        daemon.config["challenges"]["http"]["listen"] = [f"127.0.0.1:{self.space.port()}"]
        daemon.start()
        daemon.wait_live("one.test")
        status = daemon.ask("GET", "/v1/status").json()
        self.assertIn(f"127.0.0.1:{self.ca.http_port}", status["listeners"])

    def test_a_socket_with_the_challenges_name(self):
        self.issue("http")

    def test_a_socket_of_a_socket_unit(self):
        self.issue("evercertd.socket")


if __name__ == "__main__":
    suite.main()
