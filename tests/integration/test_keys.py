"""Keys: several types on one entry, both live or neither and both served; reused or fresh; every type that Pebble takes."""
import os

from harness import ca, suite, tls
from harness.proxy import PASS, Front, problem
from harness.servers import Nginx
from harness.workspace import wait_until

BOTH = ["ecdsa-p256", "rsa-2048"]
RSA_ONLY = "RSA-PSS+SHA256:RSA+SHA256"
ECDSA_ONLY = "ECDSA+SHA256"


def kind_of(leaf):
    """As openssl describes the key: ("rsa", bits) or ("ec", curve)."""
    text = tls.openssl("pkey", "-pubin", "-noout", "-text", data=leaf.public_key().encode())
    if "NIST CURVE" in text:
        return "ec", text.split("NIST CURVE:")[1].strip()
    return "rsa", int(text.split("Public-Key: (")[1].split(" ")[0])


class KeysStand(suite.Stand):
    def pair(self, name, suffix=""):
        """The live leaf of one key type, once its private key has been seen to fit."""
        leaf = tls.read_chain(self.daemon.live(name, f"fullchain{suffix}.pem"))[0]
        self.assertEqual(tls.public_key_of_key(self.daemon.live(name, f"privkey{suffix}.pem")), leaf.public_key())
        return leaf

    def both(self, name="one.test"):
        return self.pair(name), self.pair(name, ".rsa-2048")


class SeveralTypes(KeysStand):
    def serve(self, **options):
        """Both types issued, and nginx serving them."""
        self.make_ca(**options)
        self.front = Front(self.space, self.ca)
        daemon = self.make_daemon([{"names": ["one.test"], "keys": BOTH}], issuers={"pebble": self.front.issuer()}).start()
        daemon.wait_live("one.test", timeout=90)
        daemon.wait_state("one.test", "waiting")
        if not self.ca.finds(*self.both()):
            self.start_over()
            return self.serve(**options)
        self.server = Nginx(self.space, {"one.test": daemon.live("one.test").rstrip("/")})
        self.server.more_keys = ("rsa-2048",)
        self.server.start()
        daemon.config["deployments"] = {"web": self.server.deployment()}
        daemon.config["defaults"]["deploy"] = ["web"]
        daemon.write()
        self.assert_exit(daemon.cli("reload"), 0)
        wait_until("it is deployed", lambda: " is live and served" in daemon.log())
        return daemon

    def offered(self):
        return tuple(tls.offered(self.server.port, "one.test", kind) for kind in (ECDSA_ONLY, RSA_ONLY))

    def test_both_are_issued_deployed_and_served(self):
        daemon = self.serve(env=ca.HOSTILE)
        first = self.both()
        self.assertEqual([kind_of(leaf) for leaf in first], [("ec", "P-256"), ("rsa", 2048)])
        self.assertEqual(len(daemon.versions("one.test")), 1)
        wait_until("nginx serves both", lambda: self.offered() == first)
        shown = daemon.show("one.test")
        self.assertEqual((shown["live"]["serial"], shown["other_keys"][0]["serial"]), tuple(leaf.serial for leaf in first))
        self.assertEqual((shown["live"]["key"], shown["other_keys"][0]["key"]), tuple(BOTH))
        reloads = self.server.reloads()
        daemon.insist("one.test", other_than=first[0])
        daemon.wait_state("one.test", "waiting")
        second = self.both()
        self.assertFalse({leaf.serial for leaf in first} & {leaf.serial for leaf in second})
        self.assertFalse({leaf.public_key() for leaf in first} & {leaf.public_key() for leaf in second})
        wait_until("nginx serves both new ones", lambda: self.offered() == second)
        self.assertEqual(self.server.reloads(), reloads + 1)
        # Each new order named the certificate of its own key type.
        named = [order.payload.get("replaces") for order in self.front.orders() if order.status == 201]
        self.assertEqual(len(named), 4)
        self.assertEqual(len(set(named[2:])), 2)
        self.assertNotIn(None, named[2:])

    def test_one_fails_and_neither_goes_live(self):
        """The second type's order fails: the old pairs stay and are served; when the CA is well, the first's order is not
        wasted on another version."""
        daemon = self.serve()
        first = self.both()
        for what, failing in {"the second type": 1, "the same again, the first in hand": 0}.items():
            with self.subTest(what):
                seen = []

                def fail_one(asked, number=failing, seen=seen):
                    if not asked.is_order():
                        return PASS
                    seen.append(asked)
                    return problem(500, "serverInternal") if len(seen) > number else PASS
                self.front.rule(fail_one)
                self.assert_exit(daemon.cli("renew", "one.test", "--now"), 1)
                daemon.wait_state("one.test", "failing")
                self.assertEqual(self.both(), first)
                self.assertEqual(self.offered(), first)
                self.assertEqual(len(daemon.versions("one.test")), 1)
                self.front.remove(fail_one)
        orders = len([order for order in self.front.orders() if order.status == 201])
        daemon.insist("one.test", other_than=first[0])
        daemon.wait_state("one.test", "waiting")
        second = self.both()
        self.assertFalse({leaf.serial for leaf in first} & {leaf.serial for leaf in second})
        self.assertEqual(len(daemon.versions("one.test")), 2)
        wait_until("nginx serves both", lambda: self.offered() == second)
        # The order that had gone through before was picked up again: only the other was made anew.
        self.assertEqual(len([order for order in self.front.orders() if order.status == 201]), orders + 1)

    def test_a_restart_between_the_two(self):
        """Killed when one type is issued and the other is not: both or neither are live, and no order is lost."""
        daemon = self.serve()
        first = self.both()
        orders = len(self.front.orders())
        stuck = self.front.rule(lambda asked: problem(503, "serverInternal", headers={"Retry-After": "60"})
                                if asked.is_order() and len(self.front.orders()) > orders + 1 else PASS)
        self.assert_exit(daemon.cli("renew", "one.test", "--now"), 1)
        daemon.process.kill()
        self.front.remove(stuck)
        self.assertEqual(self.both(), first)
        daemon.start()
        self.assertEqual(self.offered(), first)
        daemon.insist("one.test", other_than=first[0])
        second = self.both()
        self.assertFalse({leaf.serial for leaf in first} & {leaf.serial for leaf in second})
        self.assertEqual(sum(order.status == 201 for order in self.front.orders()), 4)

    def test_a_type_is_added_and_taken_away(self):
        self.make_ca()
        daemon = self.make_daemon([{"names": ["one.test"]}]).start()
        first = daemon.wait_live("one.test")
        daemon.wait_state("one.test", "waiting")
        self.assertFalse(os.path.exists(daemon.live("one.test", "privkey.rsa-2048.pem")))
        entry = daemon.config["certificates"][0]
        entry["keys"] = BOTH
        daemon.hang_up()
        second = daemon.wait_live("one.test", other_than=first)
        daemon.wait_state("one.test", "waiting")
        self.assertEqual([kind_of(leaf) for leaf in self.both()], [("ec", "P-256"), ("rsa", 2048)])
        entry["keys"] = ["rsa-2048"]
        daemon.hang_up()
        third = daemon.wait_live("one.test", other_than=second)
        self.assertEqual(kind_of(third), ("rsa", 2048))
        daemon.wait_state("one.test", "waiting")
        self.assertEqual(self.pair("one.test"), third)
        self.assertFalse(os.path.exists(daemon.live("one.test", "privkey.rsa-2048.pem")))


