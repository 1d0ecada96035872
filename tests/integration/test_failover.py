"""Two CAs for one certificate: the second issues when the first fails, and the first again once it is back."""
import json

from harness import suite
from harness.ca import Pebble
from harness.proxy import Asked, Front, problem
from harness.tls import Certificate, read_chain
from harness.workspace import wait_until

NAME = "one.test"
EAB = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"  # Pebble's public test value


class Failover(suite.Stand):
    def make_two(self, first=None, second=None):
        """Two CAs that ask for tokens at the same port, each behind a front that can be told to fail."""
        self.make_ca(name="first", **(first or {}))
        self.other = Pebble(self.space, name="second", dns=self.ca.dns, httpPort=self.ca.http_port, **(second or {}))
        self.first, self.second = Front(self.space, self.ca), Front(self.space, self.other)

    def run_daemon(self, **first):
        issuers = {"first": {**self.first.issuer(), **first}, "second": self.second.issuer()}
        self.make_daemon([{"names": [NAME]}], issuers=issuers, defaults={"issuers": ["first", "second"]}).start()

    def assert_issued_by(self, ca):
        """The chain tells: each Pebble has intermediates of its own."""
        self.assertEqual(read_chain(self.daemon.live(NAME, "fullchain.pem"))[1], Certificate(ca.ask("/intermediates/0")))

    def told(self):
        answer = self.daemon.cli("explain", NAME)
        return self.assert_exit(answer, 0).out

    def assert_second_issues(self, *words):
        """At once, for there is nothing to serve yet; log and explain keep what the first had to say."""
        leaf = self.daemon.wait_live(NAME)
        self.assert_issued_by(self.other)
        self.daemon.wait_state(NAME, "waiting")
        failed = [line for line in self.daemon.log().splitlines() if "[cert.order_failed]" in line]
        self.assertEqual(len(failed), 1, failed)
        for word in (*words, "at first, next at second"):
            self.assertIn(word, failed[0])
        recently = self.told()
        self.assertIn("cert.order_failed: ", recently)
        self.assertIn(words[0], recently)
        self.assertEqual(self.daemon.show(NAME)["issuer"], "second")
        return leaf

    def assert_back_at_first(self, leaf):
        """The next renewal. A CA is never told that it replaces what another has issued."""
        self.assert_exit(self.daemon.cli("renew", NAME, "--now"), 0)
        leaf = self.daemon.wait_live(NAME, other_than=leaf)
        self.assert_issued_by(self.ca)
        self.assertNotIn("replaces", self.first.orders()[-1].payload)
        self.assertEqual(self.daemon.show(NAME)["issuer"], "first")
        self.assert_exit(self.daemon.cli("renew", NAME, "--now"), 0)
        self.daemon.wait_live(NAME, other_than=leaf)
        self.assert_issued_by(self.ca)
        # Of one in 256 certificates Pebble does not find the order (the serial number begins with 00): then it is asked
        # once more without.
        asked = self.first.orders()
        said = asked[-1] if asked[-2].status == 201 else asked[-2]
        self.assertIn("replaces", said.payload)
        self.assertEqual(len(self.second.orders()), 1)

    def answer_orders(self, answer, *words):
        self.make_two()
        failing = self.first.rule(lambda asked: answer if asked.is_order() else None)
        self.run_daemon()
        leaf = self.assert_second_issues(*words)
        self.first.remove(failing)
        self.assert_back_at_first(leaf)

    def test_orders_answered_500(self):
        self.answer_orders(problem(500, "serverInternal", "the database is away"), "serverInternal", "the database is away")

    def test_everything_answered_500(self):
        """As a load balancer does whose servers are down."""
        self.make_two()
        failing = self.first.rule(lambda _: (500, {"Content-Type": "text/html"}, "<html>no server left</html>"))
        self.run_daemon()
        leaf = self.assert_second_issues("asking the CA for its directory", "500")
        self.first.remove(failing)
        self.assert_back_at_first(leaf)

    def test_rate_limited_for_hours(self):
        limit = problem(429, "rateLimited", "too many new orders recently", {"Retry-After": "7200"})
        self.answer_orders(limit, "one of its rate limits is reached", "too many new orders recently", "wait for 2h")

    def test_rate_limited_without_a_time(self):
        self.answer_orders(problem(429, "rateLimited", "too many new orders recently"), "one of its rate limits is reached")

    def test_connections_refused(self):
        self.make_two()
        self.first.stop()
        self.run_daemon()
        leaf = self.assert_second_issues("asking the CA for its directory", "refused")
        self.first.start()
        self.assert_back_at_first(leaf)

    def withdraw(self):
        """The first CA no longer lists the profile; returns the rule that says so."""
        def without(answer):
            status, headers, body = answer
            directory = json.loads(body)
            del directory["meta"]["profiles"]["classic"]
            return status, headers, json.dumps(directory)

        def withdrawn(asked):
            if asked.is_directory():
                return without
            wanted = asked.is_order() and asked.payload.get("profile") == "classic"
            return problem(400, "invalidProfile", "there is no profile called classic") if wanted else None
        return self.first.rule(withdrawn)

    def make_two_with_profiles(self):
        profiles = {name: {"description": name, "validityPeriod": 7776000} for name in ("default", "classic")}
        self.make_two(first={"profiles": profiles})

    def test_profile_withdrawn(self):
        """A profile is not changed for another one of the same CA; a second CA may well issue."""
        self.make_two_with_profiles()
        withdrawn = self.withdraw()
        self.run_daemon(profile="classic")
        leaf = self.assert_second_issues("does not offer the profile 'classic'", "it offers 'default'")
        self.assertEqual(self.first.orders(), [])
        self.first.remove(withdrawn)
        self.assert_back_at_first(leaf)

    def test_profile_withdrawn_before_a_renewal(self):
        """No patience here: to try again would not bring the profile back."""
        self.make_two_with_profiles()
        self.run_daemon(profile="classic")
        leaf = self.daemon.wait_live(NAME)
        self.assert_issued_by(self.ca)
        withdrawn = self.withdraw()
        self.assert_exit(self.daemon.cli("renew", NAME, "--now"), 0)
        self.assertNotEqual(self.daemon.leaf(NAME), leaf)
        leaf = self.assert_second_issues("profile", "classic", "set 'profile' to one that the CA offers")
        self.first.remove(withdrawn)
        self.assert_back_at_first(leaf)

    def test_external_account_missing(self):
        self.make_two(first={"eab": {"kid-1": EAB}})
        self.run_daemon()
        leaf = self.assert_second_issues("external account")
        self.assertTrue(all(asked.payload.get("onlyReturnExisting") for asked in self.first.asked(Asked.is_account)))
        key = self.space.write("eab.key", EAB + "\n", 0o600)
        self.daemon.config["issuers"]["first"]["eab"] = {"key_id": "kid-1", "hmac_key_file": key}
        self.daemon.write()
        self.assert_exit(self.daemon.cli("reload"), 0)
        self.assert_back_at_first(leaf)

    def test_back_without_being_asked(self):
        self.make_two(second={"validity": 20})
        failing = self.first.rule(lambda asked: problem(500, "serverInternal", "the database is away")
                                  if asked.is_order() else None)
        self.run_daemon()
        self.daemon.wait_live(NAME)
        self.assert_issued_by(self.other)
        self.first.remove(failing)
        # The first is left alone for a minute or two; until then the second keeps the certificate alive.
        wait_until("the first issues again", lambda: self.daemon.show(NAME)["issuer"] == "first", 180)
        self.assert_issued_by(self.ca)
        self.assertNotIn("has expired", self.daemon.log())

    def test_none_is_left(self):
        """What each of them says is told, and either is enough."""
        self.make_two()
        self.first.stop()
        limit = problem(429, "rateLimited", "too many new orders recently", {"Retry-After": "7200"})
        failing = self.second.rule(lambda asked: limit if asked.is_order() else None)
        self.run_daemon()
        self.daemon.wait_state(NAME, "failing")
        told = self.told()
        for word in ("ordering at first: 1 failure", "see whether this machine reaches the CA",
                     "ordering at second: 1 failure", "one of its rate limits is reached"):
            self.assertIn(word, told)
        self.second.remove(failing)
        self.assert_exit(self.daemon.cli("renew", NAME, "--now"), 0)
        self.assert_issued_by(self.other)

    def test_a_renewal_is_patient(self):
        """While what is served has time left, the first is asked three times before the second has its turn."""
        self.make_two()
        self.run_daemon()
        leaf = self.daemon.wait_live(NAME)
        self.assert_issued_by(self.ca)
        failing = self.first.rule(lambda asked: problem(500, "serverInternal", "the database is away")
                                  if asked.is_order() else None)
        for tries in (1, 2):
            self.assert_exit(self.daemon.cli("renew", NAME, "--now"), 1)
            self.assertEqual(self.daemon.leaf(NAME), leaf)
            told = self.told()
            self.assertIn("the database is away", told)
            self.assertIn(f"retry at first after {tries} failure", told)
            self.assertEqual(self.second.orders(), [])
        self.assert_exit(self.daemon.cli("renew", NAME, "--now"), 0)
        leaf = self.daemon.wait_live(NAME, other_than=leaf)
        self.assert_issued_by(self.other)
        self.assertNotIn("replaces", self.second.orders()[-1].payload)
        self.first.remove(failing)
        self.assert_back_at_first(leaf)


if __name__ == "__main__":
    suite.main()
