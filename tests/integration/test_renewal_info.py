"""Renewal information (RFC 9773) against Pebble: what the daemon makes of each window that a CA can name."""
import base64
import datetime
import json
import re

from harness import ca, suite, tls
from harness.proxy import PASS, Asked, Front

DAY = 86400
AFTER_START = 20  # seconds; the daemon asks for renewal information within the first second or two


def stamp(moment):
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def window(start, end, **more):
    """What a CA answers; times in seconds since 1970."""
    return json.dumps({"suggestedWindow": {"start": stamp(start), "end": stamp(end)}, **more})


def renewal_id(leaf):
    """By RFC 9773 section 4.1, from what openssl prints."""
    text = tls.openssl("x509", "-noout", "-ext", "authorityKeyIdentifier", data=leaf.pem.encode())
    authority = bytes.fromhex(re.search(r"((?:[0-9A-F]{2}:?){20})", text).group(1).replace(":", ""))
    serial = bytes.fromhex(leaf.serial if len(leaf.serial) % 2 == 0 else "0" + leaf.serial)
    serial = b"\0" + serial if serial[0] & 0x80 else serial
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (authority, serial))


class RenewalInfoStand(suite.Stand):
    """One certificate, issued through a front. Its first renewal information is kept from the daemon, so that nothing is
    known but the local schedule; what is said later is asked for after a restart, as Retry-After is hours."""

    def issue(self, names=("one.test",), **options):
        self.make_ca(**options)
        self.front = Front(self.space, self.ca)
        silence = self.front.rule(lambda asked: (503, {}, "") if asked.is_renewal_info() else PASS)
        daemon = self.make_daemon([{"names": list(names)}], issuers={"pebble": self.front.issuer()}).start()
        self.leaf = daemon.wait_live(names[0], timeout=90)
        daemon.await_("the first question", lambda: self.front.asked(Asked.is_renewal_info), 30)
        daemon.wait_state(names[0], "waiting")
        if not self.ca.finds(self.leaf):
            self.start_over()
            return self.issue(names, **options)
        self.front.remove(silence)
        self.now = datetime.datetime.now().timestamp()
        return daemon

    def say(self, text):
        """The CA says so; the daemon is started anew and has been told."""
        self.ca.set_renewal_info(self.leaf, text)
        return self.look_again()

    def look_again(self):
        before = len(self.front.asked(Asked.is_renewal_info))
        self.daemon.restart()
        path = f"/renewalInfo/{renewal_id(self.leaf)}"
        return self.daemon.await_("it asks", lambda: next(
            (one for one in self.front.asked(Asked.is_renewal_info)[before:] if one.path.endswith(path) and one.status), None),
            AFTER_START)

    def plan(self, name="one.test"):
        plan = self.daemon.cli("plan", "--json").json()["plan"]
        return next(step for step in plan if step["certificate"] == name)

    def explained(self, name="one.test"):
        return self.daemon.cli("explain", name, "--json").json()["explanation"]

    def assert_replaces(self, leaf, order):
        """The order named it, and the CA took that."""
        self.assertEqual(order.payload.get("replaces"), renewal_id(leaf))
        self.assertEqual(order.status, 201, order)

    def assert_own_schedule(self):
        step = self.plan()
        self.assertEqual(step["cause"], "lifetime")
        self.assertIn("2/3 of its lifetime", step["reason"])
        self.assertAlmostEqual(seconds(step["when"]), self.leaf.not_before + 60.5 * DAY, delta=DAY)
        self.assertIn("2/3 of its lifetime", self.explained()["next"])
        self.assertIsNone(self.daemon.show("one.test")["renewal_window"])


