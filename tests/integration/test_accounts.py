"""Our accounts at a CA: contacts, key rollover in every kind of weather, deactivation, and what is lost on either side."""
import base64
import hashlib
import json
import os
import re
import shutil

from harness import ca, suite, tls
from harness.proxy import DROP, LOSE_ANSWER, PASS, Asked, Front
from harness.workspace import read_text, wait_until


def thumbprint(pem):
    """Of an EC P-256 public key, by RFC 7638."""
    text = tls.openssl("pkey", "-pubin", "-noout", "-text", data=pem.encode())
    point = bytes.fromhex(re.sub(r"[\s:]", "", re.search(r"pub:\s*04:([0-9a-f:\s]+)ASN1", text).group(1)))
    x, y = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (point[:32], point[32:]))
    jwk = json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(jwk.encode()).digest()).rstrip(b"=").decode()


class AccountStand(suite.Stand):
    def start(self, **options):
        self.make_ca(**options)
        self.front = Front(self.space, self.ca)
        daemon = self.make_daemon([{"names": ["one.test"]}], issuers={"pebble": self.front.issuer()}).start()
        self.leaf = daemon.wait_live("one.test", timeout=90)
        daemon.wait_state("one.test", "waiting")
        return daemon

    def account(self, command="show", **more):
        answer = self.daemon.cli("account", command, "pebble", "--json", **more)
        self.assert_exit(answer, 0)
        return answer.json()["account"]

    def listed(self):
        (account,) = self.assert_exit(self.daemon.cli("account", "list", "--json"), 0).json()["accounts"]
        return account

    def file(self, name):
        return os.path.join(self.daemon.data_dir, "accounts", "pebble", name)

    def files(self):
        return sorted(os.listdir(self.file("")))

    def registrations(self):
        """Accounts that were made: not the lookups, not those that were there already."""
        return [one for one in self.front.asked(Asked.is_account)
                if one.status == 201 and not (one.payload or {}).get("onlyReturnExisting")]

    def renew(self):
        """With the account as it is now, without a hitch."""
        self.assert_exit(self.daemon.cli("renew", "one.test", "--now"), 0)
        self.leaf = self.daemon.wait_live("one.test", other_than=self.leaf)
        self.daemon.wait_state("one.test", "waiting")

    def assert_consistent(self):
        """One account, whose key on disk is the one that the CA and the daemon know; it works, before and after a start."""
        for again in range(2):
            if again:
                self.daemon.restart()
            shown = self.account()
            self.assertEqual(shown["status_at_ca"], "valid", shown)
            self.assertEqual(shown["trouble"], "")
            self.assertEqual(shown["thumbprint"], thumbprint(tls.public_key_of_key(self.file("account.key"))))
            self.assertEqual(shown["thumbprint"], self.listed()["thumbprint"])
            self.assertEqual([name for name in self.files() if "next" in name], [])  # old ones are kept, numbered
            self.renew()
            self.assertEqual(self.front.orders()[-1].header["kid"], shown["url"])
        self.assertEqual(len(self.registrations()), 1)


