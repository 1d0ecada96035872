"""Apache, which approves of a mismatched pair, reloads with exit code 0, and ends: it has to survive us."""
from harness import suite, tls
from harness.servers import Apache
from harness.workspace import wait_until


class Apache_(suite.Stand):
    def setUp(self):
        super().setUp()
        self.make_ca()
        daemon = self.make_daemon([{"names": ["one.test"]}]).start()
        self.first = daemon.wait_live("one.test")
        self.server = Apache(self.space, {"one.test": daemon.live("one.test").rstrip("/")}).start()
        daemon.config["deployments"] = {"web": self.server.deployment()}
        daemon.config["defaults"]["deploy"] = ["web"]
        daemon.write()
        self.assert_exit(daemon.cli("reload"), 0)
        wait_until("deployed", lambda: "one.test: version 1 is live and served" in daemon.log())
        daemon.wait_state("one.test", "waiting")
        self.roots = self.ca.roots()

    def served(self):
        return tls.served(self.server.port, "one.test", self.roots)

    def test_renewal_reloads_once(self):
        reloads = self.server.reloads()
        self.assertEqual(self.served(), self.first)
        self.assert_exit(self.daemon.cli("renew", "one.test", "--now"), 0)
        second = self.daemon.wait_live("one.test", other_than=self.first)
        wait_until("apache serves the new one", lambda: self.served() == second)
        self.daemon.wait_state("one.test", "waiting")
        self.assertEqual(self.server.reloads(), reloads + 1)
        self.server.alive()

    def test_it_survives_a_mismatched_pair(self):
        """The live key is replaced by hand; deploying that must not reach Apache, and in the end a good pair is live."""
        reloads = self.server.reloads()
        tls.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-out", self.daemon.live("one.test", "privkey.pem"))
        answer = self.daemon.cli("deploy", "one.test")
        self.assert_never("apache is reloaded while the pair does not match, or ends",
                          lambda: not self.server.process.running() or (self.server.reloads() > reloads and not self.pair()), 5)
        self.assertIn(self.served().names, [["one.test"]])
        self.assertTrue(answer.code != 0 or self.daemon.leaf("one.test") != self.first, answer)
        self.daemon.cli("renew", "one.test", "--now")
        second = self.daemon.wait_live("one.test", other_than=self.first)
        wait_until("a good pair is live", self.pair)
        wait_until("apache serves it", lambda: self.served() == second)
        self.server.alive()

    def pair(self):
        return (tls.public_key_of_key(self.daemon.live("one.test", "privkey.pem"))
                == tls.public_key_of_certificate(self.daemon.live("one.test", "cert.pem")))


if __name__ == "__main__":
    suite.main()
