"""A machine that had certbot: its certificates, account and paths go on with evercertd."""
import hashlib
import json
import os
import pwd
import re
import shutil
import stat
import subprocess
import unittest

from harness import suite, tls
from harness.daemon import Daemon, run
from harness.fronts import NginxFront
from harness.invariants import Serving
from harness.servers import Nginx
from harness.workspace import answers, read_text, wait_until

NOBODY = pwd.getpwnam("nobody").pw_uid


def fingerprint_of(folder):
    """Every name, mode, link and byte below it."""
    lines = []
    for where, names, files in os.walk(folder):
        for name in sorted(names + files):
            path = os.path.join(where, name)
            info = os.lstat(path)
            what = os.readlink(path) if stat.S_ISLNK(info.st_mode) else ""
            if stat.S_ISREG(info.st_mode):
                with open(path, "rb") as file:
                    what = hashlib.sha256(file.read()).hexdigest()
            lines.append(f"{os.path.relpath(path, folder)} {info.st_mode:o} {info.st_uid} {what}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


class Machine(suite.Stand):
    """certbot with three lineages: two names by standalone, RSA, and webroot through nginx."""

    def setUp(self):
        super().setUp()
        if shutil.which("certbot") is None:
            self.fail("certbot is not installed: tests/setup.sh")
        self.make_ca()  # a calm one: certbot gives up at the second nonce in a row that is refused
        self.folder = self.space.path("letsencrypt")
        self.root = self.space.make_folder("www")
        self.hook_ran = self.space.path("hook.ran")

    def certbot(self, *arguments):
        environment = {**os.environ, "REQUESTS_CA_BUNDLE": self.ca.root.certificate}
        argv = ["certbot", *arguments, "--config-dir", self.folder, "--work-dir", self.space.path("work"),
                "--logs-dir", self.space.path("logs"), "-n"]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120, check=False,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def obtain(self, *arguments):
        self.certbot("certonly", "--server", self.ca.directory, "--agree-tos", "-m", "ops@example.com", "--no-eff-email",
                     "--http-01-port", str(self.ca.http_port), *arguments)

    def make_lineages(self):
        self.obtain("--standalone", "-d", "san.test,www.san.test", "--deploy-hook",
                    f'echo "$RENEWED_LINEAGE|$RENEWED_DOMAINS" >> {self.hook_ran}')
        self.obtain("--standalone", "-d", "rsa.test", "--key-type", "rsa", "--rsa-key-size", "2048")
        front = NginxFront(self.space, "nginx", self.ca.http_port, webroot=self.root).start()
        self.obtain("--webroot", "-w", self.root, "-d", "web.test,www.web.test")
        front.process.stop()

    def run_import(self, *arguments, code=0, **options):
        answer = run("evercert", "import", "certbot", self.folder, "--config", self.config, "--data-dir", self.data_dir,
                     "--trust", self.ca.root.certificate, *arguments, **options)
        return self.assert_exit(answer, code)

    @property
    def config(self):
        return self.space.path("etc/evercert.yaml")

    @property
    def data_dir(self):
        return self.space.path("data")

    def live(self, name, file="fullchain.pem"):
        return f"{self.folder}/live/{name}/{file}"

    def start(self, **options):
        """The daemon on what the import wrote, word for word but for the look ahead: no CA here asks on port 80."""
        daemon = self.daemon = Daemon(self.space, {}, [], self.ca.http_port, data_dir=self.data_dir, **options)
        daemon.file, daemon.socket = self.config, f"{self.data_dir}/control.sock"
        daemon.write = lambda: None
        text = read_text(self.config)
        if "preflight" not in text:
            self.space.write("etc/evercert.yaml", text + "defaults: { preflight: off }\n")
        return daemon.start()


class ImportCertbot(Machine):
    def test_everything_goes_on(self):
        self.make_lineages()
        os.remove(self.hook_ran)  # certbot called it for the first one
        registered = json.loads(read_text(self.only("accounts", "regr.json")))["uri"]
        server = Nginx(self.space, {name: os.path.dirname(self.live(name)) for name in ("san.test", "rsa.test", "web.test")})
        server.start()
        roots = self.ca.roots()
        serving = Serving(server.port, server.sites, roots)
        self.addCleanup(serving.close)
        before = fingerprint_of(self.folder)

        dry = self.run_import()
        self.assertEqual(fingerprint_of(self.folder), before, "without --apply nothing changes")
        self.assertFalse(os.path.exists(self.config) or os.path.exists(self.data_dir))
        self.assertIn("names: [san.test, www.san.test]", dry.out)
        self.assertEqual([one["entry"] for one in self.run_import("--json").json()["lineages"]],
                         ["rsa.test", "san.test", "web.test"])

        report = self.run_import("--apply", "--keep-paths")
        print(report.out)
        print(read_text(self.config))
        data = fingerprint_of(self.data_dir)
        self.assertIn("3 lineages were imported before", self.run_import("--apply", "--keep-paths").out)
        self.assertEqual(fingerprint_of(self.data_dir), data, "twice is harmless")
        self.assertTrue(all(name.endswith(".imported-by-evercert") for name in os.listdir(f"{self.folder}/renewal")))
        leaves = {name: tls.read_chain(self.live(name))[0] for name in server.sites}
        subprocess.run(server.reload(), check=True, capture_output=True)  # the same behind the paths that lead elsewhere now
        for name, leaf in leaves.items():
            self.assertEqual(tls.served(server.port, name, roots), leaf)
        orders = self.ca.orders()
        self.certbot("renew", "--force-renewal")
        self.assertEqual(self.ca.orders(), orders, "certbot has let go of them")

        daemon = self.start()
        for name in leaves:
            daemon.wait_state(name, "waiting")
        self.assertEqual(self.ca.orders(), orders, "nothing is due, so nothing is ordered")
        self.assertFalse(os.path.exists(self.hook_ran), "and no hook is called for what is served already")
        for name in ("san.test", "rsa.test"):
            self.assert_exit(daemon.cli("renew", name, "--now", timeout=120), 0)
        # What tests only have: the one port that this CA asks on goes from evercertd's listener to nginx.
        self.space.write("etc/evercert.yaml", read_text(self.config).replace(f":{self.ca.http_port}", f":{self.space.port()}"))
        self.assert_exit(daemon.cli("reload"), 0)
        wait_until("the port is free", lambda: not answers(self.ca.http_port))
        NginxFront(self.space, "nginx", self.ca.http_port, webroot=self.root).start()
        self.assert_exit(daemon.cli("renew", "web.test", "--now", timeout=120), 0)

        shown = self.assert_exit(daemon.cli("account", "list", "--json"), 0).json()["accounts"]
        self.assertEqual([one["url"] for one in shown if one["url"]], [registered], "the same account all the time")
        (issuer,) = [one["issuer"] for one in shown if one["url"]]
        asked = self.assert_exit(daemon.cli("account", "show", issuer, "--json"), 0).json()["account"]
        self.assertEqual(asked["status_at_ca"], "valid")
        subprocess.run(server.reload(), check=True, capture_output=True)
        renewals = {}
        for name, leaf in leaves.items():
            renewals[name] = renewed = tls.read_chain(self.live(name))[0]
            self.assertNotEqual(renewed, leaf)
            self.assertEqual(renewed.names, leaf.names)
            kind = tls.openssl("x509", "-noout", "-text", "-in", self.live(name))
            self.assertEqual(name == "rsa.test", "rsaEncryption" in kind)
            self.assertEqual(tls.served(server.port, name, roots), renewed)
        self.assertEqual(serving.close(), [], "served throughout")
        self.assertEqual(serving.seen, {name: [leaf, renewals[name]] for name, leaf in leaves.items()})
        self.assertEqual(read_text(self.hook_ran), f"{self.data_dir}/live/san.test|san.test www.san.test\n")

    def test_a_running_daemon_and_the_way_back(self):
        self.obtain("--standalone", "-d", "one.test")
        before = tls.read_chain(self.live("one.test"))
        self.run_import("--apply")
        daemon = self.start()
        busy = self.run_import("--apply", code=1)
        self.assertIn("systemctl stop evercertd", busy.err)
        daemon.stop()
        # The configuration was changed since, by this test: it is never overwritten.
        again = self.run_import("--apply", "--keep-paths")
        self.assertIn("has an entry for each already, and stays as it is", again.out)
        self.assertFalse(os.path.exists(self.config + ".imported"), "there is nothing to merge")
        self.assertIn("preflight: off", read_text(self.config))
        self.assertTrue(os.readlink(self.live("one.test")).startswith(self.data_dir))
        (back,) = re.findall(r"The way back.*?\n((?:     .*\n)+)", again.out)
        subprocess.run(["sh", "-ec", back], check=True, timeout=20)
        self.assertEqual(os.readlink(self.live("one.test")), "../../archive/one.test/fullchain1.pem")
        self.assertEqual(tls.read_chain(self.live("one.test")), before)
        self.certbot("renew", "--force-renewal", "--no-random-sleep-on-renew")
        self.assertNotEqual(tls.read_chain(self.live("one.test")), before)

    @unittest.skipUnless(os.getuid() == 0, "only root can give files away")
    def test_all_belongs_to_the_owner_of_data_dir(self):
        self.obtain("--standalone", "-d", "one.test")
        os.mkdir(self.data_dir, 0o700)
        os.chown(self.data_dir, NOBODY, NOBODY)
        self.run_import("--apply", "--keep-paths")
        for where, names, files in os.walk(self.data_dir):
            for name in names + files:
                self.assertEqual(os.lstat(os.path.join(where, name)).st_uid, NOBODY, f"{where}/{name}")
        os.chmod(os.path.dirname(self.ca.root.certificate), 0o755)
        daemon = self.start(user=NOBODY)
        daemon.wait_state("one.test", "waiting")
        leaf = daemon.leaf("one.test")
        self.assert_exit(daemon.cli("renew", "one.test", "--now", timeout=120), 0)
        self.assertNotEqual(tls.read_chain(self.live("one.test"))[0], leaf)

    def only(self, folder, name):
        (path,) = [os.path.join(where, name) for where, _, files in os.walk(f"{self.folder}/{folder}") if name in files]
        return path


if __name__ == "__main__":
    suite.main()
