"""evercert as an operator has it: a package on a booted Debian. One machine, one story: each test goes on where the last ended."""
import os
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration")]

import sandbox  # noqa: E402
import story  # noqa: E402
from harness.workspace import wait_until  # noqa: E402
from world import HOOK  # noqa: E402

NAME = "one.test"
SERVERS = {"nginx": "127.0.0.1", "apache": "127.0.0.2"}
UNITS = ["evercertd.service", "evercertd.socket", "evercert-deploy.service", "evercert-deploy.socket"]


class Boot(story.Story):
    first_with_a_daemon = "test_05"

    # ---- installed, and nothing to do yet

    def test_01_installs_without_a_configuration(self):
        self.install(self.packages[0])
        self.assertEqual(self.machine.run("systemctl is-enabled evercertd.service").out.strip(), "enabled")
        self.machine.run("systemctl start evercertd")
        for unit in UNITS:
            self.assertEqual(self.machine.show(unit, "ActiveState"), "inactive", unit)
        self.assertEqual(self.machine.run("ss -Hltn 'sport = :80'").out, "")
        self.assertEqual(self.machine.run("systemctl is-system-running").out.strip(), "running")

    def test_02_units_are_well_formed(self):
        paths = [f"/usr/lib/systemd/system/{unit}" for unit in UNITS]
        self.assertEqual(self.machine.run("systemd-analyze", "verify", "--man=no", *paths).out, "")

    def test_03_exposure(self):
        """Thresholds are ten times the exposure."""
        for unit, limit in {"evercertd.service": 12, "evercert-deploy.service": 16}.items():
            told = self.machine.run("systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={limit}",
                                    f"/usr/lib/systemd/system/{unit}", check=False)
            self.assertEqual(told.code, 0, told.out[-300:])

    # ---- four lines

    def test_04_issues_through_the_passed_socket(self):
        self.world.small_configuration({"names": [NAME]})
        self.machine.run("systemctl start evercertd")
        for unit in ("evercertd.service", "evercertd.socket", "evercert-deploy.socket"):
            self.assertEqual(self.machine.show(unit, "ActiveState"), "active", unit)
        self.world.wait_live(NAME)
        type(self).up = True
        self.assertIn("[::]:80", self.world.listeners())
        self.assertNotIn("could not be locked", self.machine.journal("evercertd"))

    def test_05_no_privilege(self):
        for key, wanted in sandbox.PROCESS.items():
            self.assertEqual(sandbox.status(self.machine, self.pid())[key], wanted, key)

    def test_06_every_option_is_on(self):
        for unit, own in {"evercertd": sandbox.DAEMON, "evercert-deploy": sandbox.HELPER}.items():
            options = {**sandbox.BOTH, **own}
            told = self.machine.show(unit, *options)
            for option, wanted in options.items():
                self.assertEqual(told.get(option), wanted, f"{unit}: {option}")
            calls = self.machine.show(unit, "SystemCallFilter").split()
            for denied in ("mount", "ptrace", "reboot", "bpf", "setpriority", "io_uring_setup", "kexec_load", "keyctl", "add_key", "userfaultfd",
                           "process_vm_readv", "process_vm_writev"):
                self.assertNotIn(denied, calls, unit)
            self.assertEqual("fchown" in calls, unit == "evercert-deploy")

    def test_07_only_its_own_folders(self):
        inside = ["nsenter", "-t", str(self.pid()), "-m", "--"]
        for folder in ("/etc", "/etc/evercert", "/usr", "/var", "/var/www/html", "/opt"):
            told = self.machine.run(*inside, "touch", f"{folder}/test", check=False)
            self.assertIn("Read-only file system", told.out, folder)
        self.machine.run(*inside, "touch", "/var/lib/evercert/test", "/run/evercert/test")
        self.machine.run("rm", "/var/lib/evercert/test", "/run/evercert/test")
        self.assertEqual(self.machine.run("stat", "-c", "%U:%G %a", "/var/lib/evercert").out.strip(), "evercert:evercert 700")

    def test_08_who_may_command(self):
        self.assertEqual(self.machine.run("stat", "-c", "%G %a", "/run/evercert/control.sock").out.strip(), "evercert 660")
        self.machine.run("useradd --groups evercert ops")
        self.assertIn(NAME, self.machine.run("evercert status", as_user="ops").out)
        stranger = self.machine.run("evercert status", as_user="nobody", check=False)
        self.assertEqual(stranger.code, 3, stranger)

    # ---- servers

    def test_10_both_servers_serve_what_is_issued(self):
        leaf = self.world.live(NAME)
        self.world.make_servers(NAME)
        for address in SERVERS.values():
            self.world.wait_served(NAME, address, leaf)

    def test_11_renewal_reaches_both_servers(self):
        self.world.configure(certificates=[{"names": [NAME], "deploy": ["nginx", "apache"]}],
                             deployments={"apache": {"verify": "127.0.0.2:443"}})
        self.machine.run("systemctl reload evercertd")
        before = self.world.live(NAME)
        self.machine.run("evercert", "renew", NAME, "--now", timeout=90)
        leaf = self.world.wait_live(NAME, other_than=before)
        for address in SERVERS.values():
            self.world.wait_served(NAME, address, leaf)
        self.assertEqual(self.machine.show("evercert-deploy.service", "NRestarts"), "0")

    def test_12_the_helper_has_three_capabilities(self):
        self.machine.run("evercert", "deploy", NAME, timeout=90)
        pid = int(self.machine.show("evercert-deploy", "MainPID"))
        self.assertNotEqual(pid, 0, "the helper has left already")
        told = sandbox.status(self.machine, pid)
        for key, wanted in sandbox.HELPER_PROCESS.items():
            self.assertEqual(told[key], wanted, key)
        network = "readlink /proc/{}/ns/net"
        self.assertNotEqual(self.machine.run(network.format(pid)).out, self.machine.run(network.format(1)).out)

    def test_13_outputs_where_the_helper_may_write(self):
        def with_output(folder):
            output = {"directory": folder, "formats": ["fullchain", "privkey"], "owner": "root", "group": "adm", "mode": "0640"}
            self.world.configure(certificates=[{"names": [NAME], "deploy": ["nginx", "apache"], "outputs": [output]}])
            self.machine.run("systemctl reload evercertd")
            return self.machine.run("evercert", "deploy", NAME, timeout=90, check=False)
        self.machine.run("install -d /etc/ssl/one /srv/one")
        self.assertEqual(with_output("/etc/ssl/one").code, 0)
        self.assertEqual(self.machine.run("stat -c '%U:%G %a' /etc/ssl/one/privkey.pem").out.strip(), "root:adm 640")
        self.machine.run("cmp /etc/ssl/one/fullchain.pem /var/lib/evercert/live/one.test/fullchain.pem")
        refused = with_output("/srv/one")
        self.assertEqual(refused.code, 1, refused)
        self.assertIn("ReadWritePaths=/srv/one", refused.out)
        self.assertIn("systemctl edit evercert-deploy", refused.out)
        self.world.configure(certificates=[{"names": [NAME], "deploy": ["nginx", "apache"]}])
        self.machine.run("systemctl reload evercertd")

    # ---- a running service

    def test_20_a_reload_keeps_process_and_port(self):
        """The challenge is another after it, and has the socket that the first had."""
        pid, before = self.pid(), self.world.live(NAME)
        self.world.configure(challenges={"http": {"type": "http-01", "redirect_to_https": True}})
        self.machine.run("systemctl reload evercertd")
        self.logged("0 added, ")
        self.assertEqual(self.machine.show("evercertd", "ActiveState"), "active")
        self.machine.run("evercert", "renew", NAME, "--now", timeout=90)
        self.world.wait_live(NAME, other_than=before)
        self.assertEqual(self.pid(), pid)
        self.world.configure(challenges=None)
        self.machine.run("systemctl reload evercertd")

    def test_21_a_refused_reload_changes_nothing(self):
        pid = self.pid()
        good = self.machine.read("/etc/evercert/evercert.yaml")
        self.machine.write("/etc/evercert/evercert.yaml", good + "nonsense: [\n")
        self.machine.run("systemctl reload evercertd")
        self.logged("the running one stays in force")
        self.machine.write("/etc/evercert/evercert.yaml", good)
        wait_until("the service is running again", lambda: self.machine.show("evercertd", "ActiveState") == "active", 10)
        self.assertEqual(self.pid(), pid)

    def test_22_revocation(self):
        before = self.world.live(NAME)
        self.machine.run("evercert", "revoke", NAME, "--reason", "superseded", timeout=60)
        status = self.machine.run("curl", "-fsS", "--cacert", "/etc/pebble/root.pem",
                                  f"https://127.0.0.1:15000/cert-status-by-serial/{before.serial}").out
        self.assertIn("Revoked", status)
        leaf = self.world.wait_live(NAME, other_than=before, timeout=90)
        self.world.wait_served(NAME, SERVERS["nginx"], leaf)

    # ---- what must not get lost

    def test_30_a_restart_loses_no_validation(self):
        """The CA asks while the daemon is down, and is answered when it is back; the order is the same."""
        self.world.configure(certificates=[{"names": [NAME]}, {"names": ["slow.test"], "issuers": ["slow"]}])
        self.machine.run("systemctl reload evercertd")
        # By now evercertd has asked for it; the CA's three looks come each in a second of its own choice, most while nobody is there.
        wait_until("the CA is about to look", lambda: "before validating" in self.machine.journal("ca-slow"), 30, 0.1)
        self.assertEqual(self.world.orders("slow"), 1)
        self.world.drop_in("evercertd.service", "[Service]\nExecStartPre=/bin/sleep 4\n")
        self.machine.run("systemctl restart --no-block evercertd")
        wait_until("the daemon is down", lambda: self.machine.show("evercertd", "SubState") == "start-pre", 20, 0.05)
        waiting = "curl -sS --max-time 25 -o /dev/null -w '%{http_code}' http://127.0.0.1/.well-known/acme-challenge/nobody-knows"
        told = self.machine.run(waiting, timeout=40)
        self.assertEqual(told.out, "404")
        self.world.wait_live("slow.test", timeout=60)
        self.assertEqual(self.world.orders("slow"), 1)
        self.world.drop_in("evercertd.service", None)

    def test_31_a_daemon_that_hangs_is_replaced(self):
        self.world.drop_in("evercertd.service", "[Service]\nWatchdogSec=3\nRestartSec=100ms\n")
        self.restart()
        pid, before = self.pid(), self.world.live(NAME)
        self.machine.run("kill", "-STOP", str(pid))
        wait_until("systemd has started another", lambda: self.pid() not in (0, pid) and
                   self.machine.show("evercertd", "ActiveState") == "active", 30, 0.2)
        self.assertIn("atchdog", self.machine.run("journalctl", "--no-pager", "-u", "evercertd", f"--since={self.since}").out)
        self.machine.run("evercert", "renew", NAME, "--now", timeout=90)
        self.world.wait_live(NAME, other_than=before)
        self.world.drop_in("evercertd.service", None)
        self.restart()

    def test_32_a_daemon_that_is_killed_comes_back(self):
        self.world.drop_in("evercertd.service", "[Service]\nRestartSec=100ms\n")
        for signal in ("-KILL", "-TERM"):  # the second of which is a clean end
            pid = self.pid()
            self.machine.run("kill", signal, str(pid))
            wait_until("systemd has started another", lambda: self.pid() not in (0, pid) and
                       self.machine.show("evercertd", "ActiveState") == "active", 30, 0.1)
        self.assertEqual(self.machine.show("evercertd.socket", "ActiveState"), "active")
        self.world.drop_in("evercertd.service", None)

    # ---- what an operator is told

    def test_40_credentials(self):
        """Files only for root reach the daemon. The unit has started well with none before, and does without the folder."""
        self.machine.write("/etc/evercert/credentials/dns-token", "secret", mode=0o600)
        self.restart()
        path = "/run/credentials/evercertd.service/evercert_dns-token"
        self.assertEqual(self.machine.run("nsenter", "-t", str(self.pid()), "-m", "--", "setpriv", "--reuid=evercert",
                                          "--clear-groups", "--regid=evercert", "cat", path).out, "secret")
        self.machine.run("rm -r /etc/evercert/credentials")
        self.restart()  # and with none it is well, too

    def test_41_a_webroot_that_may_not_be_written(self):
        self.world.configure(challenges={"web": {"type": "http-01", "webroot": "/var/www/html"}},
                             certificates=[{"names": ["web.test"], "challenge": "web"}])
        self.machine.run("systemctl reload evercertd")
        self.logged("add the lines [Service] and ReadWritePaths=/var/www/html")
        self.restart()  # until then the listener that was there stays
        self.logged("systemctl mask evercertd.socket")

    def test_42_another_server_has_port_80(self):
        """Then evercertd has no port, is not failed for it, and uses what the operator was told to give it."""
        self.machine.run("systemctl stop evercertd")
        self.assertEqual(self.machine.show("evercertd.socket", "ActiveState"), "inactive")
        self.machine.write("/etc/nginx/conf.d/web.conf", "server { listen [::]:80 ipv6only=off; root /var/www/html; }\n")
        self.machine.run("systemctl restart nginx && setfacl -m u:evercert:rwx /var/www/html")
        self.world.drop_in("evercertd.service", "[Service]\nReadWritePaths=/var/www/html\n")
        self.machine.run("systemctl start evercertd")
        self.machine.run("evercert renew web.test --now", timeout=60)
        self.world.wait_live("web.test")
        self.assertEqual(self.machine.show("evercertd.socket", "ActiveState"), "inactive")
        self.assertEqual(self.machine.run("systemctl is-system-running").out.strip(), "running")
        self.world.configure(challenges=None, certificates=[{"names": [NAME]}, {"names": ["web.test"]}])
        self.machine.run("systemctl reload evercertd")
        self.logged("port 80 is taken")
        self.machine.run("rm /etc/nginx/conf.d/web.conf && systemctl restart nginx")
        self.logged("systemctl restart evercertd")
        self.world.drop_in("evercertd.service", None)
        self.restart()
        self.assertEqual(self.machine.show("evercertd.socket", "ActiveState"), "active")

    def test_43_another_port(self):
        """As the message says: a drop-in for the socket unit, stop, start."""
        self.world.configure(challenges={"http": {"type": "http-01"}, "alpn": {"type": "tls-alpn-01", "listen": ["[::]:444"]}},
                             certificates=[{"names": [NAME]}, {"names": ["two.test"], "challenge": "alpn"}])
        self.machine.run("systemctl reload evercertd")
        self.logged("ListenStream=444")
        self.world.drop_in("evercertd.socket", "[Socket]\nListenStream=444\n")
        self.machine.run("systemctl stop evercertd")
        self.machine.run("systemctl start evercertd")
        self.assertEqual([address for address in self.world.listeners() if address.startswith("[")], ["[::]:444", "[::]:80"])
        self.world.drop_in("evercertd.socket", None)
        self.world.configure(challenges=None, certificates=[{"names": [NAME], "deploy": ["nginx", "apache"]}])
        self.machine.run("systemctl stop evercertd")
        self.machine.run("systemctl start evercertd")

    def test_44_a_hook_for_the_dns_works_in_the_sandbox(self):
        """A script as people have them: a shell, temporary files, curl."""
        self.machine.write("/etc/evercert/hook", HOOK, mode=0o755)
        hook = {"type": "dns-01", "provider": "exec", "convention": "lego", "command": ["/etc/evercert/hook"], "propagation": "off"}
        self.world.configure(challenges={"hook": hook}, certificates=[{"names": ["*.hook.test"], "challenge": "hook"}])
        self.restart()  # before, it has given up running programs
        self.world.wait_live("wildcard.hook.test")

    def test_45_state_in_another_folder(self):
        self.world.configure(data_dir="/srv/evercert")
        self.machine.run("systemctl restart evercertd", check=False)
        self.logged("ReadWritePaths=/srv/evercert")
        self.machine.run("install -d -m 0700 -o evercert /srv/evercert")
        self.world.drop_in("evercertd.service", "[Service]\nReadWritePaths=/srv/evercert\n")
        self.restart()
        self.world.drop_in("evercertd.service", None)
        self.world.configure(data_dir=None, challenges=None, certificates=[{"names": [NAME], "deploy": ["nginx", "apache"]}])
        self.restart()

    def test_46_a_reboot(self):
        """Everything comes back by itself, and a web server that wants port 80 has it before evercert could."""
        self.machine.write("/etc/nginx/conf.d/web.conf", "server { listen [::]:80 ipv6only=off; }\n")
        self.machine.run("systemctl -q enable nginx apache2")
        before = self.world.live(NAME)
        self.machine.reboot()
        self.assertEqual(self.machine.show("nginx", "ActiveState"), "active")
        self.assertEqual(self.machine.show("evercertd", "ActiveState"), "active")
        self.assertNotIn("ordering cycle", self.machine.run("journalctl", "--no-pager", "--boot").out)
        self.world.wait_served(NAME, SERVERS["nginx"], before)
        self.machine.run("rm /etc/nginx/conf.d/web.conf")
        self.machine.reboot()
        self.assertEqual(self.machine.show("evercertd.socket", "ActiveState"), "active")

    # ---- the package goes on

    def test_50_an_upgrade_keeps_ports_and_certificates(self):
        pid, before = self.pid(), self.world.live(NAME)
        opened = self.machine.show("evercertd.socket", "ActiveEnterTimestampMonotonic")
        self.install(self.packages[1])
        wait_until("the new daemon runs", lambda: self.pid() not in (0, pid) and
                   self.machine.show("evercertd", "ActiveState") == "active", 30, 0.1)
        self.assertEqual(self.machine.show("evercertd.socket", "ActiveEnterTimestampMonotonic"), opened)
        self.assertEqual(self.world.live(NAME).serial, before.serial)
        self.assertIn(NAME, self.machine.run("evercert status").out)

    def test_51_removal_keeps_the_state_and_purge_does_not(self):
        self.machine.run("apt-get remove -y evercert", timeout=60)
        self.assertEqual(self.machine.run("ss -Hltn 'sport = :80'; pgrep evercertd", check=False).out, "")
        self.assertIsNotNone(self.world.live(NAME))
        self.assertTrue(self.machine.read("/etc/evercert/evercert.yaml"))
        for server, address in SERVERS.items():
            self.assertIsNotNone(self.world.served(NAME, address), server)
        self.machine.run("apt-get purge -y evercert", timeout=60)
        self.assertEqual(self.machine.run("ls /var/lib/evercert", check=False).code, 2)


if __name__ == "__main__":
    story.main()
