"""Each feature on a booted machine, under the packaged units with every sandbox option on, and no secret where none belongs."""
import json
import os
import subprocess
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration")]

import leaks  # noqa: E402
import story  # noqa: E402
from features_world import OWN, FeaturesWorld  # noqa: E402
from harness import canaries  # noqa: E402
from harness.workspace import wait_until  # noqa: E402

SOCKETS = f"[Socket]\nListenStream=443\nListenStream={OWN}:53\nListenDatagram={OWN}:53\n"
CHALLENGES = {
    "http": {"type": "http-01"},
    "alpn": {"type": "tls-alpn-01", "listen": ["[::]:443"]},
    "dns": {"type": "dns-01", "provider": "rfc2136", "server": "127.0.0.1:53", "tsig_key_credential": "tsig"},
    "own": {"type": "dns-01", "provider": "self", "nameserver": "own.self.test", "listen": [f"{OWN}:53"]},
}
CERTIFICATES = [
    {"names": ["old.test"]},  # certbot's
    {"names": ["*.upd.test"], "challenge": "dns"},
    {"names": ["customer.test"], "issuers": ["corp"], "keys": ["ecdsa-p256", "rsa-2048"]},
    {"names": ["alpn.test"], "challenge": "alpn"},
    {"names": ["*.self.test"], "challenge": "own"},
]
BALANCED = {"directory": "/etc/haproxy/certs/{name}", "formats": ["combined"], "owner": "root", "group": "haproxy", "mode": "0640"}
TOLD = """#!/bin/sh
set -e
umask 077
{ id -un; echo "$EVERCERT_TEST"; cat; } > /var/lib/evercert/told
"""


