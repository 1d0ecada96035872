"""Profiles (draft-ietf-acme-profiles): what is asked for is what is issued, or nothing is and it is said."""
from harness import ca, suite
from harness.proxy import Front
from harness.workspace import wait_until

DAY = 86400
OFFERED = {"default": {"description": "ninety days", "validityPeriod": 90 * DAY},
           "shortlived": {"description": "six days", "validityPeriod": 6 * DAY}}


@suite.needs_pebble(2, 9)
class Profiles(suite.Stand):
    def start(self, certificates, profile=None, offered=None, **options):
        self.make_ca(profiles=offered or OFFERED, **options)
        self.front = Front(self.space, self.ca)
        issuer = {**self.front.issuer(), **({"profile": profile} if profile else {})}
        return self.make_daemon(certificates, issuers={"pebble": issuer}).start()

    def offer(self, **profiles):
        """The CA comes back with these; it has forgotten the account, too."""
        self.ca.config["profiles"] = profiles
        self.ca.restart()

    def asked_for(self):
        return [order.payload.get("profile") for order in self.front.orders()]

    def assert_days(self, leaf, days):
        self.assertAlmostEqual(leaf.lifetime / DAY, days, delta=0.01)

    def test_by_issuer_and_by_certificate(self):
        """The certificate's own wins; hostile moods make no difference."""
        daemon = self.start([{"names": ["issuers.test"]}, {"names": ["own.test"], "profile": "default"}], "shortlived",
                            env=ca.HOSTILE)
        by_issuer, own = daemon.wait_live("issuers.test", timeout=90), daemon.wait_live("own.test", timeout=90)
        self.assert_days(by_issuer, 6)
        self.assert_days(own, 90)
        self.assertEqual(sorted({(o.payload["identifiers"][0]["value"], o.payload.get("profile")) for o in self.front.orders()}),
                         [("issuers.test", "shortlived"), ("own.test", "default")])
        daemon.wait_state("issuers.test", "waiting")
        self.assertIn("1/2 of its lifetime", daemon.log())
        second = daemon.insist("issuers.test", other_than=by_issuer)
        self.assert_days(second, 6)

    def test_by_certificate_alone(self):
        daemon = self.start([{"names": ["short.test"], "profile": "shortlived"}, {"names": ["long.test"], "profile": "default"}])
        self.assert_days(daemon.wait_live("short.test"), 6)
        self.assert_days(daemon.wait_live("long.test"), 90)

    def test_another_profile_in_the_configuration(self):
        """A changed profile is a wish for another certificate, and the other certificate is left alone."""
        daemon = self.start([{"names": ["one.test"], "profile": "default"}, {"names": ["two.test"], "profile": "default"}])
        first, other = daemon.wait_live("one.test"), daemon.wait_live("two.test")
        daemon.wait_state("one.test", "waiting")
        daemon.wait_state("two.test", "waiting")
        daemon.config["certificates"][0]["profile"] = "shortlived"
        daemon.hang_up()
        self.assert_days(daemon.wait_live("one.test", other_than=first), 6)
        self.assertEqual(daemon.leaf("two.test"), other)

    def assert_refused(self, name, profile, offered):
        """Failing, with words that name what is on offer; no order was asked for."""
        daemon, orders = self.daemon, len(self.front.orders())
        daemon.wait_state(name, "failing")
        shown = daemon.show(name)
        for word in (profile, *offered):
            self.assertIn(f"'{word}'", shown["problem"])
        self.assertIn("error [cert.order_failed]", daemon.log())
        told = daemon.cli("explain", name, "--json").json()["explanation"]["troubles"][0]
        self.assertIn(f"does not offer the profile '{profile}'", told["happened"])
        self.assertIn("profile", told["mend"])
        answer = self.assert_exit(daemon.cli("renew", name, "--now"), 1)
        self.assertIn(f"'{profile}'", answer.out + answer.err)
        self.assertEqual(len(self.front.orders()), orders)

    def test_unlisted(self):
        daemon = self.start([{"names": ["one.test"], "profile": "tlsclient"}, {"names": ["two.test"]}])
        daemon.wait_live("two.test")
        self.assert_refused("one.test", "tlsclient", ("default", "shortlived"))
        self.assertIsNone(daemon.leaf("one.test"))
        self.assertNotIn("tlsclient", self.asked_for())
        # Mended by the operator: at once.
        daemon.config["certificates"][0]["profile"] = "shortlived"
        daemon.hang_up()
        self.assert_days(daemon.wait_live("one.test"), 6)

    def test_withdrawn(self):
        """What is live stays; nothing else is ordered in its place; when it is back, so are we."""
        daemon = self.start([{"names": ["one.test"], "profile": "shortlived"}])
        first = daemon.wait_live("one.test")
        daemon.wait_state("one.test", "waiting")
        self.offer(default=OFFERED["default"])
        # The first tries meet a CA that has forgotten the account, and the directory as it was; each is refused.
        for _ in range(3):
            self.assert_exit(daemon.cli("renew", "one.test", "--now"), 1)
        self.assert_refused("one.test", "shortlived", ("default",))
        daemon.restart()
        self.assert_refused("one.test", "shortlived", ("default",))
        self.assertEqual(daemon.leaf("one.test"), first)
        self.assertEqual(set(self.asked_for()), {"shortlived"})
        self.assertEqual([order for order in self.front.orders()[1:] if order.status == 201], [])
        self.offer(**OFFERED)
        self.assert_days(daemon.insist("one.test", other_than=first), 6)

    def test_withdrawn_between_directory_and_order(self):
        """The directory that is known still lists it, the CA refuses the order: the same words, no other profile."""
        daemon = self.start([{"names": ["one.test"], "profile": "shortlived"}])
        first = daemon.wait_live("one.test")
        daemon.wait_state("one.test", "waiting")
        listing = next(one.answer for one in self.front.asked() if one.is_directory())
        daemon.stop()
        self.front.once(lambda one: one.is_directory(), (200, {"Content-Type": "application/json"}, listing))
        self.offer(default=OFFERED["default"])
        daemon.start()
        for _ in range(3):
            self.assert_exit(daemon.cli("renew", "one.test", "--now"), 1)
        wait_until("it is failing for that", lambda: "does not offer the profile 'shortlived'" in
                   daemon.show("one.test")["problem"])
        self.assertEqual(daemon.leaf("one.test"), first)
        self.assertEqual(set(self.asked_for()), {"shortlived"})
        refused = [order for order in self.front.orders()[1:] if order.status != 201]
        self.assertTrue(any(b"invalidProfile" in order.answer for order in refused), refused)


if __name__ == "__main__":
    suite.main()
