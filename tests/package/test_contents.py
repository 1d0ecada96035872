"""What is in the package, and what Debian's own checkers say of it."""
import gzip
import json
import os
import re
import shutil
import tempfile
import unittest

from package import BUILD, SOURCE, build, field, package, run

PROGRAMS = {"evercertd": "usr/sbin", "evercert": "usr/bin", "evercert-deploy": "usr/libexec/evercert"}
MONITORING = ("evercert.rules.yml", "evercert.rules.test.yml", "grafana-dashboard.json")
# Each with why it stays.
EXPECTED_TAGS = {
    "no-copyright-file",  # the owner has not chosen a licence, and nobody else may name one
    "initial-upload-closes-no-bugs",  # it is not uploaded to Debian
    "recursive-privilege-change",  # of a folder that only root could write to until then, and not through links
}


def built_programs():
    return {name: place for name, place in PROGRAMS.items() if os.path.exists(f"{BUILD}/{name}")}


class Contents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deb = package()
        cls.scratch = tempfile.mkdtemp(prefix="evercert-package-")
        cls.addClassCleanup(shutil.rmtree, cls.scratch)
        cls.tree, cls.control = f"{cls.scratch}/tree", f"{cls.scratch}/control"
        run("dpkg-deb", "-x", cls.deb, cls.tree)
        run("dpkg-deb", "-e", cls.deb, cls.control)

    def read(self, path):
        with open(f"{self.tree}/{path}", encoding="utf-8") as file:
            return file.read()

    def test_every_file_at_its_place(self):
        lines = run("dpkg-deb", "-c", self.deb).stdout.splitlines()
        files = {line.split()[5].removeprefix("./"): line.split()[:2] for line in lines if not line.startswith("d")}
        units = {f"usr/lib/systemd/system/{name}" for name in os.listdir(f"{SOURCE}/systemd") if name.endswith((".service", ".socket"))}
        programs = {f"{place}/{name}" for name, place in built_programs().items()}
        pages = {"usr/share/man/man8/evercertd.8.gz", "usr/share/man/man1/evercert.1.gz", "usr/share/man/man5/evercert.yaml.5.gz"}
        if "evercert-deploy" in built_programs():
            pages.add("usr/share/man/man8/evercert-deploy.8.gz")
        self.assertEqual(set(files), programs | units | pages | {
            "usr/lib/sysusers.d/evercert.conf", "usr/lib/tmpfiles.d/evercert.conf", "usr/share/evercert/evercert.schema.json",
            *(f"usr/share/evercert/monitoring/{name}" for name in MONITORING),
            "usr/share/doc/evercert/examples/evercert.yaml", "usr/share/doc/evercert/changelog.Debian.gz",
            "usr/share/bash-completion/completions/evercert", "usr/share/zsh/vendor-completions/_evercert",
            "usr/share/fish/vendor_completions.d/evercert.fish"})
        for path, (mode, owner) in files.items():
            self.assertEqual((mode, owner), ("-rwxr-xr-x" if path in programs else "-rw-r--r--", "root/root"), path)
        self.assertEqual({line.split()[0] for line in lines if line.startswith("d")}, {"drwxr-xr-x"})

    def test_alert_rules_are_usable_where_they_lie(self):
        folder = f"{self.tree}/usr/share/evercert/monitoring"
        run("promtool", "check", "rules", f"{folder}/evercert.rules.yml")
        run("promtool", "test", "rules", f"{folder}/evercert.rules.test.yml")
        json.loads(self.read("usr/share/evercert/monitoring/grafana-dashboard.json"))

    def test_fields(self):
        self.assertEqual(field(self.deb, "Package"), "evercert")
        self.assertRegex(field(self.deb, "Version"), r"^\d+\.\d+\.\d+-1$")
        depends = field(self.deb, "Depends")
        for wanted in ("libc6", "libssl3", "libsystemd0", "systemd (>= 252)", "dbus-system-bus", "debconf"):
            self.assertIn(wanted, depends)
        self.assertIn("ca-certificates", field(self.deb, "Recommends"))
        self.assertFalse(os.path.exists(f"{self.control}/conffiles"), "dpkg would ask about a configuration")

    def test_units_name_programs_that_are_there(self):
        folder = f"{self.tree}/usr/lib/systemd/system"
        for name in os.listdir(folder):
            for program in re.findall(r"^ExecStart=(\S+)", self.read(f"usr/lib/systemd/system/{name}"), re.M):
                if os.path.basename(program) in built_programs():
                    self.assertTrue(os.access(self.tree + program, os.X_OK), f"{name}: {program}")

    def test_scripts_are_shell(self):
        for name in ("config", "postinst", "prerm", "postrm"):
            run("sh", "-n", f"{self.control}/{name}")
            self.assertTrue(os.access(f"{self.control}/{name}", os.X_OK), name)
            with open(f"{self.control}/{name}", encoding="utf-8") as file:
                self.assertIn("\nset -e\n", file.read())

    def test_programs_are_stripped_and_hardened(self):
        for name, place in built_programs().items():
            path = f"{self.tree}/{place}/{name}"
            self.assertIn(", stripped", run("file", path).stdout)
            self.assertIn("pie executable", run("file", path).stdout)
            told = run("hardening-check", path, check=False).stdout
            for wanted in ("Position Independent Executable: yes", "Stack protected: yes", "Fortify Source functions: yes",
                           "Read-only relocations: yes", "Immediate binding: yes"):
                self.assertIn(wanted, told)

    def test_lintian_says_only_what_is_known(self):
        told = run("lintian", "--allow-root", "--tag-display-limit", "0", self.deb, check=False, timeout=250)
        tags = set(re.findall(r"^[EW]: \S+: (\S+)", told.stdout, re.M))
        self.assertLessEqual(tags, EXPECTED_TAGS, told.stdout + told.stderr)
        self.assertIn("no-copyright-file", tags, "a licence was chosen: then lintian has nothing to complain about")

    def test_the_same_sources_make_the_same_bytes(self):
        with tempfile.TemporaryDirectory(prefix="evercert-again-") as folder:
            again = build(1, folder)
            with open(self.deb, "rb") as one, open(again, "rb") as other:
                self.assertEqual(one.read(), other.read())

    def test_pages_please_both_formatters(self):
        folder = f"{self.tree}/usr/share/man"
        seen = 0
        for root, _, names in os.walk(folder):
            for name in names:
                with gzip.open(f"{root}/{name}") as page:
                    text = page.read()
                path = f"{self.scratch}/{name.removesuffix('.gz')}"
                with open(path, "wb") as file:
                    file.write(text)
                lint = run("mandoc", "-Tlint", path, check=False)
                self.assertEqual(lint.stdout + lint.stderr, "")
                shown = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", path, env={**os.environ, "LC_ALL": "C.UTF-8",
                                                                                             "MANROFFSEQ": "", "MANWIDTH": "80"})
                self.assertEqual(shown.stderr, "", name)
                seen += 1
        self.assertGreaterEqual(seen, 3)

    def test_pages_name_every_command_and_option(self):
        pages = {"evercertd": "man8/evercertd.8", "evercert": "man1/evercert.1", "evercert-deploy": "man8/evercert-deploy.8"}
        for program, place in built_programs().items():
            with gzip.open(f"{self.tree}/usr/share/man/{pages[program]}.gz", "rt", encoding="utf-8") as file:
                page = re.sub(r"\\f[BIR]", "", file.read().replace("\\-", "-"))
            path = f"{self.tree}/{place}/{program}"
            told = [run(path, "--help").stdout]
            while told:
                text = told.pop()
                for option in re.findall(r"^\s+(?:-\w,)?(--[a-z-]+)", text, re.M):
                    self.assertRegex(page, rf"{option}\b", program)
                for command in re.findall(r"^  ([a-z][a-z-]*) ", text.partition("\nSubcommands:")[2], re.M):
                    self.assertRegex(page, rf"\n\.(?:B|BI|RI) \"?(?:account |import )?{command}\b", f"{program}: no word of {command}")
                    if text.startswith("evercert:"):
                        told.append(run(path, command, "--help").stdout)

    def test_an_installation_below_a_prefix_runs(self):
        with tempfile.TemporaryDirectory(prefix="evercert-prefix-") as prefix:
            run("cmake", "--install", BUILD, "--prefix", prefix)
            self.assertRegex(run(f"{prefix}/sbin/evercertd", "--version").stdout, r"^evercertd \d")
            self.assertRegex(run(f"{prefix}/bin/evercert", "--version").stdout, r"^evercert \d")
            with open(f"{prefix}/lib/systemd/system/evercertd.service", encoding="utf-8") as unit:
                self.assertIn(f"ExecStart={prefix}/sbin/evercertd", unit.read())
            self.assertEqual(os.listdir(f"{prefix}/share/zsh/site-functions"), ["_evercert"])
            with open(f"{prefix}/share/doc/evercert/examples/evercert.yaml", encoding="utf-8") as file:
                self.assertTrue(file.read().startswith("# yaml-language-server: $schema=/usr/share/evercert/evercert.schema.json\n"))

    def test_no_text_names_the_machine_it_was_made_on(self):
        programs = {f"{self.tree}/{place}/{name}" for name, place in built_programs().items()}
        for root, _, names in os.walk(self.tree):
            for path in {f"{root}/{name}" for name in names} - programs:
                with open(path, "rb") as file:
                    text = file.read()
                text = gzip.decompress(text) if path.endswith(".gz") else text
                self.assertFalse(SOURCE.encode() in text, path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