@suite.needs_pebble(2, 8)
class Windows(RenewalInfoStand):
    def test_now(self):
        daemon = self.issue()
        self.assert_own_schedule()
        now = datetime.datetime.now().timestamp()
        self.say(window(now - 600, now + 8))  # drawn in it: mostly past, at most seconds ahead
        second = daemon.wait_live("one.test", other_than=self.leaf, timeout=40)
        self.assertEqual(self.ca.status(second.serial), "Valid")
        self.assert_replaces(self.leaf, self.front.orders()[1])
        self.assertIn("ordering from pebble: renewal in the CA's window", daemon.log())

    def test_past(self):
        daemon = self.issue()
        self.say(window(self.now - 2 * DAY, self.now - DAY, explanationURL="https://ca.example/incident-7"))
        second = daemon.wait_live("one.test", other_than=self.leaf, timeout=20)
        daemon.wait_state("one.test", "waiting")
        self.assert_replaces(self.leaf, self.front.orders()[1])
        self.assertEqual(len(self.front.orders()), 2)
        log = daemon.log()
        self.assertIn("warning [cert.renewal_info]", log)
        self.assertIn("https://ca.example/incident-7", log)
        history = daemon.cli("history", "one.test").out
        self.assertIn("https://ca.example/incident-7", history)
        # The new one is in nobody's past window: it rests until the CA's own.
        step = self.plan()
        self.assertGreater(seconds(step["when"]), second.not_before + 50 * DAY)
        self.assert_never("a third order", lambda: len(self.front.orders()) > 2, 3)

    def test_future_and_a_restart(self):
        daemon = self.issue()
        start, end = int(self.now) + 10 * DAY, int(self.now) + 11 * DAY
        self.say(window(start, end, explanationURL="https://ca.example/why"))
        daemon.await_("planned", lambda: self.plan()["cause"] == "renewal_info", 10)
        step, shown = self.plan(), daemon.show("one.test")["renewal_window"]
        self.assertEqual(step["when"], shown["moment"])
        self.assertEqual((seconds(shown["start"]), seconds(shown["end"])), (start, end))
        self.assertTrue(start <= seconds(step["when"]) <= end, step)
        for text in (shown["explanation_url"], daemon.show("one.test")["next_reason"], self.explained()["next"]):
            self.assertIn("https://ca.example/why", text)
        for _ in range(2):
            self.look_again()
            self.assertEqual(self.plan()["when"], step["when"])
        # A window that has changed is drawn in anew, and is not yet due.
        self.say(window(start + 5 * DAY, end + 5 * DAY))
        moved = daemon.await_("planned anew", lambda: self.plan() if self.plan() != step else None, 10)
        self.assertTrue(start + 5 * DAY <= seconds(moved["when"]) <= end + 5 * DAY, moved)
        self.assertEqual(len(self.front.orders()), 1)
        self.assertEqual(daemon.leaf("one.test"), self.leaf)

    def test_too_late(self):
        """Beyond what is safe, and beyond the certificate's end: the local limit wins, and it is said so."""
        daemon = self.issue()
        for start in (80 * DAY, 100 * DAY):
            with self.subTest(days=start // DAY):
                self.say(window(self.now + start, self.now + start + DAY))
                daemon.await_("the window is known", lambda wanted=int(self.now + start): seconds(
                    (daemon.show("one.test")["renewal_window"] or {"start": "1970-01-01T00:00:00Z"})["start"]) == wanted, 10)
                step = self.plan()
                self.assertLessEqual(seconds(step["when"]), self.leaf.not_before + 75 * DAY + 2)
                self.assertIn("does not wait for", step["reason"])
        self.assertEqual(daemon.leaf("one.test"), self.leaf)

    def test_hostile(self):
        """The same with refused nonces, reused authorizations and slow validations."""
        daemon = self.issue(env=ca.HOSTILE, names=("one.test", "www.one.test"))
        self.say(window(self.now - 2 * DAY, self.now - DAY))
        daemon.wait_live("one.test", other_than=self.leaf, timeout=90)
        self.assert_replaces(self.leaf, [one for one in self.front.orders() if one.status == 201][1])


@suite.needs_pebble(2, 8)
class Nonsense(RenewalInfoStand):
    def test_nonsense_keeps_the_own_schedule(self):
        daemon = self.issue()
        self.assert_own_schedule()
        good = int(self.now) + DAY
        answers = {
            "inverted": window(good + DAY, good), "no length": window(good, good),
            "not JSON": "<html>come back later</html>", "another type": "[1, 2]", "nothing in it": "{}",
            "numbers": json.dumps({"suggestedWindow": {"start": good, "end": good + DAY}}),
            "a window that is text": json.dumps({"suggestedWindow": "tomorrow"}),
            "no end": json.dumps({"suggestedWindow": {"start": stamp(good)}}),
            "not a date": json.dumps({"suggestedWindow": {"start": "2026-13-45T99:00:00Z", "end": stamp(good)}}),
            "no zone": json.dumps({"suggestedWindow": {"start": stamp(good)[:-1], "end": stamp(good + DAY)[:-1]}}),
            "deep": '{"suggestedWindow":' * 5000,
        }
        for what, text in answers.items():
            with self.subTest(what):
                said = daemon.log().count("cert.renewal_info_missed")
                self.say(text)
                daemon.await_("it is said", lambda n=said: daemon.log().count("cert.renewal_info_missed") > n, 10)
                self.assert_own_schedule()
                last = [line for line in daemon.log().splitlines() if "cert.renewal_info_missed" in line][-1]
                self.assertIn("warning", last)
                self.assertIn("what is planned stays", last)
        self.assertEqual(len(self.front.orders()), 1)
        self.assertIn("what is planned stays", daemon.cli("history", "one.test").out)

    def test_a_known_window_outlives_nonsense(self):
        daemon = self.issue()
        self.say(window(self.now + 10 * DAY, self.now + 11 * DAY))
        daemon.await_("planned", lambda: self.plan()["cause"] == "renewal_info", 10)
        step = self.plan()
        self.say("{")
        daemon.await_("it is said", lambda: "what is planned stays" in daemon.log().split("READY")[-1], 10)
        self.assertEqual(self.plan()["when"], step["when"])

    def test_errors_of_the_server(self):
        """5xx, with and without Retry-After, 404, 429, and nothing in a 200: the own schedule, and asked again later."""
        daemon = self.issue()
        json_type = {"Content-Type": "application/json"}
        for what, answer in {"empty": (200, json_type, ""), "cut off": (200, json_type, window(1, 2)[:20]),
                             "500": (500, {}, "oops"), "503": (503, {"Retry-After": "120"}, ""),
                             "429": (429, {"Retry-After": "3600"}, ""), "404": (404, {}, "")}.items():
            with self.subTest(what):
                rule = self.front.rule(lambda asked, said=answer: said if asked.is_renewal_info() else PASS)
                said = daemon.log().count("cert.renewal_info_missed")
                self.look_again()
                daemon.await_("it is said", lambda n=said: daemon.log().count("cert.renewal_info_missed") > n, 30)
                self.assert_own_schedule()
                self.front.remove(rule)
        # When it answers again, its word counts.
        self.say(window(self.now + 10 * DAY, self.now + 11 * DAY))
        daemon.await_("planned", lambda: self.plan()["cause"] == "renewal_info", 10)


if __name__ == "__main__":
    suite.main()
