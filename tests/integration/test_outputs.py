"""Copies beside the live set: every format read by openssl and by servers, given to whom they are for, new on renewal and
reload, back with what is live when a deployment fails."""
import grp
import os
import pwd
import unittest

from harness import ca, suite, tls
from harness.fronts import HaproxyFront
from harness.servers import Nginx
from harness.workspace import read_text, wait_until

ALL = ["cert", "chain", "fullchain", "privkey", "combined", "pkcs12", "der"]
NOBODY = pwd.getpwnam("nobody").pw_uid
NAME = "one.test"


def mode(path):
    return os.stat(path).st_mode & 0o7777


class TlsFront(HaproxyFront):
    """HAProxy with one combined file."""

    def render(self):
        return super().render().replace(f"127.0.0.1:{self.port}", f"127.0.0.1:{self.port} ssl crt {self.webroot}")


class Outputs(suite.Stand):
    def setUp(self):
        super().setUp()
        self.make_ca(env=ca.HOSTILE)
        self.folder = self.space.make_folder("tls")
        self.out = f"{self.folder}/{NAME}"

    def issue(self, outputs, keys=("ecdsa-p256",), **options):
        daemon = self.make_daemon([{"names": [NAME], "keys": list(keys), "outputs": outputs}], **options)
        daemon.socket = daemon.config["control"]["socket"]
        daemon.start()
        daemon.wait_live(NAME, timeout=120)
        daemon.wait_state(NAME, "waiting")
        return daemon

    def change(self, **entry):
        self.daemon.config["certificates"][0].update(entry)
        self.daemon.write()
        self.assert_exit(self.daemon.cli("reload"), 0)

    def written(self):
        return self.daemon.log().count("deploy.outputs_written")

    def copied(self, file="cert.pem"):
        """The leaf in an output; None while there is none."""
        path = f"{self.out}/{file}"
        return tls.read_chain(path)[0] if os.path.exists(path) else None


