"""http-01 without a port of our own: files for another server, and servers that pass challenges on."""
import os

from harness import ca, suite
from harness.fronts import ApacheFront, HaproxyFront, NginxFront


class Webroot(suite.Stand):
    def setUp(self):
        super().setUp()
        self.make_ca(env=ca.HOSTILE)
        self.root = self.space.make_folder("www")

    def daemon_with(self, challenges, certificates):
        return self.make_daemon(certificates, challenges=challenges, defaults={"issuers": ["pebble"], "challenge": "web"})

    def test_nginx_serves_the_files(self):
        NginxFront(self.space, "nginx", self.ca.http_port, webroot=self.root).start()
        daemon = self.daemon_with({"web": {"type": "http-01", "webroot": self.root}},
                                  [{"names": ["one.test", "www.one.test"]}, {"names": ["two.test"]}]).start()
        daemon.wait_live("one.test", timeout=120)
        daemon.wait_live("two.test", timeout=120)
        self.assertEqual(os.listdir(self.root), [], "nothing is left behind")

    def test_a_missing_root_is_explained(self):
        daemon = self.daemon_with({"web": {"type": "http-01", "webroot": self.root + "/nowhere"}},
                                  [{"names": ["one.test"]}]).start()
        daemon.await_("the failure is told", lambda: "cert.order_failed" in daemon.log(), 60)
        explained = daemon.cli("explain", "one.test")
        self.assertIn("www/nowhere", explained.out)
        self.assertIn("has to be the folder that the web server serves", explained.out)
        self.assertFalse(os.path.exists(self.root + "/nowhere"))


class Behind(suite.Stand):
    """What `evercert snippet` prints works as it stands."""

    def check(self, server, front):
        self.make_ca(env=ca.HOSTILE)
        own = self.space.port()
        daemon = self.make_daemon([{"names": ["one.test", "www.one.test"]}], http_port=own)
        daemon.write()
        printed = self.assert_exit(daemon.cli("snippet", server, "--config", daemon.file), 0)
        self.assertIn(f"127.0.0.1:{own}", printed.out)
        front(self.space, server, self.ca.http_port, snippet=printed.out).start()
        daemon.start().wait_live("one.test", timeout=120)

    def test_nginx(self):
        self.check("nginx", NginxFront)

    def test_apache(self):
        self.check("apache", ApacheFront)

    def test_haproxy(self):
        self.check("haproxy", HaproxyFront)


if __name__ == "__main__":
    suite.main()
