"""Who is told of what: over HTTPS with a signature, by mail, by a command; once, and never in anybody's way."""
import email
import json
import os
import time

from harness import suite
from harness.receiver import MailServer, Webhook
from harness.tls import MiniRoot
from harness.workspace import read_text, wait_until


class Notify(suite.Stand):
    def setUp(self):
        super().setUp()
        self.make_ca()
        self.root = MiniRoot(self.space.path("receivers"))

    def break_name(self, name):
        """No CA can look it up."""
        self.ca.dns.tell("/set-servfail", host=name)

    def mend_name(self, name):
        self.ca.dns.tell("/clear-servfail", host=name)

    def start(self, names, notify, **more):
        return self.make_daemon([{"names": [name]} for name in names], notify=notify, **more).start()

    def test_failing_is_told_once_signed_until_it_is_taken_and_so_is_the_recovery(self):
        hook = Webhook(self.space, self.root)
        hook.refusals = [503, 429]
        self.break_name("bad.test")
        daemon = self.start(["bad.test", "good.test"], [hook.rule()])
        daemon.wait_live("good.test", timeout=60)
        daemon.await_("failing is told after two refusals", lambda: hook.messages, 90)
        self.assertEqual([status for _, status in hook.tries], [503, 429, 204])
        self.assertEqual(len({name for name, _ in hook.tries}), 1, "the same id each time")
        message = hook.messages[0]
        self.assertEqual((message["version"], message["test"], message["counts"]), (1, False, {"failing": 1}))
        notice = message["notices"][0]
        self.assertEqual((notice["event"], notice["certificate"], notice["names"]), ("failing", "bad.test", ["bad.test"]))
        self.assertTrue(notice["cause"] and notice["mend"] and notice["since"] and notice["next_try"], notice)
        self.assertIn("bad.test is failing", message["text"])
        daemon.cli("renew", "bad.test", "--now")
        daemon.restart()
        time.sleep(3)  # longer than it takes to tell
        self.assertEqual(len(hook.messages), 1, "neither another failure nor a restart tells it again")
        self.mend_name("bad.test")
        daemon.insist("bad.test")
        daemon.await_("the recovery is told", lambda: hook.told("recovered"), 30)
        self.assertEqual(hook.told("recovered"), ["bad.test"])
        self.assertEqual(hook.told("failing"), ["bad.test"])
        self.assertEqual(hook.wrong, [])
        self.assertNotIn("a-token-nobody-may-see", daemon.log())
        self.assertEqual(daemon.stop(), 0)

    def test_what_fails_at_once_comes_in_one_or_two_messages(self):
        hook = Webhook(self.space, self.root)
        names = [f"c{number:02}.test" for number in range(60)]
        for name in names:
            self.break_name(name)
        daemon = self.start(names, [hook.rule(gather="20s")])
        daemon.await_("all are told", lambda: sum(m["counts"]["failing"] for m in list(hook.messages)) >= 60, 120)
        self.assertLessEqual(len(hook.messages), 2)
        self.assertLessEqual(len(hook.messages[0]["notices"]), 50)
        self.assertEqual(sum(m["counts"]["failing"] for m in hook.messages), 60)
        self.assertEqual(sum(len(m["notices"]) + m["not_listed"] for m in hook.messages), 60)
        self.assertEqual(daemon.stop(), 0)

    def test_a_receiver_that_hangs_disturbs_nobody_and_gets_it_later(self):
        stuck, hook = Webhook(self.space, self.root), Webhook(self.space, self.root)
        stuck.hangs = True
        self.break_name("bad.test")
        daemon = self.start(["bad.test", "good.test"], [stuck.rule(timeout="60s"), hook.rule()])
        daemon.await_("the one that hangs is tried", lambda: stuck.tries, 60)
        daemon.wait_live("good.test", timeout=60)
        daemon.await_("the other is told", lambda: hook.told("failing"), 30)
        before = time.monotonic()
        self.assert_exit(daemon.cli("renew", "good.test", "--now"), 0)
        self.assertLess(time.monotonic() - before, 30)
        before = time.monotonic()
        self.assertEqual(daemon.stop(), 0)
        self.assertLess(time.monotonic() - before, 30, "what cannot be told is saved")
        stuck.hangs = False
        daemon.start()
        daemon.await_("it is told after all", lambda: stuck.told("failing") == ["bad.test"], 30)
        self.assertEqual(stuck.messages[0]["id"], stuck.tries[0][0])
        time.sleep(2)
        self.assertEqual(len(hook.messages), 1)
        self.assertEqual(daemon.stop(), 0)

    def test_mail_and_commands_get_the_same_news(self):
        server = MailServer(self.space)
        program = self.space.write("sendmail", f"#!/bin/sh\necho \"$@\" > {self.space.path('args')}\n"
                                               f"cat > {self.space.path('mail.new')}\n"
                                               f"mv {self.space.path('mail.new')} {self.space.path('mail')}\n", mode=0o755)
        command = self.space.write("told", f"#!/bin/sh\nenv > {self.space.path('env')}\ncat > {self.space.path('json.new')}\n"
                                           f"mv {self.space.path('json.new')} {self.space.path('json')}\n", mode=0o755)
        self.break_name("bad.test")
        common = {"gather": "1s", "on": ["failing", "renewed"]}
        daemon = self.start(["bad.test", "good.test"], [
            {"mail": ["ops@example.com", "sec@example.com"], "smtp": server.where, **common, "certificates": ["bad.test"]},
            {"mail": "ops@example.com", "from": "evercert@example.com", "sendmail": program, **common, "on": ["failing"]},
            {"command": [command, "word"], **common, "on": ["failing"]}])
        daemon.await_("all are told", lambda: server.mails and all(os.path.exists(self.space.path(f)) for f in ("mail", "json")), 60)
        sender, recipients, text = server.mails[0]
        self.assertTrue(sender.startswith("<evercert@"), sender)
        self.assertEqual(recipients, ["<ops@example.com>", "<sec@example.com>"])
        for mail in (email.message_from_string(text), email.message_from_string(read_text(self.space.path("mail")))):
            self.assertIn("bad.test is failing", mail["Subject"])
            self.assertEqual(mail["Auto-Submitted"], "auto-generated")
            body = mail.get_payload(decode=True).decode()
            for words in ("bad.test", "what:", "to do:", "next try:"):
                self.assertIn(words, body)
        self.assertEqual(read_text(self.space.path("args")).strip(), "-i -f evercert@example.com -- ops@example.com")
        environment = read_text(self.space.path("env"))
        for line in ("EVERCERT_EVENTS=failing", "EVERCERT_CERTIFICATES=bad.test", "EVERCERT_COUNT=1", "EVERCERT_TEST="):
            self.assertIn(line + "\n", environment)
        self.assertEqual(json.loads(read_text(self.space.path("json")))["notices"][0]["certificate"], "bad.test")
        self.assertEqual(len(server.mails), 1, "good.test concerns nobody here")
        self.assertEqual(daemon.stop(), 0)

    def test_the_test_says_how_each_went_and_a_reload_changes_who_is_told(self):
        hook = Webhook(self.space, self.root)
        daemon = self.start(["good.test"], [])
        self.assertIn("nobody is told anything", self.assert_exit(daemon.cli("notify"), 0).out)
        self.assert_exit(daemon.cli("notify", "--test"), 1)
        daemon.config["notify"] = [hook.rule(), {"command": ["/bin/false"]}, {"mail": "ops@example.com", "smtp": "127.0.0.1:1"}]
        daemon.write()
        self.assertIn("notifications changed", self.assert_exit(daemon.cli("reload"), 0).out)
        wait_until("they are there", lambda: "webhook" in daemon.cli("notify").out, 10)
        answer = self.assert_exit(daemon.cli("notify", "--test"), 1)
        self.assertIn(f"webhook (https://127.0.0.1:{hook.server.server_port}): delivered", answer.out)
        self.assertIn("/bin/false exited with 1", answer.out)
        self.assertIn("cannot connect to the mail server 127.0.0.1:1", answer.out)
        self.assertTrue(hook.messages[0]["test"])
        daemon.config["notify"] = [hook.rule()]
        daemon.write()
        self.assert_exit(daemon.cli("reload"), 0)
        wait_until("one is left", lambda: "command" not in daemon.cli("notify").out, 10)
        self.assert_exit(daemon.cli("notify", "--test"), 0)
        hook.refusals = [404]
        self.assertIn("status 404", self.assert_exit(daemon.cli("notify", "--test"), 1).out)
        self.assertEqual(daemon.stop(), 0)

    def test_a_run_for_one_errand_tells_before_it_ends(self):
        hook = Webhook(self.space, self.root)
        self.break_name("bad.test")
        daemon = self.make_daemon([{"names": ["bad.test"]}], notify=[hook.rule(gather="10m")])
        daemon.start(ready=False, arguments=("--once",))
        self.assertEqual(daemon.process.wait(60), 1)
        self.assertEqual(hook.told("failing"), ["bad.test"])


if __name__ == "__main__":
    suite.main()
