"""The challenge port is somebody else's: said by name, and what does not need it goes on."""
import socket

from harness import suite
from harness.ca import Pebble


class PortTaken(suite.Stand):
    def test_it_is_said_and_others_go_on_and_it_mends_itself(self):
        self.make_ca()
        other = Pebble(self.space, dns=self.ca.dns, name="other")
        taken = other.http_port
        with socket.socket() as holder:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind(("127.0.0.1", taken))
            holder.listen()
            daemon = self.make_daemon([{"names": ["good.test"]}, {"names": ["bad.test"], "challenge": "other",
                                                                 "issuers": ["other"]}],
                                      issuers={"pebble": self.ca.issuer(), "other": other.issuer()})
            daemon.config["challenges"]["other"] = {"type": "http-01", "listen": [f"127.0.0.1:{taken}"]}
            daemon.start()
            daemon.wait_live("good.test")
            daemon.wait_state("bad.test", "failing")
            problem = daemon.show("bad.test")["problem"]
            self.assertIn(str(taken), problem)
            self.assertIn("python3", daemon.log())  # by whom, as far as can be known
            self.assertEqual(daemon.state("good.test"), "waiting")
        daemon.insist("bad.test")

    def test_its_own_port_taken_at_the_start_still_starts(self):
        self.make_ca()
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", self.ca.http_port))
            holder.listen()
            daemon = self.make_daemon([{"names": ["one.test"]}]).start()
            daemon.wait_state("one.test", "failing")
        daemon.insist("one.test")


if __name__ == "__main__":
    suite.main()