class Formats(Outputs):
    def check_pair(self, suffix):
        chain = tls.read_chain(self.daemon.live(NAME, f"fullchain{suffix}.pem"))
        key = chain[0].public_key()
        file = {form: f"{self.out}/{form}{suffix}.pem" for form in ("cert", "chain", "fullchain", "privkey", "combined")}
        self.assertEqual(tls.read_chain(file["cert"]), chain[:1])
        self.assertEqual(tls.read_chain(file["chain"]), chain[1:])
        self.assertEqual(tls.read_chain(file["fullchain"]), chain)
        self.assertEqual(tls.public_key_of_key(file["privkey"]), key)
        self.assertEqual(tls.read_chain(file["combined"]), chain)
        self.assertEqual(tls.public_key_of_key(file["combined"]), key)
        self.assertTrue(read_text(file["combined"]).startswith("-----BEGIN PRIVATE KEY-----"))
        roots = self.space.write("roots.pem", self.ca.roots())
        tls.openssl("verify", "-CAfile", roots, "-untrusted", file["chain"], file["cert"])

        self.assertEqual(tls.openssl("x509", "-inform", "DER", "-in", f"{self.out}/cert{suffix}.der", "-noout", "-pubkey"), key)
        self.assertEqual(tls.openssl("pkey", "-inform", "DER", "-in", f"{self.out}/privkey{suffix}.der", "-pubout"), key)
        p12 = ["pkcs12", "-in", f"{self.out}/{NAME}{suffix}.p12", "-passin", f"file:{self.password}"]
        inside = [tls.Certificate(pem) for pem in tls.blocks(tls.openssl(*p12, "-nokeys"))]
        self.assertEqual(sorted(one.serial for one in inside), sorted(one.serial for one in chain))
        self.assertEqual([tls.Certificate(pem) for pem in tls.blocks(tls.openssl(*p12, "-nokeys", "-clcerts"))], chain[:1])
        private = tls.openssl(*p12, "-nocerts", "-nodes")
        self.assertIn(f"friendlyName: {NAME}", private)
        self.assertEqual(tls.openssl("pkey", "-pubout", data=private.encode()), key)
        with self.assertRaises(AssertionError):
            tls.openssl("pkcs12", "-in", f"{self.out}/{NAME}{suffix}.p12", "-passin", "pass:wrong", "-noout")
        return chain[0]

    @unittest.skipUnless(os.getuid() == 0, "only root can give files away")
    def test_every_format_of_two_keys_for_its_group(self):
        self.password = self.space.write("password", "correct horse\n")
        daemon = self.issue([{"directory": f"{self.folder}/{{name}}", "formats": ALL, "owner": "daemon", "group": "nogroup",
                              "mode": "0440", "password_file": self.password}], keys=["ecdsa-p256", "rsa-2048"])
        first = self.check_pair(""), self.check_pair(".rsa-2048")
        files = sorted(os.listdir(self.out))
        self.assertEqual(len(files), 16, files)
        who = pwd.getpwnam("daemon").pw_uid, grp.getgrnam("nogroup").gr_gid
        for path in [self.out] + [f"{self.out}/{file}" for file in files]:
            self.assertEqual((os.stat(path).st_uid, os.stat(path).st_gid), who, path)
            self.assertEqual(mode(path), 0o750 if path == self.out else 0o440, path)
        shown = daemon.cli("show", NAME).out
        self.assertIn(f"{self.out}: {', '.join(ALL)} (daemon:nogroup 0440)", shown)
        self.assertNotIn(self.password, shown + daemon.log())
        self.assertEqual(self.written(), 1)

        # What is as it should be is left alone, pkcs12 with its salts too; what is not is mended.
        self.assert_exit(daemon.cli("deploy", NAME), 0)
        self.assertEqual(self.written(), 1)
        os.chmod(f"{self.out}/privkey.pem", 0o644)
        self.assert_exit(daemon.cli("deploy", NAME), 0)
        self.assertEqual((self.written(), mode(f"{self.out}/privkey.pem")), (2, 0o440))

        daemon.insist(NAME, other_than=first[0])
        daemon.wait_state(NAME, "waiting")
        second = self.check_pair(""), self.check_pair(".rsa-2048")
        self.assertFalse({leaf.serial for leaf in first} & {leaf.serial for leaf in second})
        self.assertEqual(sorted(os.listdir(self.out)), files)
        self.assertEqual(self.written(), 3)

    def test_defaults_go_to_a_folder_for_each(self):
        names = [NAME, "two.test"]
        defaults = {"issuers": ["pebble"], "outputs": [{"directory": f"{self.folder}/{{name}}", "formats": ["pkcs12"]}]}
        daemon = self.make_daemon([{"names": [name]} for name in names], defaults=defaults).start()
        for name in names:
            daemon.wait_live(name, timeout=120)
            daemon.wait_state(name, "waiting")
            file = f"{self.folder}/{name}/{name}.p12"
            self.assertEqual(mode(file), 0o600)
            inside = tls.blocks(tls.openssl("pkcs12", "-in", file, "-passin", "pass:", "-nokeys", "-clcerts"))
            self.assertEqual([tls.Certificate(pem) for pem in inside], [daemon.leaf(name)])


