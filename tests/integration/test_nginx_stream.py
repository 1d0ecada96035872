"""tls-alpn-01 through nginx, which looks at ALPN and passes TLS on: what `evercert snippet nginx` prints, as it stands, on the
ports as they are everywhere. Everything is in a network of its own."""
from harness import ca, namespace, suite
from harness.fronts import NginxStreamFront
from harness.servers import Nginx
from harness.tls import handshake
from harness.workspace import read_text


class Stream(suite.Stand):
    def test_beside_the_sites_of_a_server(self):
        self.make_ca(env=ca.HOSTILE, tlsPort=443, httpPort=80)
        daemon = self.make_daemon([{"names": ["one.test", "www.one.test"]}, {"names": ["127.0.0.1"], "name": "address"}],
                                  challenges={"alpn": {"type": "tls-alpn-01", "listen": ["127.0.0.1:10443"]}},
                                  defaults={"issuers": ["pebble"], "challenge": "alpn"})
        daemon.write()
        printed = self.assert_exit(daemon.cli("snippet", "nginx", "--config", daemon.file), 0)
        _, comment, stream = printed.out.partition("# Beside http { }, for tls-alpn-01")
        self.assertTrue(comment, printed)
        own = Nginx(self.space).self_signed("one.test")
        NginxStreamFront(self.space, comment + stream, "one.test", own).start()
        root = read_text(f"{own}/root/root.pem")
        before = handshake(443, "one.test", root)
        daemon.start()
        self.assertEqual(daemon.wait_live("one.test", timeout=60).names, ["one.test", "www.one.test"])
        self.assertEqual(daemon.wait_live("address", timeout=60).names, ["127.0.0.1"])
        self.assertEqual(handshake(443, "one.test", root), before, "others are served by nginx as before")


if __name__ == "__main__":
    namespace.enter()
    suite.main()
