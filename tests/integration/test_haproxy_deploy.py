"""HAProxy given new certificates through its runtime API, without a reload where it knows the file."""
from harness import suite, tls
from harness.mail import Haproxy, combine
from harness.workspace import wait_until


class HaproxyDeploy(suite.Stand):
    def setUp(self):
        super().setUp()
        self.make_ca()
        self.folder = self.space.make_folder("combined", mode=0o700)
        self.daemon = self.make_daemon([{"names": ["one.test"]}, {"names": ["two.test"]}],
                                       deployments={"combine": combine(self.space, self.folder)})
        self.daemon.config["defaults"]["deploy"] = ["combine"]
        self.daemon.start()
        for name in ("one.test", "two.test"):
            self.daemon.wait_state(name, "waiting")
        self.server = Haproxy(self.space, self.folder)

    def deploy_to(self, *names, **more):
        self.server.start()
        self.daemon.config["deployments"]["balancer"] = self.server.deployment(runtime=self.server.socket, **more)
        self.daemon.config["defaults"]["deploy"] = ["combine", "balancer"]
        self.daemon.write()
        self.assert_exit(self.daemon.cli("reload"), 0)
        for name in names:
            self.daemon.await_(f"{name} is deployed",
                               lambda n=name: self.daemon.log().count(f"{n}: version 1 is live and served") > 1, 40)
            self.daemon.wait_state(name, "waiting")

    def served(self, name):
        return tls.served(self.server.port, name, self.ca.roots())

    def renew(self, name):
        first = self.daemon.leaf(name)
        self.assert_exit(self.daemon.cli("renew", name, "--now"), 0)
        second = self.daemon.wait_live(name, other_than=first)
        self.daemon.wait_state(name, "waiting")
        self.assertEqual(self.served(name), second)
        self.assertTrue(self.daemon.show(name)["deployed"])

    def test_a_renewal_is_no_reload(self):
        self.deploy_to("one.test", "two.test")
        worker, reloads, other = self.server.worker(), self.server.reloads(), self.served("two.test")
        self.assertEqual(reloads, 0)
        self.renew("one.test")
        self.assertEqual(self.server.worker(), worker)
        self.assertEqual(self.server.reloads(), 0)
        self.assertEqual(self.served("two.test"), other)
        self.assertIn("the running server was given the new file without a reload", self.daemon.log())
        self.assertNotIn("*", self.server.ask("show ssl cert"))
        # What it serves is what it would read: a restart changes nothing.
        before = self.served("one.test")
        self.server.process.stop()
        self.server.start()
        self.assertEqual(self.served("one.test"), before)

    def test_a_new_file_is_a_reload(self):
        self.deploy_to("one.test", "two.test")
        worker = self.server.worker()
        self.daemon.config["certificates"].append({"names": ["three.test"]})
        self.daemon.write()
        self.assert_exit(self.daemon.cli("reload"), 0)
        leaf = self.daemon.wait_live("three.test")
        self.daemon.wait_state("three.test", "waiting")
        self.assertEqual(self.served("three.test"), leaf)
        self.assertEqual(self.server.reloads(), 1)
        self.assertNotEqual(self.server.worker(), worker)
        self.assertIn("HAProxy has loaded no file that holds the new certificate three.test", self.daemon.log())
        self.renew("three.test")  # known by now
        self.assertEqual(self.server.reloads(), 1)

    def test_a_socket_that_is_not_for_us(self):
        """level user may look and not change: reloaded, and it is said why."""
        self.server.level = "user"
        self.deploy_to("one.test")
        reloads = self.server.reloads()
        self.assertGreaterEqual(reloads, 1)
        self.renew("one.test")
        self.assertEqual(self.server.reloads(), reloads + 1)
        self.assertIn("the server was reloaded, because HAProxy's runtime API does not list its certificates", self.daemon.log())

    def test_without_a_socket(self):
        self.deploy_to("one.test")
        self.daemon.config["deployments"]["balancer"]["runtime"] = "/nonexistent/admin.sock"
        self.daemon.write()
        self.assert_exit(self.daemon.cli("reload"), 0)
        reloads = self.server.reloads()
        self.renew("one.test")
        self.assertEqual(self.server.reloads(), reloads + 1)
        self.assertIn("because there is no socket /nonexistent/admin.sock", self.daemon.log())

    def test_a_broken_configuration(self):
        """Refused by haproxy -c: neither the runtime API nor a reload, and the old pair is live again."""
        self.deploy_to("one.test", "two.test")
        first = self.served("one.test")
        self.server.extra = "nonsense\n"
        self.server.write()
        self.assert_exit(self.daemon.cli("renew", "one.test", "--now"), 1)
        self.daemon.wait_state("one.test", "failing")
        problem = self.daemon.show("one.test")["deploy_problem"]
        self.assertIn("configuration test `haproxy -c", problem)
        self.assertIn("nonsense", problem)
        self.assertEqual(self.served("one.test"), first)
        self.assertEqual(self.daemon.leaf("one.test"), first)
        self.server.extra = ""
        self.server.write()
        self.assert_exit(self.daemon.cli("deploy", "one.test"), 0)
        wait_until("the new one is served", lambda: self.served("one.test") != first, 60)
        self.assertEqual(self.server.reloads(), 0)


if __name__ == "__main__":
    suite.main()
