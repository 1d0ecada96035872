"""A CA that wants external account binding."""
from harness import suite

KEY = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"  # Pebble's public test value


class Eab(suite.Stand):
    def start(self, env=None, **eab):
        self.make_ca(eab={"kid-1": KEY})
        issuer = {**self.ca.issuer(), **({"eab": eab} if eab else {})}
        self.make_daemon([{"names": ["one.test"]}], issuers={"pebble": issuer}, env=env).start()

    def test_bound(self):
        self.start(key_id="kid-1", hmac_key_file=self.space.write("eab.key", KEY + "\n", 0o600))
        self.daemon.wait_live("one.test")
        self.assertNotIn(KEY, self.daemon.log())

    def test_bound_by_a_credential_of_the_unit(self):
        folder = self.space.make_folder("credentials", mode=0o700)
        self.space.write("credentials/pebble.eab", KEY + "\n", 0o400)
        self.start(env={"CREDENTIALS_DIRECTORY": folder}, key_id="kid-1", hmac_key_credential="pebble.eab")
        self.daemon.wait_live("one.test")

    def test_missing_is_said(self):
        self.start()
        self.daemon.wait_state("one.test", "failing")
        self.assertIn("eab", self.daemon.show("one.test")["problem"].lower())

    def test_wrong_key_is_said(self):
        wrong = "A" * 64
        self.start(key_id="kid-1", hmac_key_file=self.space.write("eab.key", wrong, 0o600))
        self.daemon.wait_state("one.test", "failing")
        self.assertTrue(self.daemon.show("one.test")["problem"])
        self.assertNotIn(wrong, self.daemon.log())


if __name__ == "__main__":
    suite.main()
