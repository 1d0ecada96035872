"""Postfix and Dovecot made to use what was issued, and looked at as mail clients do: by STARTTLS."""
import os
import unittest

from harness import suite
from harness.mail import Dovecot, Postfix, starttls
from harness.workspace import wait_until


@unittest.skipUnless(os.getuid() == 0, "mail servers are started by root only")
class Mail(suite.Stand):
    def serve(self, kind, *names, **more):
        """Issues, then points the server at the live folders and has it deployed to from then on."""
        self.make_ca()
        daemon = self.make_daemon([{"names": [name]} for name in names]).start()
        for name in names:
            daemon.wait_live(name)
        self.server = kind(self.space, {name: daemon.live(name).rstrip("/") for name in names}).start()
        self.deploy_to(names, **more)
        return daemon

    def deploy_to(self, names, **more):
        daemon = self.daemon
        daemon.config["deployments"] = {"mail": self.server.deployment(**more)}
        daemon.config["defaults"]["deploy"] = ["mail"]
        daemon.write()
        self.assert_exit(daemon.cli("reload"), 0)
        for name in names:
            daemon.await_(f"{name} is deployed", lambda n=name: f"{n}: version 1 is live and served" in daemon.log(), 40)
            daemon.wait_state(name, "waiting")

    def seen(self, how, name):
        port = self.server.pop3_port if how == "pop3" else self.server.port
        return starttls(how, port, name)

    def renews(self, how, *names):
        """Each name is renewed by itself: the new one is served, by one reload, and the others are left alone."""
        for name in names:
            before, reloads = {n: self.seen(how, n) for n in names}, self.server.reloads()
            self.assertEqual(before[name], self.daemon.leaf(name))
            self.assert_exit(self.daemon.cli("renew", name, "--now"), 0)
            after = self.daemon.wait_live(name, other_than=before[name])
            wait_until(f"{name} is served", lambda n=name, leaf=after: self.seen(how, n) == leaf)
            self.daemon.wait_state(name, "waiting")
            self.assertTrue(self.daemon.show(name)["deployed"])
            self.assertEqual(self.server.reloads(), reloads + 1)
            for other in set(names) - {name}:
                self.assertEqual(self.seen(how, other), before[other])

    def fails(self, name, *words):
        """A renewal that does not reach the server: said so, and the old pair live again."""
        before, orders = self.daemon.leaf(name), self.ca.orders()
        self.assert_exit(self.daemon.cli("renew", name, "--now", timeout=120), 1)
        self.daemon.wait_state(name, "failing")
        problem = self.daemon.show(name)["deploy_problem"]
        for word in words:
            self.assertIn(word, problem)
        self.assertEqual(self.daemon.leaf(name), before)
        self.assertEqual(self.ca.orders(), orders + 1)

    def recovers(self, how, name):
        before = self.daemon.leaf(name)
        self.assert_exit(self.daemon.cli("deploy", name), 0)
        wait_until("the new one is served", lambda: self.seen(how, name) not in (None, before), 60)
        self.daemon.wait_state(name, "waiting")

    def test_postfix(self):
        self.serve(Postfix, "one.test", "two.test")
        self.renews("smtp", "one.test", "two.test")

    def test_dovecot(self):
        self.serve(Dovecot, "one.test", "two.test")
        self.renews("imap", "one.test", "two.test")
        self.assertEqual(self.seen("pop3", "two.test"), self.daemon.leaf("two.test"))

    def test_postfix_with_its_tls_off(self):
        self.serve(Postfix, "one.test", timeout="5s")
        self.server.level = "none"
        self.server.write()
        self.fails("one.test", f"smtp://127.0.0.1:{self.server.port}", "does not offer STARTTLS")
        self.server.level = "may"
        self.server.write()
        self.recovers("smtp", "one.test")

    def test_postfix_with_another_pair(self):
        self.serve(Postfix, "one.test", timeout="5s")
        good = self.server.sites
        self.server.sites = {"one.test": self.server.self_signed("one.test")}
        self.server.write()
        self.fails("one.test", "serves a certificate that is not this one", "Point the server at the files in the live directory")
        self.server.sites = good
        self.server.write()
        self.recovers("smtp", "one.test")

    def test_postfix_with_a_key_of_another(self):
        """Postfix approves of a mismatched pair, reloads, offers STARTTLS, and then has no TLS."""
        self.serve(Postfix, "one.test", timeout="5s")
        mixed = self.space.make_folder("mixed")
        os.symlink(f"{self.server.self_signed('one.test')}/privkey.pem", f"{mixed}/privkey.pem")
        os.symlink(self.daemon.live("one.test", "fullchain.pem"), f"{mixed}/fullchain.pem")
        good, self.server.sites, self.server.first = self.server.sites, {}, mixed
        self.server.write()
        self.fails("one.test", "offers STARTTLS and then refuses it", "454")
        self.server.sites, self.server.first = good, None
        self.server.write()
        self.recovers("smtp", "one.test")

    def test_dovecot_with_a_broken_configuration(self):
        """Its test fails: no reload, the old pair goes on being served."""
        self.serve(Dovecot, "one.test")
        first, reloads = self.seen("imap", "one.test"), self.server.reloads()
        self.server.extra = f"local_name two.test {{\n{self.server.pair('/nowhere')}}}\n"
        self.server.write()
        self.fails("one.test", "configuration test `doveconf", "/nowhere/fullchain.pem", "nothing was reloaded")
        self.assertEqual(self.server.reloads(), reloads)
        self.assertEqual(self.seen("imap", "one.test"), first)
        self.server.extra = ""
        self.server.write()
        self.recovers("imap", "one.test")


if __name__ == "__main__":
    suite.main()
