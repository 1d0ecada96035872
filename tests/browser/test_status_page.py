"""The status page in chromium: pictures of it, what it asks for, how long it takes, and what axe-core says."""
import json
import os
import re
import shutil
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../integration"), os.path.join(HERE, "../bench")]
from harness.tls import MiniRoot  # noqa: E402
from harness.workspace import BUILD, Workspace, read_text, terminate_like_interrupt, wait_until  # noqa: E402
from quiet_ca import QuietCa  # noqa: E402
from scale import Crowd, populate  # noqa: E402

PLACE = os.path.join(os.path.dirname(BUILD.rstrip("/")), "browser")  # build/browser
SHOTS = os.path.join(PLACE, "shots")
MANY = 5000
# Promised (milliseconds): of some looks the quickest must keep it, as others use the processors, too. All are printed.
LONGEST_PAINT = 1000
LARGEST_PAGE = 300_000


def missing():
    """Why this cannot run here, or None. Modules are fetched once, as the lock file has them."""
    for program in ("node", "npm", "chromium"):
        if shutil.which(program) is None:
            return f"there is no {program}: tests/setup.sh"
    os.makedirs(SHOTS, exist_ok=True)
    wanted = open(os.path.join(HERE, "package-lock.json"), encoding="utf-8").read()
    stamp = os.path.join(PLACE, "node_modules/.complete")
    if os.path.exists(stamp) and open(stamp, encoding="utf-8").read() == wanted:
        return None
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(os.path.join(HERE, name), PLACE)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PLACE, text=True,
                          capture_output=True, check=False, timeout=240)
    if done.returncode:
        return f"npm ci failed: {done.stderr[-500:]}"
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(wanted)
    return None