class Types(KeysStand):
    def test_each_type_issues(self):
        self.make_ca()
        wanted = {"rsa-2048": ("rsa", 2048), "rsa-3072": ("rsa", 3072), "rsa-4096": ("rsa", 4096),
                  "ecdsa-p256": ("ec", "P-256"), "ecdsa-p384": ("ec", "P-384")}
        daemon = self.make_daemon([{"names": [f"{key}.test"], "keys": [key]} for key in wanted]).start()
        for key, kind in wanted.items():
            with self.subTest(key):
                daemon.wait_live(f"{key}.test", timeout=120)  # a prime of 2048 bits takes its time on a busy machine
                self.assertEqual(kind_of(self.pair(f"{key}.test")), kind)
                self.assertEqual(os.stat(daemon.live(f"{key}.test", "privkey.pem")).st_mode & 0o777, 0o600)

    def test_fresh_or_reused(self):
        """By default each renewal has a key of its own; with reuse_key all types keep theirs, over a restart too."""
        self.make_ca(env=ca.HOSTILE)
        daemon = self.make_daemon([{"names": ["fresh.test"]}, {"names": ["kept.test"], "keys": BOTH, "reuse_key": True}]).start()
        daemon.wait_live("fresh.test", timeout=90)
        daemon.wait_live("kept.test", timeout=90)
        fresh, kept = [self.pair("fresh.test")], [self.both("kept.test")]
        for round_ in range(2):
            if round_:
                daemon.restart()
            daemon.insist("fresh.test", other_than=fresh[-1])
            daemon.insist("kept.test", other_than=kept[-1][0])
            fresh.append(self.pair("fresh.test"))
            kept.append(self.both("kept.test"))
        self.assertEqual(len({leaf.public_key() for leaf in fresh}), 3)
        self.assertEqual(len({tuple(leaf.public_key() for leaf in pair) for pair in kept}), 1)
        self.assertEqual(len({leaf.serial for pair in kept for leaf in pair}), 6)

    def test_a_revoked_key_is_not_reused(self):
        self.make_ca()
        daemon = self.make_daemon([{"names": ["kept.test"], "reuse_key": True}]).start()
        first = daemon.wait_live("kept.test")
        daemon.wait_state("kept.test", "waiting")
        self.assert_exit(daemon.cli("revoke", "kept.test", "--reason", "keyCompromise"), 0)
        second = daemon.wait_live("kept.test", other_than=first)
        self.assertNotEqual(second.public_key(), first.public_key())
        self.assertEqual(self.ca.status(first.serial), "Revoked")


if __name__ == "__main__":
    suite.main()