class Accounts(AccountStand):
    def test_list_and_show(self):
        daemon = self.start(env=ca.HOSTILE)
        listed, shown = self.listed(), self.account()
        for account in (listed, shown):
            self.assertEqual(account["directory"], self.front.directory)
            self.assertEqual(account["key"], "ecdsa-p256")
            self.assertEqual(account["url"], self.front.orders()[0].header["kid"])
            self.assertTrue(account["configured"])
            self.assertFalse(account["deactivated"])
            self.assertEqual(account["contacts"], "ops@example.com")
        self.assertEqual(shown["status_at_ca"], "valid")
        self.assertIn("pebble", daemon.cli("account", "list").out)
        answer = daemon.cli("account", "show", "nobody")
        self.assertEqual(answer.code, 1, answer)
        self.assertIn("no issuer called nobody", answer.err)
        self.assertEqual(os.stat(self.file("account.key")).st_mode & 0o777, 0o600)

    def test_changed_contact(self):
        """The CA hears of it, once, by a reload or at the next start; no certificate is disturbed."""
        daemon = self.start()

        def updates():
            return [one.payload["contact"] for one in self.front.asked(lambda one: one.path.startswith("/my-account/"))
                    if one.payload and "contact" in one.payload and one.status == 200]
        self.assertEqual(updates(), [])
        daemon.config["email"] = "new@example.com"
        daemon.hang_up()
        daemon.await_("the CA is told", lambda: updates() == [["mailto:new@example.com"]], 15)
        wait_until("it is recorded", lambda: self.listed()["contacts"] == "new@example.com")
        daemon.stop()
        daemon.config["email"] = "third@example.com"
        daemon.start()
        self.renew()
        self.assertEqual(updates(), [["mailto:new@example.com"], ["mailto:third@example.com"]])
        daemon.restart()
        self.renew()
        self.assertEqual(len(updates()), 2)
        self.assertEqual(len(self.registrations()), 1)
        accepted = [one for one in self.front.orders() if one.status == 201]  # Pebble may want one without `replaces`
        self.assertEqual(len(accepted), 3)

    def test_deactivate(self):
        daemon = self.start()
        answer = self.assert_exit(daemon.cli("account", "deactivate", "pebble"), 2)
        self.assertIn("--yes", answer.err)
        self.assertEqual(self.account()["status_at_ca"], "valid")
        self.assert_exit(daemon.cli("account", "deactivate", "pebble", "--yes"), 0)
        self.assertTrue(self.listed()["deactivated"])
        orders = len(self.front.orders())
        for again in range(2):
            if again:
                daemon.restart()
            answer = self.assert_exit(daemon.cli("renew", "one.test", "--now"), 1)
            told = daemon.cli("explain", "one.test").out
            for text in (answer.out + answer.err, told, daemon.log()):
                self.assertIn("deactivated by an operator", text)
                self.assertIn("accounts/pebble", text)
            self.assertEqual(daemon.leaf("one.test"), self.leaf)
        self.assertEqual(len(self.front.orders()), orders)
        self.assertEqual(len(self.registrations()), 1)
        # As it says: the way back is to remove the account's folder.
        daemon.stop()
        shutil.rmtree(self.file(""))
        daemon.start()
        self.leaf = daemon.insist("one.test", other_than=self.leaf)
        self.assertEqual(len(self.registrations()), 2)


class Rollover(AccountStand):
    def test_rollover(self):
        self.start(env=ca.HOSTILE)
        before = self.account()
        after = self.account("rollover")
        self.assertNotEqual(after["thumbprint"], before["thumbprint"])
        self.assertEqual(after["url"], before["url"])
        self.assert_consistent()
        self.assertNotEqual(self.account("rollover")["thumbprint"], after["thumbprint"])
        self.assert_consistent()

    def test_the_answer_is_lost(self):
        """The CA has taken the new key and nobody says so: it is asked which key counts."""
        self.start()
        before = self.account()
        lost = self.front.once(Asked.is_key_change, LOSE_ANSWER)
        after = self.account("rollover", timeout=120)
        self.assertEqual(lost[0].status, 200)
        self.assertNotEqual(after["thumbprint"], before["thumbprint"])
        self.assert_consistent()

    def test_the_request_is_lost(self):
        """The CA has not seen it: the old key stays, it is said, and the next try works."""
        daemon = self.start()
        before = self.account()
        rule = self.front.rule(lambda asked: DROP if asked.is_key_change() else PASS)
        answer = daemon.cli("account", "rollover", "pebble", timeout=120)
        self.assertEqual(answer.code, 1, answer)
        self.front.remove(rule)
        self.assertEqual(self.listed()["thumbprint"], before["thumbprint"])
        self.assert_consistent()
        self.assertNotEqual(self.account("rollover")["thumbprint"], before["thumbprint"])
        self.assert_consistent()

    def lose_all_of_it(self, outcome):
        """The key change ends with `outcome`, and then the CA cannot be asked; the daemon dies not knowing."""
        daemon = self.start()
        before = self.account()
        changed = self.front.once(Asked.is_key_change, outcome)
        rule = self.front.rule(lambda asked: DROP if changed else PASS)
        self.assertEqual(daemon.cli("account", "rollover", "pebble", timeout=120).code, 1)
        self.assertIn("next", " ".join(self.files()))  # both keys are on disk
        daemon.process.kill()
        self.front.remove(rule)
        daemon.start()
        self.renew()
        return before, self.account()

    def test_nothing_is_known_and_the_new_key_counts(self):
        before, after = self.lose_all_of_it(LOSE_ANSWER)
        self.assertNotEqual(after["thumbprint"], before["thumbprint"])
        self.assert_consistent()

    def test_nothing_is_known_and_the_old_key_counts(self):
        before, after = self.lose_all_of_it(DROP)
        self.assertEqual(after["thumbprint"], before["thumbprint"])
        self.assert_consistent()

    def test_killed_while_it_waits_for_the_answer(self):
        """The request hangs at the CA's front when the daemon is killed; the CA takes the new key afterwards."""
        daemon = self.start()
        before = self.account()
        killed = []

        def kill_first(answer):
            killed.append(answer[0])
            daemon.process.kill()
            return answer
        self.front.rule(lambda asked: kill_first if asked.is_key_change() and not killed else PASS)
        self.assertNotEqual(daemon.cli("account", "rollover", "pebble", timeout=120).code, 0)
        self.assertEqual(killed, [200])
        daemon.start()
        self.renew()
        self.assertNotEqual(self.account()["thumbprint"], before["thumbprint"])
        self.assert_consistent()