class Life(Outputs):
    def test_a_change_is_written_on_reload_without_an_order(self):
        daemon = self.issue([])
        leaf, orders = daemon.leaf(NAME), self.ca.orders()
        self.change(outputs=[{"directory": self.out, "formats": ["cert", "privkey"]}])
        wait_until("the copy is there", lambda: self.copied() == leaf)
        wait_until("it is at rest again", lambda: daemon.state(NAME) == "waiting" and daemon.show(NAME)["deployed"])
        self.assertEqual((mode(f"{self.out}/cert.pem"), mode(f"{self.out}/privkey.pem")), (0o644, 0o600))
        self.change(outputs=[{"directory": self.out, "formats": ["cert", "privkey"], "mode": "0440"}])
        wait_until("the mode is another", lambda: mode(f"{self.out}/privkey.pem") == mode(f"{self.out}/cert.pem") == 0o440)
        self.assertEqual(self.ca.orders(), orders)
        self.assertEqual(daemon.versions(NAME), [1])

    def test_what_cannot_be_written_is_explained_and_mended(self):
        daemon = self.make_daemon([{"names": [NAME], "outputs": [{"directory": f"{self.folder}/deep/er", "formats": ["cert"]}]}])
        daemon.start()
        daemon.wait_live(NAME, timeout=120)
        daemon.wait_state(NAME, "failing")
        explained = daemon.cli("explain", NAME).out
        self.assertIn("writing its outputs", explained)
        self.assertIn(f"there is no folder {self.folder}/deep", explained)
        orders = self.ca.orders()
        os.mkdir(f"{self.folder}/deep")
        os.mkfifo(self.space.path("fifo"))
        os.mkdir(f"{self.folder}/deep/er")
        os.rename(self.space.path("fifo"), f"{self.folder}/deep/er/cert.pem")
        self.assert_exit(daemon.cli("deploy", NAME), 1)
        self.assertIn("cert.pem is a FIFO", daemon.cli("explain", NAME).out)
        os.remove(f"{self.folder}/deep/er/cert.pem")
        self.assert_exit(daemon.cli("deploy", NAME), 0)
        self.assertEqual(tls.read_chain(f"{self.folder}/deep/er/cert.pem"), [daemon.leaf(NAME)])
        self.assertEqual(self.ca.orders(), orders)

    def test_copies_go_back_with_what_is_live(self):
        flag = self.space.write("flag", "")
        deployments = {"gate": {"command": ["/usr/bin/test", "-e", flag]}}
        daemon = self.make_daemon([{"names": [NAME], "outputs": [{"directory": self.out, "formats": ["cert", "combined"]}],
                                    "deploy": ["gate"]}], deployments=deployments).start()
        first = daemon.wait_live(NAME, timeout=120)
        daemon.wait_state(NAME, "waiting")
        os.remove(flag)
        daemon.cli("renew", NAME, "--now", timeout=120)
        daemon.await_("it is switched back", lambda: "cert.switched_back" in daemon.log(), 60)
        self.assertEqual(daemon.leaf(NAME), first)
        wait_until("the copies are the old ones", lambda: self.copied() == self.copied("combined.pem") == first)
        self.space.write("flag", "")
        self.assert_exit(daemon.cli("deploy", NAME), 0)
        second = daemon.wait_live(NAME, other_than=first)
        self.assertEqual((self.copied(), self.copied("combined.pem")), (second, second))

    @unittest.skipUnless(os.getuid() == 0, "only root can become another user")
    def test_an_ordinary_user_writes_what_it_may(self):
        os.chmod(os.path.dirname(self.ca.root.certificate), 0o755)
        home = self.space.make_folder("home")
        os.chown(home, NOBODY, NOBODY)
        self.out = f"{home}/tls"
        daemon = self.issue([{"directory": self.out, "formats": ["privkey", "cert"]}], user=NOBODY,
                            data_dir=f"{home}/data", control={"socket": f"{home}/control.sock"})
        self.assertEqual((os.stat(f"{self.out}/privkey.pem").st_uid, mode(f"{self.out}/privkey.pem")), (NOBODY, 0o600))
        self.change(outputs=[{"directory": self.out, "formats": ["privkey", "cert"], "owner": "root"}])
        daemon.await_("it is refused", lambda: "evercertd runs as user nobody" in daemon.cli("explain", NAME).out, 30)
        self.assertEqual(self.copied(), daemon.leaf(NAME))


class Served(Outputs):
    def test_nginx_and_haproxy_serve_from_copies(self):
        daemon = self.issue([{"directory": self.out, "formats": ["fullchain", "privkey", "combined"]}])
        first = daemon.leaf(NAME)
        server = Nginx(self.space, {NAME: self.out}).start()
        daemon.config["deployments"] = {"web": server.deployment()}
        self.change(deploy=["web"])
        wait_until("it is deployed", lambda: " is live and served" in daemon.log())
        daemon.wait_state(NAME, "waiting")
        second = daemon.insist(NAME, other_than=first)
        daemon.wait_state(NAME, "waiting")
        self.assertTrue(daemon.show(NAME)["deployed"])
        self.assertEqual(tls.served(server.port, NAME, self.ca.roots()), second)
        backend = "    default_backend none\nbackend none\n    http-request deny\n"
        front = TlsFront(self.space, "haproxy", self.space.port(), snippet=backend, webroot=f"{self.out}/combined.pem").start()
        self.assertEqual(tls.served(front.port, NAME, self.ca.roots()), second)


if __name__ == "__main__":
    suite.main()
