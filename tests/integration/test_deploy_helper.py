"""Privileges split: evercertd as a user without rights, evercert-deploy as root, nginx reloaded and looked at."""
import os
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness import suite, tls
from harness.helper import Helper, TrustedFolder, UnprivilegedDaemon
from harness.servers import Nginx
from harness.workspace import wait_until


@unittest.skipUnless(os.getuid() == 0, "only root can be the helper")
class DeployHelper(suite.Stand):
    def split(self, certificates, **options):
        self.make_ca()
        os.chmod(os.path.dirname(self.ca.root.certificate), 0o755)
        self.folder = TrustedFolder(self.space)
        self.helper = Helper(self.space, self.folder)
        self.daemon = UnprivilegedDaemon(self.space, self.folder, self.helper.path, certificates=certificates,
                                         issuers={"pebble": self.ca.issuer()}, http_port=self.ca.http_port, **options)
        return self.daemon

    def serve(self, *names):
        """As test_nginx: issued first, then served, then deployed."""
        daemon = self.split([{"names": [name]} for name in names]).start()
        self.helper.start()
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
        return daemon

    def served(self, name):
        return tls.served(self.server.port, name, self.ca.roots())

    def test_renewal_and_roll_back(self):
        daemon = self.serve("one.test")
        self.assertEqual(daemon.ask("GET", "/v1/status").json()["deploy_socket"], self.helper.path)
        self.assertRegex(daemon.cli("status").out, rf"deploys +through {self.helper.path}\n")
        first, reloads = self.served("one.test"), self.server.reloads()
        self.assertEqual(first, daemon.leaf("one.test"))
        self.assert_exit(daemon.cli("renew", "one.test", "--now"), 0)
        second = daemon.wait_live("one.test", other_than=first)
        wait_until("nginx serves the new one", lambda: self.served("one.test") == second)
        daemon.wait_state("one.test", "waiting")
        self.assertEqual(self.server.reloads(), reloads + 1)
        # Told by the helper, and seen by the daemon alone.
        for log in (self.helper.log(), daemon.log()):
            self.assertIn("[deploy.reloaded]", log)
        self.assertIn("[deploy.verified]", daemon.log())
        self.assertNotIn("[deploy.verified]", self.helper.log())

        # Somebody breaks nginx's configuration: nothing is reloaded and the second is live again.
        reloads = self.server.reloads()
        self.space.write(self.server.config, self.server.render() + "nonsense;\n")
        self.assert_exit(daemon.cli("renew", "one.test", "--now"), 1)
        daemon.wait_state("one.test", "failing")
        self.assertEqual(self.served("one.test"), second)
        self.assertEqual(daemon.leaf("one.test"), second)
        self.assertEqual(self.server.reloads(), reloads)
        self.assertIn("nonsense", daemon.show("one.test")["deploy_problem"])
        orders = self.ca.orders()
        self.server.write()
        self.assert_exit(daemon.cli("deploy", "one.test"), 0)
        wait_until("the third is served", lambda: self.served("one.test") != second, 90)
        self.assertEqual(self.ca.orders(), orders)

    def test_what_is_not_seen_is_rolled_back(self):
        """nginx reloads and serves something else: the daemon's own look decides, and the helper reloads once more."""
        daemon = self.serve("one.test")
        first, reloads = self.served("one.test"), self.server.reloads()
        self.server.sites["one.test"] = self.server.self_signed("one.test")
        self.server.write()
        daemon.config["deployments"]["web"]["timeout"] = "3s"
        daemon.write()
        self.assert_exit(daemon.cli("reload"), 0)
        self.assert_exit(daemon.cli("renew", "one.test", "--now"), 1)
        daemon.wait_state("one.test", "failing")
        self.assertEqual(daemon.leaf("one.test"), first)
        self.assertGreaterEqual(self.server.reloads(), reloads + 2)
        self.assertIn("[cert.switched_back]", daemon.log())

    def test_twenty_at_once_are_one_reload(self):
        names = [f"n{number}.test" for number in range(20)]
        daemon = self.serve(*names)
        reloads = self.server.reloads()
        with ThreadPoolExecutor(20) as pool:
            results = list(pool.map(self.helper.deploy, names))
        self.assertEqual(results, [{"result": "ok"}] * 20)
        self.assertEqual(self.server.reloads(), reloads + 1)

        before, reloads = {name: self.served(name) for name in names}, self.server.reloads()
        for name in names:
            self.assert_exit(daemon.ask("POST", f"/v1/certificates/{name}/renew", '{"now":true}'), 202)
        for name in names:
            leaf = daemon.wait_live(name, other_than=before[name])
            wait_until(f"nginx serves {name}", lambda n=name, wanted=leaf: self.served(n) == wanted)
        print(f"20 renewals at once: {self.server.reloads() - reloads} reloads")
        self.assertLess(self.server.reloads() - reloads, 10)

    def test_a_helper_that_comes_later(self):
        """Not there: said, with the mend. It leaves when idle and comes back when asked, as systemd has it."""
        daemon = self.split([{"names": ["one.test"], "deploy": ["app"]}])
        daemon.config["deployments"] = {"app": {"command": [self.folder.hook()]}}
        os.rename(self.helper.path, self.helper.path + ".away")
        daemon.start()
        daemon.wait_state("one.test", "failing")
        problem = daemon.show("one.test")["deploy_problem"]
        self.assertIn(self.helper.path, problem)
        self.assertIn("systemctl start evercert-deploy.socket", problem)
        os.rename(self.helper.path + ".away", self.helper.path)
        self.helper.start("--idle", "4")  # time enough to be asked
        self.assert_exit(daemon.cli("deploy", "one.test"), 0)
        daemon.wait_state("one.test", "waiting")
        self.assertEqual(self.folder.ran(), ["one.test"])
        self.assertEqual(self.helper.process.wait(), 0)
        self.assertEqual(self.ca.orders(), 1)

    def test_hooks_run_as_root_and_the_daemon_has_no_rights(self):
        daemon = self.split([{"names": ["one.test"], "deploy": ["app"]}])
        daemon.config["deployments"] = {"app": {"command": [self.folder.hook(
            text='#!/bin/sh\necho "$(id -u) $EVERCERT_CERTIFICATE" >> "$0.log"\n')]}}
        self.helper.start()
        daemon.start()
        daemon.wait_live("one.test")
        daemon.wait_state("one.test", "waiting")
        self.assertEqual(self.folder.ran(), ["0", "one.test"])
        with open(f"/proc/{daemon.process.pid}/status", encoding="utf-8") as file:
            self.assertIn("CapEff:\t0000000000000000", file.read())


if __name__ == "__main__":
    suite.main()
