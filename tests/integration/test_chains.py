"""Long chains, alternate chains and the choice between them."""
from harness import suite, tls


class Chains(suite.Stand):
    def issue(self, **issuer):
        entry = {**self.ca.issuer(), **issuer}
        self.make_daemon([{"names": ["one.test"]}], issuers={"pebble": entry}).start()
        self.daemon.wait_live("one.test")
        return tls.read_chain(self.daemon.live("one.test", "fullchain.pem"))

    def roots(self):
        """(common name, fingerprint) of each root, in the CA's order."""
        found = [tls.Certificate(pem) for pem in tls.blocks(self.ca.roots())]
        return [(root.issuer.removeprefix("CN="), root.fingerprint) for root in found]

    def assert_builds(self, chain):
        for below, above in zip(chain, chain[1:]):
            self.space.write("above.pem", above.pem)
            self.space.write("below.pem", below.pem)
            tls.openssl("verify", "-partial_chain", "-CAfile", self.space.path("above.pem"), self.space.path("below.pem"))

    def test_three_intermediates(self):
        self.make_ca(env={"PEBBLE_CHAIN_LENGTH": "3"})
        chain = self.issue()
        self.assertEqual(len(chain), 4)
        self.assert_builds(chain)

    def test_the_default_chain_is_the_first(self):
        self.make_ca(env={"PEBBLE_CHAIN_LENGTH": "3", "PEBBLE_ALTERNATE_ROOTS": "2"})
        chain = self.issue()
        self.assertEqual(chain[-1].issuer, f"CN={self.roots()[0][0]}")

    def test_preferred_by_common_name(self):
        self.make_ca(env={"PEBBLE_CHAIN_LENGTH": "3", "PEBBLE_ALTERNATE_ROOTS": "2"})
        wanted = self.roots()[2][0]
        chain = self.issue(preferred_chain=wanted)
        self.assertEqual(chain[-1].issuer, f"CN={wanted}")
        self.assert_builds(chain)

    def test_preferred_that_nobody_offers(self):
        self.make_ca(env={"PEBBLE_ALTERNATE_ROOTS": "2"})
        chain = self.issue(preferred_chain="No Such Root")
        self.assertEqual(chain[-1].issuer, f"CN={self.roots()[0][0]}")
        self.assertIn("No Such Root", self.daemon.log())


if __name__ == "__main__":
    suite.main()
