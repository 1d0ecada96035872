"""Two hundred certificates renewed at once, and four servers that use them: each is reloaded once."""
import os
import time
import unittest

from harness import suite, tls
from harness.mail import Dovecot, Haproxy, Postfix, combine, starttls
from harness.servers import Nginx

COUNT = 200


class ReloadOnce(suite.Stand):
    @unittest.skipUnless(os.getuid() == 0, "mail servers are started by root only")
    def test_two_hundred(self):
        self.make_ca()
        names = [f"n{number}.test" for number in range(COUNT)]
        folder = self.space.make_folder("combined", mode=0o700)
        daemon = self.make_daemon([{"names": [name]} for name in names],
                                  deployments={"combine": combine(self.space, folder)})
        daemon.config["defaults"]["deploy"] = ["combine"]
        daemon.start()
        self.deployed(1)
        sites = {name: daemon.live(name).rstrip("/") for name in names}
        web = Nginx(self.space, sites).start()
        servers = [Haproxy(self.space, folder), Postfix(self.space, sites), Dovecot(self.space, sites)]
        for server in servers:
            server.start()
        deployments = {server.name: server.deployment(timeout="30s") for server in servers}
        daemon.config["deployments"].update(deployments, nginx=web.deployment(timeout="30s"))
        daemon.config["defaults"]["deploy"] = ["combine", "nginx", "haproxy", "postfix", "dovecot"]
        daemon.config["deployments"]["haproxy"]["runtime"] = "off"
        daemon.write()
        self.assert_exit(daemon.cli("reload"), 0)
        servers.append(web)
        daemon.await_("all servers were reloaded", lambda: all(server.reloads() for server in servers), 120)
        self.deployed(1)
        before, first = {server.name: server.reloads() for server in servers}, daemon.leaf(names[-1])
        began = time.monotonic()
        for name in names:
            self.assert_exit(daemon.ask("POST", f"/v1/certificates/{name}/renew", '{"now":true}'), 202)
        self.deployed(2)
        took = time.monotonic() - began
        reloads = {server.name: server.reloads() - before[server.name] for server in servers}
        print(f"{COUNT} renewals in {took:.1f} s; reloads: {reloads}")
        self.assertEqual(reloads, {"nginx": 1, "haproxy": 1, "postfix": 1, "dovecot": 1})
        second = daemon.leaf(names[-1])
        self.assertNotEqual(second, first)
        for port in (web.port, servers[0].port):
            self.assertEqual(tls.served(port, names[-1]), second)
            for name in names[::10]:
                self.assertEqual(tls.handshake(port, name), daemon.leaf(name), name)
        for how, server in (("smtp", servers[1]), ("imap", servers[2])):
            self.assertEqual(starttls(how, server.port, names[-1]), second)

    def deployed(self, version):
        """All of them, with this version."""
        def check():
            states = self.daemon.cli("status", "--json").json()["certificates"]
            return len(states) == COUNT and all(
                one["state"] == "waiting" and one["deployed"] for one in states) and all(
                    self.daemon.versions(f"n{number}.test")[-1:] == [version] for number in range(COUNT))
        self.daemon.await_(f"version {version} of all is deployed", lambda: self.daemon.alive() and check(), 180)


if __name__ == "__main__":
    suite.main()
