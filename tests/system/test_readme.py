"""The README as a new user reads it: what stands in its `sh` boxes, typed by root on a fresh Debian. A test is a machine."""
import os
import re
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration")]

import package  # noqa: E402
import root  # noqa: E402
from harness.workspace import PEBBLE, SOURCE, wait_until  # noqa: E402
from machine import Machine  # noqa: E402
from story import main  # noqa: E402
from world import CA_PROGRAMS, World  # noqa: E402

NAME = "example.com"
# The only deviation: the two Let's Encrypts are CAs of this machine.
CAS = {"letsencrypt": 14000, "letsencrypt-staging": 14001}
ISSUERS = "issuers: {%s}\n" % ", ".join(f'{name}: {{directory: "https://127.0.0.1:{port}/dir"}}' for name, port in CAS.items())
# nginx takes a reload in its own time: who reads on is slower than that.
RELOAD_NGINX = r"""worker() { pgrep -of 'nginx: worker process$' || true; }
reload_nginx() {
    before=$(worker)
    systemctl reload nginx
    while [ "$(worker)" = "$before" ]; do sleep 0.05; done
}
"""
OLD_SITE = """server {
    listen 443 ssl;
    server_name example.com;
    ssl_certificate /etc/letsencrypt/live/example.com/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/example.com/privkey.pem;
}
"""


def boxes():
    """{heading: [what stands in its sh boxes]}"""
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
        sections = re.split(r"^##+ (.*)\n", file.read(), flags=re.M)
    return {heading: re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S) for heading, text in zip(sections[1::2], sections[2::2])}


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.boxes = boxes()
        folder = tempfile.TemporaryDirectory(prefix="evercert-package-")
        cls.addClassCleanup(folder.cleanup)
        cls.deb = package.make(folder.name, 1)
        cls.root = root.ready(cls.deb)
        cls.seen = set()

    def setUp(self):
        self.machine = Machine(self.root, {CA_PROGRAMS: os.path.join(PEBBLE, "usr/bin")})
        self.addCleanup(self.machine.close)
        for unit in root.SERVERS:  # which server a machine has, its test says
            os.unlink(f"{self.machine.tree}/etc/systemd/system/multi-user.target.wants/{unit}.service")
        self.machine.boot()
        self.world = World(self.machine, patient=False)
        self.world.make_ca()
        self.machine.run("cp /etc/pebble/root.pem /usr/local/share/ca-certificates/test.crt && update-ca-certificates 2>&1")
        with open(self.deb, "rb") as source, open(f"{self.machine.tree}/root/evercert_1_test.deb", "wb") as target:
            target.write(source.read())

    def tearDown(self):
        outcome = self._outcome.result
        if any(case is self for case, _ in outcome.failures + outcome.errors):
            print(f"--- the journal, its end\n{self.machine.run('journalctl --no-pager -u evercertd').out[-6000:]}---", file=sys.stderr)

    def type_in(self, text):
        """As root, at home. Whoever reads on waits until the last step is done."""
        text = text.replace("agree_to_terms: true\n", "agree_to_terms: true\n" + ISSUERS)
        text = text.replace(" && ", "\n")  # -e overlooks what fails in front of one
        text = text.replace("systemctl reload nginx\n", "reload_nginx\n")
        told = self.machine.run("bash", "-e", "-o", "pipefail", "-c", f"cd ~\n{RELOAD_NGINX}{text}", timeout=90).out
        if self.machine.show("evercertd", "ActiveState") == "active":
            wait_until("status says waiting", self.settled, 45, 0.2)
        return told

    def settled(self):
        states = [line.split()[1] for line in self.machine.run("evercert status").out.split("\n\n")[0].splitlines()[1:]]
        self.assertNotIn("failing", states, self.machine.run("evercert explain example.com", check=False).out)
        return all(state == "waiting" for state in states)

    def follow(self, heading):
        self.seen.add(heading)
        self.assertTrue(self.boxes[heading], heading)
        return [self.type_in(text) for text in self.boxes[heading]]

    def served_by(self, ca):
        """What a handshake shows is what is live, of this CA; the unit that shall not be there has done no harm."""
        leaf = self.world.live(NAME)
        self.assertEqual(self.world.served(NAME, "127.0.0.1"), leaf.serial)
        told = self.machine.run("curl", "-sS", "--cacert", "/etc/pebble/root.pem",
                                f"https://127.0.0.1:{CAS[ca] + 1000}/cert-status-by-serial/{leaf.serial}").out
        self.assertIn("Valid", told)
        self.assertEqual(self.machine.run("systemctl --failed --quiet").out, "")

    def test_nginx(self):
        self.machine.run("systemctl enable -q --now nginx 2>&1")
        self.follow("Install from the package")
        told = self.follow("nginx")
        self.assertIn("letsencrypt-staging", self.machine.run("evercert history example.com").out)
        self.assertNotIn("PROBLEM", told[0])
        self.served_by("letsencrypt")
        self.assertRegex(self.machine.run("evercert show example.com").out, r"deployed +yes \(nginx\)")
        self.day_two()

    def day_two(self):
        self.seen.add("Day two")
        for text in self.boxes["Day two"]:
            if "shop.example.com" in text:  # "let the web server know them"
                self.type_in("sed -i 's/www.example.com;/www.example.com shop.example.com;/' /etc/nginx/sites-available/example.com\n"
                             "systemctl reload nginx\n")
            told = self.type_in(text)
            if "EVENT_ID=cert.issued" in text:
                self.assertIn('"CERTIFICATE":"example.com"', told)
            if "tar -C / -czf" in text:  # another machine has neither
                self.machine.run("apt-get purge -y evercert && test ! -e /var/lib/evercert && test ! -e /etc/evercert", timeout=60)
                self.type_in(self.boxes["Install from the package"][0])
        self.assertIn("DNS:shop.example.com", self.machine.run(
            "openssl x509 -noout -ext subjectAltName -in /var/lib/evercert/live/example.com/cert.pem").out)
        self.served_by("letsencrypt")
        self.type_in("evercert renew example.com --now")
        self.served_by("letsencrypt")

    def test_apache(self):
        self.machine.run("systemctl enable -q --now apache2 2>&1")
        self.follow("Install from the package")
        self.follow("apache")
        self.served_by("letsencrypt")
        self.assertRegex(self.machine.run("evercert show example.com").out, r"deployed +yes \(apache\)")

    def test_certbot(self):
        """A server where certbot has worked with a webroot and a hook."""
        self.machine.run("systemctl enable -q --now nginx 2>&1")
        self.machine.run("certbot certonly -n -q --agree-tos -m ops@example.com --webroot -w /var/www/html -d example.com "
                         "--server https://127.0.0.1:14000/dir --no-verify-ssl --deploy-hook 'systemctl reload nginx'", timeout=90)
        self.machine.write("/etc/nginx/sites-enabled/old", OLD_SITE)
        self.machine.run("nginx -t && systemctl reload nginx")
        self.follow("Install from the package")
        before = self.world.served(NAME, "127.0.0.1")
        told = self.follow("Coming from certbot")
        self.assertIn("setfacl -m u:evercert:rwx /var/www/html", told[0])
        self.assertEqual(self.world.live(NAME).serial, before)
        self.type_in("evercert renew example.com --now")
        self.assertNotEqual(self.world.live(NAME).serial, before)
        self.served_by("letsencrypt")

    def test_zz_no_box_is_left_out(self):
        self.assertEqual({heading for heading, found in self.boxes.items() if found} - self.seen, set())


if __name__ == "__main__":
    main()