class Gallery:
    """The page over made-up certificates in every state."""

    def __init__(self, count, kind):
        self.process = subprocess.Popen([os.path.join(BUILD, "tests/gallery"), str(count), kind], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


def look_at(space, looks):
    plan = {"modules": PLACE, "chromium": shutil.which("chromium"), "profile": space.path("profile"), "shots": SHOTS,
            "result": space.path("found.json"), "looks": looks}
    file = space.write("plan.json", json.dumps(plan))
    node = space.spawn("node", ["node", os.path.join(HERE, "look.mjs"), file])  # asked to end, it ends chromium, too
    if node.wait(300):
        raise AssertionError(f"the browser failed:\n{node.log()[-4000:]}")
    return {found["name"]: found for found in json.loads(read_text(plan["result"]))}


def look(name, url, width=1280, height=900, **more):
    return {"name": name, "url": url, "width": width, "height": height, "dark": False, "axe": True, "shot": True, **more}


class StatusPage(unittest.TestCase):
    def setUp(self):
        self.space = Workspace("browser")
        self.addCleanup(self.space.close)

    def gallery(self, count, kind):
        made = Gallery(count, kind)
        self.addCleanup(made.close)
        return made.url

    def check(self, found, url):
        for name, one in found.items():
            with self.subTest(name):
                self.assertEqual(one["status"], 404 if name == "missing" else 200)
                self.assertEqual([c for c in one["complaints"] if not c.startswith("log:")
                                  and not (one["status"] == 404 and "404" in c)], [])
                self.assertEqual([u for u in one["asked"] if not u.startswith((f"{url}/", "data:"))], [])
                self.assertEqual(one["scripts"], 0)
                self.assertLessEqual(one["overflow"], 0, "it is wider than the window")
                self.assertLess(one["bytes"], LARGEST_PAGE)
                self.assertEqual(one.get("violations", []), [])

    def test_every_state_in_light_dark_and_on_a_phone(self):
        varied, well, none = self.gallery(50, "varied"), self.gallery(3, "well"), self.gallery(0, "well")
        bad = f"{varied}/certificate/shop-0007.example.net"
        wild = f"{varied}/certificate/shop-0021.example.com"
        with self.subTest("50"):
            found = look_at(self.space, [
                look("varied-light", varied, whole=True), look("varied-dark", varied, dark=True, whole=True),
                look("varied-phone", varied, width=390, height=844, whole=True),
                look("varied-phone-dark", varied, width=390, height=844, dark=True),
                look("varied-tablet", varied, width=820, height=1100),
                look("varied-narrowest", varied, width=320, height=700, shot=False),
                look("found", f"{varied}/?q=mail&sort=name&show=well"), look("nothing-found", f"{varied}/?q=zzz"),
                look("one-light", bad, whole=True), look("one-dark", bad, dark=True, whole=True),
                look("one-phone", bad, width=390, height=844, whole=True), look("hostile", wild, whole=True),
                look("missing", f"{varied}/certificate/nobody")])
            self.check(found, varied)
            self.assertIn("NXDOMAIN", found["varied-light"]["text"])
            self.assertIn("<script>", found["hostile"]["text"])
        for name, url in (("three", well), ("none", none)):
            with self.subTest(name):
                found = look_at(self.space, [look(f"{name}-light", url), look(f"{name}-dark", url, dark=True),
                                             look(f"{name}-phone", url, width=390, height=844)])
                self.check(found, url)

    def test_what_is_wrong_is_seen(self):
        """Or all the others would pass whatever the page is like."""
        elsewhere = f"http://127.0.0.1:{self.space.port()}/x.png"
        page = f"data:text/html,<script>console.error(1)</script><p style='color:%23eee;width:3000px'>pale<input><img src={elsewhere}>"
        found = look_at(self.space, [look("wrong", page, shot=False)])["wrong"]
        self.assertLessEqual({"html-has-lang", "label", "color-contrast", "image-alt"}, {each["id"] for each in found["violations"]})
        self.assertEqual(sorted(found["complaints"]), ["error: 1", "error: Failed to load resource: net::ERR_CONNECTION_REFUSED"])
        self.assertIn(elsewhere, found["asked"])
        self.assertGreater(found["overflow"], 0)
        self.assertEqual(found["scripts"], 3)

    def test_searching_with_the_keyboard_and_without_scripts(self):
        url = self.gallery(50, "varied")
        found = look_at(self.space, [look("keyboard", url, search="api-0016", axe=False, shot=False)])["keyboard"]
        self.assertTrue(re.search(r"\?q=api-0016$", found["searched"]["url"]), found["searched"]["url"])
        self.assertIn("api-0016.example.net", found["searched"]["text"])
        self.assertNotIn("mail-", found["searched"]["text"].split("Recent activity")[0])

    def test_thousands_of_real_certificates(self):
        base = int(time.time())
        root = MiniRoot(self.space.path("tls"))
        ca = QuietCa(self.space, root, base, self.space.path("crls"))
        populate(self.space, ca, MANY, base)
        port = self.space.port()
        daemon = Crowd(self.space, ca, root, MANY, False)
        daemon.config["status"] = {"listen": f"127.0.0.1:{port}"}
        daemon.start()
        self.addCleanup(daemon.stop)
        count = f"{MANY:,} certificates are well"
        url = f"http://127.0.0.1:{port}"
        wait_until("all records are read", lambda: daemon.alive() and daemon.cli("status", timeout=60).out.count("waiting") == MANY,
                   120, 0.5)
        found = look_at(self.space, [look("many-cold", url, axe=False, shot=False), look("many-light", url),
                                     look("many-again", url, axe=False, shot=False), look("many-more", url, axe=False, shot=False),
                                     look("many-dark", url, dark=True),
                                     look("many-phone", url, width=390, height=844),
                                     look("many-last", f"{url}/?sort=name&page=50", shot=False)])
        self.check(found, url)
        self.assertIn(count, found["many-light"]["text"])
        for name in ("many-cold", "many-light", "many-again", "many-more", "many-last"):
            one = found[name]
            print(f"{name}: {MANY} certificates, {one['bytes'] / 1024:.0f} KiB, answered in {one['answered']:.0f} ms, "
                  f"painted after {one['painted']:.0f} ms, complete after {one['complete']:.0f} ms")
        self.assertLess(min(found[name]["painted"] for name in ("many-light", "many-again", "many-more")), LONGEST_PAINT)


if __name__ == "__main__":
    why_not = missing()
    if why_not:
        print(f"SKIPPED: {why_not}", file=sys.stderr)
        sys.exit(77)
    terminate_like_interrupt()
    unittest.main(verbosity=2)
