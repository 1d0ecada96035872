"""Issuance against Pebble with its hostile defaults: one nonce in twenty refused, slow validations, half of the
authorizations reused, -strict."""
import os
import stat

from harness import ca, suite, tls


class Issue(suite.Stand):
    def check_set(self, name, names):
        """Everything a server needs is on disk, complete, private where it must be, and chains to the CA."""
        daemon = self.daemon
        leaf = daemon.wait_live(name, timeout=120)
        self.assertEqual(leaf.names, sorted(names))
        self.assertEqual(tls.public_key_of_key(daemon.live(name, "privkey.pem")),
                         tls.public_key_of_certificate(daemon.live(name, "cert.pem")))
        chain = tls.read_chain(daemon.live(name, "chain.pem"))
        self.assertEqual(tls.read_chain(daemon.live(name, "fullchain.pem")), [leaf, *chain])
        self.assertEqual(tls.read_chain(daemon.live(name, "cert.pem")), [leaf])
        roots = self.space.write("roots.pem", self.ca.roots())
        tls.openssl("verify", "-CAfile", roots, "-untrusted", daemon.live(name, "chain.pem"), daemon.live(name, "cert.pem"))
        self.assertEqual(stat.S_IMODE(os.stat(daemon.live(name, "privkey.pem")).st_mode), 0o600)
        self.assertTrue(os.path.islink(daemon.live(name).rstrip("/")))
        self.assertEqual(self.ca.status(leaf.serial), "Valid")
        return leaf

    def test_hostile_defaults(self):
        self.make_ca(env=ca.HOSTILE)
        self.make_daemon([
            {"names": ["one.test", "www.one.test", "mail.one.test"]},
            {"names": ["two.test"], "keys": ["rsa-2048"]},
            {"names": ["three.test"], "keys": ["ecdsa-p384"]},
        ]).start()
        self.check_set("one.test", ["one.test", "www.one.test", "mail.one.test"])
        self.check_set("two.test", ["two.test"])
        self.check_set("three.test", ["three.test"])
        self.assertIn("Public-Key: (2048 bit)", tls.openssl("x509", "-noout", "-text", "-in",
                                                           self.daemon.live("two.test", "cert.pem")))
        self.assertIn("secp384r1", tls.openssl("x509", "-noout", "-text", "-in",
                                               self.daemon.live("three.test", "cert.pem")))
        self.assertEqual(stat.S_IMODE(os.stat(self.daemon.data_dir).st_mode), 0o700)

    def test_one_nonce_in_two_refused(self):
        self.make_ca(env={"PEBBLE_WFE_NONCEREJECT": "50"})
        self.make_daemon([{"names": ["one.test"]}]).start()
        self.daemon.wait_live("one.test", timeout=120)

    def test_international_names(self):
        self.make_ca()
        self.make_daemon([{"names": ["Bücher.Test", "www.bücher.test"], "name": "books"}]).start()
        self.check_set("books", ["xn--bcher-kva.test", "www.xn--bcher-kva.test"])

    def test_addresses(self):
        self.make_ca()
        self.make_daemon([{"names": ["127.0.0.1"], "name": "address"}]).start()
        self.check_set("address", ["127.0.0.1"])

    def test_many_at_once(self):
        self.make_ca(retry_after=0)
        names = [f"n{number}.test" for number in range(30)]
        self.make_daemon([{"names": [name, f"www.{name}"]} for name in names]).start()
        leaves = {self.daemon.wait_live(name, timeout=120).serial for name in names}
        self.assertEqual(len(leaves), 30)
        self.assertEqual(self.ca.orders(), 30)

    def test_a_restart_asks_the_ca_for_nothing_new(self):
        self.make_ca()
        self.make_daemon([{"names": ["one.test"]}]).start()
        leaf = self.daemon.wait_live("one.test")
        self.daemon.wait_state("one.test", "waiting")
        self.daemon.restart()
        self.daemon.wait_state("one.test", "waiting")
        self.assertEqual(self.daemon.leaf("one.test"), leaf)
        self.assertEqual(self.ca.orders(), 1)
        self.assertEqual(self.ca.process.log().count("There are now 1 accounts"), 1)

    def test_a_short_lived_certificate_is_renewed_by_itself(self):
        self.make_ca(validity=30)
        self.make_daemon([{"names": ["one.test"]}]).start()
        first = self.daemon.wait_live("one.test")
        second = self.daemon.wait_live("one.test", other_than=first, timeout=45)
        self.assertNotEqual(first.serial, second.serial)
        self.assertEqual(self.daemon.versions("one.test")[:2], [1, 2])

    def test_start_never_waits_for_a_ca(self):
        self.make_ca()
        self.ca.stop()
        self.make_daemon([{"names": ["one.test"]}]).start()
        self.daemon.wait_state("one.test", "failing")
        found = self.daemon.show("one.test")
        self.assertTrue(found["problem"], found)
        self.ca.start()
        self.daemon.insist("one.test")


if __name__ == "__main__":
    suite.main()
