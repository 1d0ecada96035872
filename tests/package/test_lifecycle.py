"""Installed, upgraded, removed and purged by dpkg, in a Debian where no systemd runs; then with one that only takes notes."""
import os
import shutil
import stat
import tempfile
import unittest

from package import SOURCE, package
from root import Root, terminate_like_interrupt

CONFIG = "/etc/evercert/evercert.yaml"
YAML = "agree_to_terms: true\ncertificates: []\n"
ENABLED = "/etc/systemd/system/multi-user.target.wants/evercertd.service"
MASKED = "/etc/systemd/system/evercertd.service"
# What systemctl is asked goes to a file; everything succeeds. deb-systemd-invoke asks which units are what.
NOTES = "/notes"
SYSTEMCTL = f"""#!/bin/sh
echo "$*" >>{NOTES}
case "$*" in
*is-enabled*) for unit in "$@"; do case "$unit" in *.*) echo enabled ;; esac; done ;;
*is-active*) echo active ;;
*show*) echo LoadState=loaded; echo UnitFileState=enabled; echo ActiveState=active ;;
esac
"""
HAS_SOCKET = os.path.exists(f"{SOURCE}/systemd/evercert-deploy.socket")


class Lifecycle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        assert os.geteuid() == 0, "only root can install a package, also into a folder: run this with sudo"
        cls.first, cls.second = package(1), package(2)

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="evercert-root-")  # also gone when this is interrupted
        self.addCleanup(self.folder.cleanup)
        os.chmod(self.folder.name, 0o755)
        self.root = Root(self.folder.name, self.first)

    def owned(self, name):
        """(user, group, mode) as the root knows them."""
        facts = os.stat(self.root.path(name))
        users = {line.split(":")[2]: line.split(":")[0] for line in self.root.read("/etc/passwd").splitlines()}
        groups = {line.split(":")[2]: line.split(":")[0] for line in self.root.read("/etc/group").splitlines()}
        return users[str(facts.st_uid)], groups[str(facts.st_gid)], oct(stat.S_IMODE(facts.st_mode))

    def boots(self):
        """As if systemd ran: what it is asked is noted."""
        os.makedirs(self.root.path("/run/systemd/system"), exist_ok=True)
        os.remove(self.root.path("/usr/bin/systemctl"))
        self.root.write("/usr/bin/systemctl", SYSTEMCTL, 0o755)

    def notes(self):
        """What systemd was asked to do since the last time, without questions."""
        told = self.root.read(NOTES).splitlines() if self.root.has(NOTES) else []
        self.root.write(NOTES, "")
        verbs = ("start", "stop", "restart", "try-restart", "daemon-reload", "reload", "kill")
        words = [[word for word in line.split() if not word.startswith("-")] for line in told]
        asked = [" ".join(line) for line in words if line and line[0] in verbs]
        # How often systemd looks at its files again is deb-systemd-helper's affair.
        return [line for before, line in zip(["", *asked], asked) if line != "daemon-reload" or before != line]

    def test_a_life_without_systemd(self):
        root = self.root
        said = root.install(self.first)
        self.assertIn(f"write {CONFIG}", said)
        self.assertEqual(root.status(), "installed 0.1.0-1")
        self.assertFalse(root.has(CONFIG))
        self.assertEqual(self.owned("/etc/evercert"), ("root", "root", "0o755"))
        self.assertEqual(self.owned("/var/lib/evercert"), ("evercert", "evercert", "0o700"))
        user = next(line for line in root.read("/etc/passwd").splitlines() if line.startswith("evercert:")).split(":")
        self.assertEqual(user[5:], ["/var/lib/evercert", "/usr/sbin/nologin"])
        self.assertTrue(root.has(ENABLED))
        if HAS_SOCKET:
            self.assertTrue(root.has("/etc/systemd/system/sockets.target.wants/evercert-deploy.socket"))
        self.assertRegex(root.run("evercertd", "--version").stdout, r"^evercertd 0\.1\.0")

        root.write(CONFIG, YAML)
        root.write("/var/lib/evercert/live/key", "secret")
        root.run("evercertd", "--check")
        said = root.install(self.second)
        self.assertNotIn("write ", said)
        self.assertEqual(root.status(), "installed 0.1.0-2")
        for _ in range(2):  # each script may run again
            root.dpkg("--configure", "--force-all", "-a")
            root.run("/var/lib/dpkg/info/evercert.postinst", "configure", "0.1.0-2", DPKG_MAINTSCRIPT_PACKAGE="evercert")
        self.assertEqual(root.read(CONFIG), YAML)

        root.dpkg("--remove", "evercert")
        self.assertEqual(root.status(), "config-files 0.1.0-2")
        self.assertFalse(root.has("/usr/sbin/evercertd"))
        self.assertEqual(root.read(CONFIG), YAML)
        self.assertEqual(root.read("/var/lib/evercert/live/key"), "secret")
        self.assertEqual(os.readlink(root.path(MASKED)), "/dev/null")

        root.install(self.second)  # back again, with all it had
        self.assertFalse(root.has(MASKED))
        self.assertEqual(root.read("/var/lib/evercert/live/key"), "secret")
        root.dpkg("--remove", "evercert")
        root.dpkg("--purge", "evercert")
        for gone in (CONFIG, "/etc/evercert", "/var/lib/evercert", ENABLED, MASKED):
            self.assertFalse(root.has(gone), gone)
        self.assertIn("evercert:", root.read("/etc/passwd"))
        self.assertNotIn("evercert/purge-state", root.read("/var/cache/debconf/config.dat"))

    def test_a_purge_keeps_what_it_is_told_to_keep(self):
        root = self.root
        root.install(self.first)
        root.write(CONFIG, YAML)
        root.write("/var/lib/evercert/live/key", "secret")
        root.run("sh", "-c", "echo evercert evercert/purge-state boolean false | debconf-set-selections")
        root.dpkg("--purge", "evercert")
        self.assertEqual(root.read("/var/lib/evercert/live/key"), "secret")
        self.assertEqual(root.read(CONFIG), YAML)
        self.assertIn(root.status().split(" ")[0], ("", "not-installed"))

    def test_a_daemon_that_ran_as_root_gives_its_files_to_the_user(self):
        root = self.root
        root.write(CONFIG, YAML)
        root.write("/var/lib/evercert/live/key", "secret", 0o600)
        os.chmod(root.path("/var/lib/evercert"), 0o700)
        os.symlink("/etc/shadow", root.path("/var/lib/evercert/live/link"))
        shadow = self.owned("/etc/shadow")
        root.install(self.first)
        self.assertEqual(self.owned("/var/lib/evercert/live/key"), ("evercert", "evercert", "0o600"))
        self.assertEqual(self.owned("/etc/shadow"), shadow)

    def test_an_interrupted_change_of_owner_is_made_good(self):
        root = self.root
        root.write("/var/lib/evercert/live/key", "secret", 0o600)
        os.rename(root.path("/usr/bin/chown"), root.path("/usr/bin/real-chown"))
        root.write("/usr/bin/chown", '#!/bin/sh\n/usr/bin/real-chown "$1" "$2" "$3"\nexit 1\n', 0o755)  # the first file, and no more
        shutil.copy(self.first, root.path("/new.deb"))
        self.assertNotEqual(root.run("dpkg", "-i", "/new.deb", check=False).returncode, 0)
        os.rename(root.path("/usr/bin/real-chown"), root.path("/usr/bin/chown"))
        root.dpkg("--configure", "evercert")
        self.assertEqual(self.owned("/var/lib/evercert/live/key"), ("evercert", "evercert", "0o600"))
        self.assertEqual(self.owned("/var/lib/evercert"), ("evercert", "evercert", "0o700"))

    def test_a_folder_closed_by_the_administrator_stays_closed(self):
        root = self.root
        root.install(self.first)
        root.run("chown", "root:evercert", "/etc/evercert")
        root.run("chmod", "0750", "/etc/evercert")
        root.install(self.second)
        self.assertEqual(self.owned("/etc/evercert"), ("root", "evercert", "0o750"))

    def test_a_service_is_disabled_and_stays_so(self):
        root = self.root
        root.install(self.first)
        root.run("systemctl", "disable", "evercertd.service")
        self.assertFalse(root.has(ENABLED))
        root.install(self.second)
        self.assertFalse(root.has(ENABLED))

    def test_what_systemd_is_asked_to_do(self):
        root = self.root
        self.boots()
        root.install(self.first)
        self.assertEqual(self.notes(), ["daemon-reload"], "nothing starts without a configuration")
        root.write(CONFIG, YAML)
        root.install(self.second)
        upgrade = ["daemon-reload", "try-restart evercertd.service"] + (["stop evercert-deploy.service"] if HAS_SOCKET else [])
        self.assertEqual(self.notes(), upgrade, "the sockets stay open")
        root.dpkg("--remove", "evercert")
        stopped = self.notes()
        self.assertIn("stop evercertd.service", stopped)
        if HAS_SOCKET:
            self.assertIn("stop evercertd.socket", stopped)
            self.assertIn("stop evercert-deploy.socket", stopped)
        self.assertFalse([line for line in stopped if "start" in line], stopped)
        root.install(self.second)
        started = ["start evercert-deploy.socket"] if HAS_SOCKET else []
        self.assertEqual(self.notes(), ["daemon-reload", *started, "start evercertd.service"], "there is a configuration")
        root.dpkg("--purge", "evercert")
        self.assertFalse([line for line in self.notes() if "start" in line])


if __name__ == "__main__":
    terminate_like_interrupt()
    unittest.main(verbosity=2)