class Features(story.Story):
    world_type = FeaturesWorld
    first_with_a_daemon = "test_02"
    watch = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world.make_receivers()
        cls.watch = canaries.Watch(cls.machine.leader, pause=0.01)
        cls.addClassCleanup(lambda: cls.watch.close({}))

    def reload(self):
        self.machine.run("systemctl reload evercertd")

    def reopen(self):
        """As messages about ports say."""
        self.machine.run("systemctl stop evercertd", timeout=60)
        self.machine.run("systemctl start evercertd", timeout=60)

    def with_certificates(self, *more, **changes):
        self.world.configure(certificates=[*CERTIFICATES, *more], **changes)

    def evercert(self, *words, code=0, timeout=90):
        done = self.machine.run("evercert", *words, check=False, timeout=timeout)
        self.assertEqual(done.code, code, done)
        return done.out

    # ---- how it begins

    def obtain_by_certbot(self, name):
        """certbot from out here, on the machine's network, as if it were installed there."""
        folder = f"{self.machine.tree}/etc/letsencrypt"
        argv = ["certbot", "certonly", "--standalone", "-d", name, "--server", "https://127.0.0.1:14000/dir", "--agree-tos",
                "-m", "ops@example.com", "--no-eff-email", "-n", "--config-dir", folder, "--work-dir", f"{self.machine.folder}/work.certbot",
                "--logs-dir", f"{self.machine.folder}/logs.certbot"]
        environment = {**os.environ, "REQUESTS_CA_BUNDLE": f"{self.machine.tree}/etc/pebble/root.pem"}
        done = subprocess.run(["nsenter", "-t", str(self.machine.leader), "-n", *argv], env=environment, capture_output=True, text=True,
                              timeout=120, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.machine.run(f"sed -i s:{self.machine.tree}/:/: /etc/letsencrypt/renewal/{name}.conf")

    def test_01_what_certbot_had_goes_on(self):
        """Imported by root, used by the service's user, renewed from then on."""
        self.obtain_by_certbot("old.test")
        self.install(self.packages[0])
        self.machine.run("cp /etc/pebble/root.pem /etc/evercert/pebble-root.pem")
        self.evercert("import", "certbot", "/etc/letsencrypt", "--trust", "/etc/evercert/pebble-root.pem", "--apply", "--keep-paths")
        self.assertEqual(self.machine.run("find /var/lib/evercert ! -user evercert -o ! -group evercert").out, "")
        imported = self.world.live("old.test")
        self.assertIsNotNone(imported)
        self.machine.run("systemctl start evercertd")
        self.assertIn("old.test", self.evercert("status"))
        orders = self.world.orders("pebble")
        self.evercert("renew", "old.test", "--now")
        self.world.wait_live("old.test", other_than=imported)
        self.assertEqual(self.world.orders("pebble"), orders + 1)
        self.assertEqual(self.machine.read("/etc/letsencrypt/live/old.test/cert.pem"),
                         self.machine.read("/var/lib/evercert/live/old.test/cert.pem"))
        type(self).up = True

    # ---- proving names

    def test_10_ports_that_are_not_there_are_named(self):
        self.world.small_configuration()
        self.world.settings["issuers"]["corp"]["eab"] = {"key_id": "kid-1", "hmac_key_credential": "corp"}
        self.world.make_credentials()
        self.with_certificates(challenges=CHALLENGES, status={"listen": "127.0.0.1:9402"})
        self.restart()
        self.logged("ListenStream=443")
        self.logged(f"ListenDatagram={OWN}:53, ListenStream={OWN}:53")

    def test_11_tls_alpn_and_a_name_server_of_its_own(self):
        self.world.drop_in("evercertd.socket", SOCKETS)
        self.reopen()
        self.world.wait_live("alpn.test", timeout=90)
        self.world.wait_live("wildcard.self.test", timeout=90)
        listeners = self.world.listeners()
        for wanted in ("[::]:443", f"{OWN}:53/udp", f"{OWN}:53/tcp"):
            self.assertIn(wanted, listeners)
        self.with_certificates(challenges={**CHALLENGES, "alpn": {"type": "tls-alpn-01", "listen": ["127.0.0.1:10443"]}})
        self.world.drop_in("evercertd.socket", SOCKETS.replace("ListenStream=443\n", ""))
        self.reopen()  # HAProxy comes to port 443

    def test_12_dns_updates_with_a_key_that_is_a_credential(self):
        leaf = self.world.wait_live("wildcard.upd.test", timeout=90)
        self.assertEqual(leaf.names, ["*.upd.test"])
        self.assertEqual(self.machine.run("dig +short @127.0.0.1 _acme-challenge.upd.test TXT").out, "")

    def test_13_an_account_bound_by_a_credential(self):
        self.world.wait_live("customer.test", timeout=90)
        self.assertEqual(self.world.orders("corp"), 2)

    # ---- what confines it

    def test_20_landlock_and_seccomp_are_in_force(self):
        told = self.evercert("status")
        self.assertRegex(told, r"runs as +evercert; capabilities: none; no new privileges")
        self.assertIn("files: Landlock (version ", told)
        self.assertIn("system calls: filtered by evercertd and from outside", told)
        self.assertNotIn("not restricted", told)

    def test_21_what_only_a_restart_applies(self):
        self.world.make_hook()
        hook = {"type": "dns-01", "provider": "exec", "convention": "lego", "command": ["/etc/evercert/hook"]}
        web = {"type": "http-01", "webroot": "/var/www/html"}
        self.world.configure(challenges={**self.world.settings["challenges"], "hook": hook, "web": web})
        told = self.evercert("reload")
        self.assertIn("only a restart applies: running the hooks of challenge hook, writing to /var/www/html", told)
        self.restart()
        told = self.evercert("status")
        self.assertIn("files: not restricted: this process starts programs (the hooks of challenge hook)", told)
        self.assertIn("system calls: filtered from outside", told)
        self.with_certificates({"names": ["*.hook.test"], "challenge": "hook"})
        self.reload()
        self.world.wait_live("wildcard.hook.test", timeout=90)
        del self.world.settings["challenges"]["hook"], self.world.settings["challenges"]["web"]
        self.with_certificates()
        self.restart()
        self.assertIn("files: Landlock", self.evercert("status"))

    # ---- making servers use them

    def test_30_outputs_and_haproxy(self):
        entry = {"names": ["ha.test"], "outputs": [BALANCED]}
        file = "/etc/haproxy/certs/ha.test/combined.pem"
        self.machine.run("install -d -o root -g haproxy -m 0750 /etc/haproxy/certs")
        self.with_certificates(entry)
        self.reload()
        leaf = self.world.wait_live("ha.test")
        wait_until("the copy is there", lambda: self.machine.run("test", "-e", file, check=False).code == 0, 20, 0.2)
        self.assertEqual(self.machine.run(f"stat -c '%U:%G %a' {file}").out.strip(), "root:haproxy 640")
        self.world.make_haproxy(file)
        self.world.wait_served("ha.test", "127.0.0.1", leaf)
        self.with_certificates({**entry, "deploy": ["haproxy"]})
        self.reload()
        pid = self.machine.show("haproxy", "MainPID")
        self.evercert("renew", "ha.test", "--now")
        self.world.wait_served("ha.test", "127.0.0.1", self.world.wait_live("ha.test", other_than=leaf))
        self.logged("the running server was given the new file without a reload")
        self.assertEqual(self.machine.show("haproxy", "MainPID"), pid)

    def test_31_a_folder_that_is_denied_and_then_given(self):
        self.machine.run("install -d /srv/tls")
        self.with_certificates(*self.world.settings["certificates"][len(CERTIFICATES):],
                               {"names": ["copied.test"], "outputs": [{"directory": "/srv/tls", "formats": ["privkey", "pkcs12"]}]})
        self.reload()
        wait_until("the denial is explained", lambda: "ReadWritePaths=/srv/tls" in self.machine.run(
            "evercert explain copied.test", check=False).out, 60, 0.5)
        self.assertIn("systemctl edit evercert-deploy", self.evercert("explain", "copied.test"))
        self.world.drop_in("evercert-deploy.service", "[Service]\nReadWritePaths=/srv/tls\n")
        self.machine.run("systemctl restart evercert-deploy")
        self.evercert("deploy", "copied.test")
        self.machine.run("cmp /srv/tls/privkey.pem /var/lib/evercert/live/copied.test/privkey.pem")

    def test_32_mail_servers(self):
        entry = {"names": ["mail.test"]}
        others = self.world.settings["certificates"][len(CERTIFICATES):]
        self.with_certificates(*others, entry)
        self.reload()
        first = self.world.wait_live("mail.test")
        self.world.make_mail_servers("mail.test")
        for how in ("smtp", "imap"):
            self.assertEqual(self.world.seen_by_mail_clients(how, "mail.test"), first)
        self.with_certificates(*others, {**entry, "deploy": ["postfix", "dovecot"]})
        self.reload()
        self.evercert("renew", "mail.test", "--now")
        second = self.world.wait_live("mail.test", other_than=first)
        for how in ("smtp", "imap"):
            self.assertEqual(self.world.seen_by_mail_clients(how, "mail.test"), second)

    def test_33_without_its_helper_the_daemon_explains_itself(self):
        self.machine.run("systemctl stop evercert-deploy.socket evercert-deploy.service", timeout=60)
        told = self.evercert("deploy", "ha.test", code=1)
        self.assertIn("systemctl start evercert-deploy.socket", told)
        self.machine.run("systemctl start evercert-deploy.socket")
        self.evercert("deploy", "ha.test")

    # ---- looking at it, and being told

    def test_40_status_page_and_metrics(self):
        page = self.machine.run("curl -fsS http://127.0.0.1:9402/").out
        self.assertIn("ha.test", page)
        self.assertIn("evercert_", self.machine.run("curl -fsS http://127.0.0.1:9402/metrics").out)
        self.machine.run("curl -fsS 'http://127.0.0.1:9402/healthz?verbose'")

    def test_41_webhook_mail_and_command(self):
        hook, mail = self.world.webhook, self.world.mail
        self.machine.write("/etc/evercert/told", TOLD, mode=0o755)
        self.world.configure(notify=[
            {"webhook": hook.url, "secret_credential": "chat", "trust": "/etc/evercert/chat-root.pem", "gather": "1s",
             "on": ["renewed"]},
            {"mail": "ops@example.com", "smtp": mail.where}, {"command": ["/etc/evercert/told"]}])
        self.assertIn("only a restart applies: running the notification command", self.evercert("reload"))
        self.assertIn("restart it: systemctl restart evercertd", self.evercert("notify", "--test", code=1))
        self.restart()
        self.assertIn("(the notification command)", self.evercert("status"))
        self.evercert("notify", "--test")
        self.assertTrue(hook.messages[0]["test"])
        self.assertIn("ops@example.com", mail.mails[0][1][0])
        who, _, text = self.machine.read("/var/lib/evercert/told").split("\n", 2)
        self.assertEqual(who, "evercert")
        self.assertTrue(json.loads(text)["test"])
        self.evercert("renew", "old.test", "--now")
        wait_until("the renewal is told", lambda: hook.told("renewed") == ["old.test"], 30, 0.2)
        self.assertEqual(hook.wrong, [])

    # ---- secrets

    def test_90_secrets_stay_where_they_belong(self):
        for name in ("ha.test", "copied.test", "mail.test"):
            self.evercert("renew", name, "--now")
        self.evercert("account", "rollover", "corp")
        secrets = leaks.secrets_of(self.machine)
        self.assertGreaterEqual(len(secrets), 15, list(secrets))
        helper = int(self.machine.show("evercert-deploy", "MainPID"))
        self.assertNotEqual(helper, 0, "the helper has left already")
        processes = {"evercertd": leaks.outside(self.machine, self.pid()), "evercert-deploy": leaks.outside(self.machine, helper)}
        with self.subTest("memory"):
            for name, pid in processes.items():
                hits = canaries.in_memory(secrets, pid)
                self.assertEqual([hit for hit in hits if "never dumped" not in hit.place], [], name)
                self.assertTrue(hits or name != "evercertd", "the search finds no key where the account's key must be")
        with self.subTest("a dump of the memory"):
            for name, pid in processes.items():
                self.assertEqual(leaks.in_core(secrets, pid, self.folder.name), [], name)
        with self.subTest("command lines and environments"):
            seen = b"".join(text for texts in self.watch.seen.values() for text in texts)
            self.assertIn(b"evercert-deploy", seen)
            self.assertEqual(self.watch.close(secrets), [])
        with self.subTest("the journal"):
            address = {"webhook path": {"text": b"a-token-nobody-may-see"}}
            self.assertEqual(leaks.in_journal(self.machine, secrets | address), [])
        with self.subTest("files"):
            hits, bad = leaks.in_files(self.machine, secrets)
            self.assertTrue(hits, "the search finds no key on the disk")
            self.assertEqual(bad, [])


if __name__ == "__main__":
    story.main()