class Lost(AccountStand):
    def test_unknown_at_the_ca(self):
        """A CA that lost its state: one new account with the same key, and everything renews."""
        daemon = self.start()
        url = self.account()["url"]
        self.ca.restart()
        self.leaf = daemon.insist("one.test", other_than=self.leaf)
        daemon.wait_state("one.test", "waiting")
        self.assertEqual(len(self.registrations()), 2)
        self.assertNotEqual(self.account()["url"], url)
        self.renew()
        daemon.restart()
        self.renew()
        self.assertEqual(len(self.registrations()), 2)

    def test_key_from_a_backup(self):
        """The key of before a rollover is no account's key any more: it gets one of its own, and everything renews."""
        daemon = self.start()
        before = self.account()
        older = read_text(self.file("account.key"))
        self.account("rollover")
        daemon.stop()
        with open(self.file("account.key"), "w", encoding="ascii") as file:
            file.write(older)
        daemon.start()
        self.leaf = daemon.insist("one.test", other_than=self.leaf)
        daemon.wait_state("one.test", "waiting")
        self.renew()
        after = self.account()
        self.assertEqual(after["thumbprint"], before["thumbprint"])
        self.assertNotEqual(after["url"], before["url"])
        self.assertEqual(after["status_at_ca"], "valid")

    def lose(self, damage):
        daemon = self.start()
        before = self.account()
        daemon.stop()
        damage(self.file("account.key"))
        daemon.start()
        self.renew()
        after = self.account()
        self.assertNotEqual((after["url"], after["thumbprint"]), (before["url"], before["thumbprint"]))
        self.assertEqual(after["status_at_ca"], "valid")
        daemon.restart()
        self.renew()
        self.assertEqual(len(self.registrations()), 2)
        return daemon

    def test_key_file_removed(self):
        self.lose(os.unlink)

    def test_key_file_garbled(self):
        """It is kept aside: somebody may want to mend it."""
        def garble(path):
            with open(path, "w", encoding="ascii") as file:
                file.write("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")
        daemon = self.lose(garble)
        self.assertIn("account.key_unusable", daemon.log())
        kept = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(daemon.data_dir, "accounts"))
                for name in names]
        self.assertTrue(any("nonsense" in read_text(path) for path in kept), kept)

    def test_record_removed_and_key_kept(self):
        """The account is found again by its key; none is made."""
        daemon = self.start()
        before = self.account()
        daemon.stop()
        os.unlink(self.file("account.json"))
        daemon.start()
        self.renew()
        after = self.account()
        self.assertEqual((after["url"], after["thumbprint"]), (before["url"], before["thumbprint"]))
        self.assertEqual(len(self.registrations()), 1)


if __name__ == "__main__":
    suite.main()
