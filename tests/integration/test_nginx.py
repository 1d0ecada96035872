"""nginx made to use what was issued: served, reloaded exactly once, never left with less than it had."""
import os

from harness import suite, tls
from harness.servers import Nginx
from harness.workspace import wait_until


class Nginx_(suite.Stand):
    def serve(self, *names):
        """Issues, then points nginx at the live folders and has it deployed to from then on."""
        self.make_ca()
        daemon = self.make_daemon([{"names": [name]} for name in names]).start()
        for name in names:
            daemon.wait_live(name)
        self.server = Nginx(self.space, {name: daemon.live(name).rstrip("/") for name in names}).start()
        daemon.config["deployments"] = {"web": self.server.deployment()}
        daemon.config["defaults"]["deploy"] = ["web"]
        daemon.write()
        self.assert_exit(daemon.cli("reload"), 0)
        for name in names:
            wait_until(f"{name} is deployed", lambda n=name: f"{n}: version 1 is live and served" in daemon.log())
            daemon.wait_state(name, "waiting")
        self.roots = self.ca.roots()
        return daemon

    def served(self, name):
        return tls.served(self.server.port, name, self.roots)

    def test_renewal_reloads_once(self):
        daemon = self.serve("one.test", "two.test")
        first, other, reloads = self.served("one.test"), self.served("two.test"), self.server.reloads()
        self.assertEqual(first, daemon.leaf("one.test"))
        self.assertEqual(self.ca.orders(), 2)  # adding a deployment ordered nothing
        self.assert_exit(daemon.cli("renew", "one.test", "--now"), 0)
        second = daemon.wait_live("one.test", other_than=first)
        wait_until("nginx serves the new one", lambda: self.served("one.test") == second)
        daemon.wait_state("one.test", "waiting")
        self.assertTrue(daemon.show("one.test")["deployed"])
        self.assertEqual(self.server.reloads(), reloads + 1)
        self.assertEqual(self.served("two.test"), other)

    def test_many_renewals_share_a_reload(self):
        names = [f"n{number}.test" for number in range(8)]
        daemon = self.serve(*names)
        before, reloads = {name: self.served(name) for name in names}, self.server.reloads()
        for name in names:
            self.assert_exit(daemon.ask("POST", f"/v1/certificates/{name}/renew", '{"now":true}'), 202)
        for name in names:
            leaf = daemon.wait_live(name, other_than=before[name])
            wait_until(f"nginx serves {name}", lambda n=name, wanted=leaf: self.served(n) == wanted)
        self.assertLess(self.server.reloads() - reloads, len(names))

    def test_the_first_deployment_before_nginx_knows_of_it(self):
        """nginx still serves a pair of its own: this is reported, the live set stays, `deploy` mends it."""
        self.make_ca()
        self.server = Nginx(self.space)
        self.server.sites = {"one.test": self.server.self_signed("one.test")}
        self.server.start()
        daemon = self.make_daemon([{"names": ["one.test"], "deploy": ["web"]}],
                                  deployments={"web": self.server.deployment(timeout="3s")}).start()
        leaf = daemon.wait_live("one.test")
        daemon.wait_state("one.test", "failing")
        self.assertEqual(daemon.leaf("one.test"), leaf)
        self.assertIn(str(self.server.port), daemon.show("one.test")["deploy_problem"])
        self.server.sites["one.test"] = daemon.live("one.test").rstrip("/")
        self.server.write()
        self.assert_exit(daemon.cli("deploy", "one.test"), 0)
        daemon.wait_state("one.test", "waiting")
        self.assertEqual(tls.served(self.server.port, "one.test", self.ca.roots()), leaf)
        self.assertEqual(self.ca.orders(), 1)

    def test_a_configuration_broken_by_somebody_else(self):
        """Its test fails: no reload, the old pair goes on being served, the new one is tried again by itself."""
        daemon = self.serve("one.test")
        first, reloads = self.served("one.test"), self.server.reloads()
        good = self.server.render()
        self.space.write(self.server.config, good + "nonsense;\n")
        self.assert_exit(daemon.cli("renew", "one.test", "--now"), 1)
        daemon.wait_state("one.test", "failing")
        self.assertEqual(self.served("one.test"), first)
        self.assertEqual(self.server.reloads(), reloads)
        self.assertTrue(daemon.show("one.test")["deploy_problem"])
        self.assertEqual(daemon.leaf("one.test"), first)  # switched back, so that a restart of nginx is safe as well
        orders = self.ca.orders()
        self.server.write()
        self.assert_exit(daemon.cli("deploy", "one.test"), 0)
        wait_until("the second is served", lambda: self.served("one.test") != first, 90)
        self.assertEqual(self.ca.orders(), orders)

    def test_nginx_not_running(self):
        daemon = self.serve("one.test")
        first = daemon.leaf("one.test")
        self.server.process.stop()
        self.assert_exit(daemon.cli("renew", "one.test", "--now"), 1)
        daemon.wait_state("one.test", "failing")
        self.assertTrue(daemon.show("one.test")["deploy_problem"])
        self.assertTrue(os.path.exists(daemon.live("one.test", "privkey.pem")))
        self.server.start()
        self.assert_exit(daemon.cli("deploy", "one.test"), 0)
        wait_until("the new one is served", lambda: self.served("one.test") != first, 90)
        daemon.wait_state("one.test", "waiting")


if __name__ == "__main__":
    suite.main()
