"""tls-alpn-01 (RFC 8737) for names and addresses, alone and beside another challenge."""
import socket
import ssl

from harness import ca, suite
from harness.fronts import HaproxyFront


class TlsAlpn(suite.Stand):
    def setUp(self):
        super().setUp()
        self.make_ca(env=ca.HOSTILE)

    def daemon_with(self, certificates, port=None, **defaults):
        challenges = {"alpn": {"type": "tls-alpn-01", "listen": [f"127.0.0.1:{port or self.ca.tls_port}"]},
                      "http": {"type": "http-01", "listen": [f"127.0.0.1:{self.ca.http_port}"]}}
        return self.make_daemon(certificates, challenges=challenges,
                                defaults={"issuers": ["pebble"], "challenge": "alpn", **defaults})

    def test_names_and_addresses(self):
        daemon = self.daemon_with([{"names": ["one.test", "www.one.test"]}, {"names": ["Bücher.test"], "name": "books"},
                                   {"names": ["127.0.0.1"], "name": "address"}]).start()
        self.assertEqual(daemon.wait_live("one.test", timeout=120).names, ["one.test", "www.one.test"])
        daemon.wait_live("books", timeout=120)
        daemon.wait_live("address", timeout=120)
        self.assertIn("tls-alpn-01", daemon.log())

    def test_names_and_addresses_in_one_certificate(self):
        names = {"alpn": "one.test", "http": "two.test"}
        daemon = self.daemon_with([{"names": [name, "127.0.0.1", "::1"], "challenge": how} for how, name in names.items()])
        for challenge, port in (("alpn", self.ca.tls_port), ("http", self.ca.http_port)):
            daemon.config["challenges"][challenge]["listen"].append(f"[::1]:{port}")
        daemon.start()
        for name in names.values():
            self.assertEqual(daemon.wait_live(name, timeout=120).names, ["0:0:0:0:0:0:0:1", "127.0.0.1", name])

    def test_through_haproxy(self):
        own = self.space.port()
        daemon = self.daemon_with([{"names": ["one.test"]}], port=own)
        daemon.write()
        printed = self.assert_exit(daemon.cli("snippet", "haproxy", "--config", daemon.file), 0)
        self.assertIn(f"server evercert {'127.0.0.1:' + str(own)}", printed.out)
        _, alpn = printed.out.split("# For tls-alpn-01", 1)
        HaproxyFront(self.space, "haproxy", self.ca.tls_port, tcp=True, snippet=alpn.split("\n", 1)[1]).start()
        daemon.start().wait_live("one.test", timeout=120)

    def test_a_challenge_of_its_own_for_a_name(self):
        daemon = self.daemon_with([{"names": ["one.test", "two.test"], "challenges": {"two.test": ["http"]}}]).start()
        daemon.wait_live("one.test", timeout=120)
        self.assertIn("http-01", daemon.log())
        self.assertIn("tls-alpn-01", daemon.log())

    def test_nobody_else_is_served(self):
        daemon = self.daemon_with([{"names": ["one.test"]}]).start()
        daemon.wait_live("one.test", timeout=120)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for protocols in (["acme-tls/1"], ["h2", "http/1.1"], ["acme-tls/1", "http/1.1"]):
            context.set_alpn_protocols(protocols)
            with socket.create_connection(("127.0.0.1", self.ca.tls_port), timeout=10) as raw:
                with self.assertRaises(OSError), context.wrap_socket(raw, server_hostname="one.test"):
                    pass


if __name__ == "__main__":
    suite.main()
