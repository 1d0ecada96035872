"""Secrets stay where they belong: in their own files, and in the memory of the daemon that is locked and never dumped."""
import os
import stat
import subprocess

from harness import ca, canaries, suite
from harness.names import Bind
from harness.receiver import Webhook
from harness.tls import MiniRoot
from harness.workspace import read_text, wait_until

EAB = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"  # Pebble's public test value
PASSWORD = "correct horse battery staple"
BOTH = ["ecdsa-p256", "rsa-2048"]


class Canaries(suite.Stand):
    def setUp(self):
        super().setUp()
        self.bind = Bind(self.space, ["one.test", "two.test"])
        self.make_ca(env=ca.HOSTILE, eab={"kid-1": EAB}, dns=self.bind)
        self.webhook = Webhook(self.space, MiniRoot(self.space.path("receivers")))
        password = self.space.write("p12.password", PASSWORD + "\n", 0o600)
        copies = {"directory": self.space.make_folder("copies"), "formats": ["privkey", "combined", "pkcs12", "der"],
                  "password_file": password}
        hook = self.space.write("hook", "#!/bin/sh\nenv; echo \"$@\"; exit 3\n", 0o700)
        eab = {"key_id": "kid-1", "hmac_key_file": self.space.write("eab.key", EAB + "\n", 0o600)}
        dns = {"type": "dns-01", "provider": "rfc2136", "server": f"127.0.0.1:{self.bind.port}", "tsig_key_file": self.bind.key_file,
               "resolvers": [f"127.0.0.1:{self.bind.port}"], "propagation_timeout": "20s"}
        self.make_daemon([{"names": ["one.test", "*.one.test"], "name": "one", "keys": BOTH, "deploy": ["hook"]},
                          {"names": ["*.two.test"], "name": "two", "outputs": [copies]}, {"names": ["elsewhere.invalid"], "name": "refused"}],
                         issuers={"pebble": {**self.ca.issuer(), "eab": eab}}, challenges={"dns": dns},
                         deployments={"hook": {"command": [hook], "timeout": "10s"}}, notify=[self.webhook.rule()],
                         defaults={"issuers": ["pebble"], "challenge": "dns"})

    def secrets(self):
        found = {"EAB key": canaries.of_text(EAB), "webhook key": canaries.of_words(Webhook.KEY.decode()),
                 "PKCS #12 password": canaries.of_words(PASSWORD)}
        text = read_text(self.bind.key_file)
        found["TSIG key"] = canaries.of_text(text.split('secret "')[1].split('"')[0])
        for base, _, files in os.walk(self.daemon.data_dir):
            for file in files:
                path = os.path.join(base, file)
                if file.endswith(".key") or file.startswith("privkey") and not os.path.islink(path):
                    found[os.path.relpath(path, self.daemon.data_dir)] = canaries.of_key(path)
        return found

    def test_a_full_run(self):
        daemon = self.daemon.start()
        watch = canaries.Watch(daemon.process.pid)
        self.addCleanup(lambda: watch.close({}))
        for name in ("one", "two"):
            daemon.wait_live(name, timeout=60)
        daemon.insist("two", daemon.leaf("two"))
        daemon.cli("account", "rollover", "pebble")
        daemon.cli("revoke", "two", "--reason", "keyCompromise", timeout=120)
        wait_until("the hook has failed", lambda: "cert.deploy_failed" in daemon.log(), 30)
        wait_until("an order was refused", lambda: "cert.order_failed" in daemon.log(), 60)
        self.assertIn("delivered", self.assert_exit(daemon.cli("notify", "--test"), 0).out)
        self.assert_exit(daemon.cli("reload"), 0)
        daemon.cli("reload")
        secrets = self.secrets()
        self.assertGreaterEqual(len(secrets), 7, list(secrets))  # two accounts' keys, three leaves and more, EAB, TSIG

        with self.subTest("the search finds what is there"):
            self.assertTrue(canaries.in_files(secrets, self.daemon.data_dir))
        with self.subTest("command lines and environments"):
            self.assertEqual(watch.close(secrets), [])
        with self.subTest("what people are told"):
            told = daemon.log() + "".join(daemon.cli(*what, *json).out for json in ([], ["--json"]) for what in (
                ["status"], ["show", "one"], ["show", "two"], ["explain", "one"], ["explain", "refused"], ["history"], ["plan"],
                ["account", "list"], ["account", "show", "pebble"], ["notify"]))
            # The path of a webhook often is a secret, too.
            address = {"webhook path": {"text": b"a-token-nobody-may-see"}}
            self.assertEqual(canaries.find(secrets | address, told.encode(), "an output"), [])
        with self.subTest("files"):
            for hit in canaries.in_files(secrets, self.space.folder, skip=[self.bind.folder, self.space.path("pebble.json")]):
                mode = stat.S_IMODE(os.stat(hit.place).st_mode)
                self.assertIn(mode, (0o600, 0o640), hit)
                self.assertRegex(hit.place, r"((privkey|combined)[^/]*\.pem|privkey[^/]*\.der|\.key(\.\d+)?|p12\.password)$")
        with self.subTest("memory"):
            self.look_into_memory(secrets)
        with self.subTest("a dump of the memory"):
            core = self.space.path("core")
            subprocess.run(["gcore", "-o", core, str(daemon.process.pid)], check=True, capture_output=True, timeout=120)
            core = f"{core}.{daemon.process.pid}"
            self.assertGreater(os.path.getsize(core), 1 << 20)
            with open(core, "rb") as file:
                self.assertEqual(canaries.find(secrets, file.read(), core), [])
        with self.subTest("memory after a start that reads all keys back"):
            daemon.restart()
            daemon.insist("two", daemon.leaf("two"))
            self.look_into_memory(secrets | self.secrets())

    def look_into_memory(self, secrets):
        hits = canaries.in_memory(secrets, self.daemon.process.pid)
        self.assertEqual([hit for hit in hits if "never dumped" not in hit.place], [])
        self.assertTrue(hits, "the search finds no key where the account's key must be")


if __name__ == "__main__":
    suite.main()
