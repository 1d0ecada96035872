"""`replaces` in new orders (RFC 9773 section 5): where it may stand it does, and a CA that refuses it still renews."""
import shutil

from harness import ca, suite
from harness.proxy import PASS, Front, problem
from test_renewal_info import renewal_id


class ReplacesStand(suite.Stand):
    def issue(self, names=("one.test",), **options):
        self.make_ca(**options)
        self.front = Front(self.space, self.ca)
        daemon = self.make_daemon([{"names": list(names)}], issuers={"pebble": self.front.issuer()}).start()
        leaf = daemon.wait_live(names[0], timeout=90)
        daemon.wait_state(names[0], "waiting")
        if not self.ca.finds(leaf):
            self.start_over()
            return self.issue(names, **options)
        return daemon, leaf

    def renew(self, leaf, name="one.test"):
        """Renews it as an operator does; the orders asked for that, and the new leaf."""
        before = len(self.front.orders())
        second = self.daemon.insist(name, other_than=leaf)
        self.assertEqual(self.ca.status(second.serial), "Valid")
        orders = self.front.orders()[before:]
        while not self.ca.finds(second):
            second = self.daemon.insist(name, other_than=second)
        return orders, second

    def assert_retried_without(self, leaf, orders, status):
        with_it, without = [one for one in orders if one.payload.get("replaces") or one.status == 201]
        self.assertEqual(with_it.payload["replaces"], renewal_id(leaf))
        self.assertEqual(with_it.status, status, with_it)
        self.assertNotIn("replaces", without.payload)
        self.assertEqual(without.payload, {key: value for key, value in with_it.payload.items() if key != "replaces"})
        self.assertEqual(without.status, 201)
        self.assertIn("acme.replaces_dropped", self.daemon.log())


@suite.needs_pebble(2, 10)
class Pebbles(ReplacesStand):
    """What Pebble 2.10 says by itself."""

    def test_taken(self):
        _, leaf = self.issue(env=ca.HOSTILE)
        for _ in range(3):
            orders, second = self.renew(leaf)
            self.assertEqual({order.payload.get("replaces") for order in orders}, {renewal_id(leaf)}, orders)
            (order,) = [order for order in orders if order.status == 201]  # others had a nonce refused
            self.assertEqual(order.json().get("replaces"), renewal_id(leaf))  # said again by the CA
            leaf = second

    def test_already_replaced(self):
        """A data_dir brought back from a backup holds a certificate that the CA has seen replaced."""
        daemon, leaf = self.issue()
        daemon.stop()
        shutil.copytree(daemon.data_dir, self.space.path("backup"), symlinks=True)
        daemon.start()
        self.renew(leaf)
        daemon.stop()
        shutil.rmtree(daemon.data_dir)
        shutil.copytree(self.space.path("backup"), daemon.data_dir, symlinks=True)
        daemon.start()
        self.assertEqual(daemon.leaf("one.test"), leaf)
        orders, _ = self.renew(leaf)
        self.assert_retried_without(leaf, orders, 409)

    def test_unknown_certificate(self):
        """A CA that lost its state knows neither the account nor the certificate's issuer."""
        daemon, leaf = self.issue()
        daemon.stop()
        self.ca.restart()
        daemon.start()
        orders, _ = self.renew(leaf)
        self.assert_retried_without(leaf, orders[-2:], 400)

    def test_another_account(self):
        daemon, leaf = self.issue()
        daemon.stop()
        shutil.rmtree(f"{daemon.data_dir}/accounts")
        daemon.start()
        orders, _ = self.renew(leaf)
        self.assert_retried_without(leaf, orders, 403)

    def test_no_common_name(self):
        """It is not even tried."""
        daemon, leaf = self.issue()
        daemon.config["certificates"][0].update(names=["other.test"], name="one.test")
        daemon.hang_up()
        second = daemon.wait_live("one.test", other_than=leaf)
        self.assertEqual(second.names, ["other.test"])
        self.assertNotIn("replaces", self.front.orders()[-1].payload)


@suite.needs_pebble(2, 10)
class Others(ReplacesStand):
    """What other CAs say, and what a front says in their place."""

    def test_refused_and_renewed(self):
        _, leaf = self.issue()
        refusals = {
            "already replaced": problem(409, "alreadyReplaced"), "older Pebble": problem(409, "conflict"),
            "unknown certificate (Boulder)": problem(404, "malformed"), "not parsed": problem(400, "malformed"),
            "other account (Boulder)": problem(403, "unauthorized"), "internal (Pebble)": problem(500, "serverInternal"),
            "a type of its own": problem(400, "noSuchPredecessor"), "a page instead": (400, {"Content-Type": "text/html"}, "<p>"),
        }
        for what, refusal in refusals.items():
            with self.subTest(what):
                failed = self.daemon.log().count("cert.order_failed")
                self.front.once(lambda one: one.is_order() and "replaces" in one.payload, refusal)
                orders, second = self.renew(leaf)
                self.assert_retried_without(leaf, orders, refusal[0])
                self.assertEqual(len(orders), 2)
                self.assertEqual(self.daemon.log().count("cert.order_failed"), failed)
                leaf = second

    def test_a_refusal_for_another_reason_is_not_retried(self):
        daemon, leaf = self.issue()
        rule = self.front.rule(
            lambda one: problem(429, "rateLimited", headers={"Retry-After": "3600"}) if one.is_order() else PASS)
        before = len(self.front.orders())
        self.assert_exit(daemon.cli("renew", "one.test", "--now"), 1)
        self.assertEqual(len(self.front.orders()), before + 1)
        self.assertEqual(daemon.leaf("one.test"), leaf)
        self.front.remove(rule)
        orders, _ = self.renew(leaf)
        self.assertEqual([one.payload.get("replaces") for one in orders], [renewal_id(leaf)])

    def test_not_without_renewal_info(self):
        """A CA whose directory has none of it is not shown the member."""
        self.make_ca()
        self.front = Front(self.space, self.ca)

        def plain(answer):
            return answer[0], answer[1], answer[2].replace(b'"renewalInfo"', b'"somethingElse"')
        self.front.rule(lambda one: plain if one.is_directory() else PASS)
        daemon = self.make_daemon([{"names": ["one.test"]}], issuers={"pebble": self.front.issuer()}).start()
        leaf = daemon.wait_live("one.test")
        daemon.wait_state("one.test", "waiting")
        (order,), _ = self.renew(leaf)
        self.assertNotIn("replaces", order.payload)


if __name__ == "__main__":
    suite.main()
