"""What evercert-deploy does for peers and files that mean no good: nothing, and it says so. No CA is needed."""
import json
import os
import shutil
import socket
import time
import unittest

from harness import suite, tls
from harness.helper import CLIENT, STRANGER, Helper, TrustedFolder
from harness.workspace import wait_until

NAME = "one.test"


@unittest.skipUnless(os.getuid() == 0, "only root can be the helper")
class Peers(suite.Stand):
    def setUp(self):
        super().setUp()
        self.folder = TrustedFolder(self.space)
        self.helper = Helper(self.space, self.folder)
        self.data_dir = self.space.make_folder("data", mode=0o700)
        self.root = tls.MiniRoot(self.space.path("root"))
        self.plant(1, NAME)
        self.point_live("../certificates/one.test/versions/0001")
        self.give_away()
        self.hook = self.folder.hook()
        self.configure([self.hook])
        self.helper.start()
        self.addCleanup(self.look_at_the_log)

    def look_at_the_log(self):
        """Whatever was done to it, it must not have come to grief."""
        log = self.helper.process.log() if self.helper.process else ""
        self.assertNotIn("internal.exception", log)

    # --- the daemon's files, as the daemon's user could write them
    def version(self, number, *parts):
        return os.path.join(self.data_dir, "certificates", NAME, "versions", f"{number:04}", *parts)

    def plant(self, number, name, alternatives=None):
        folder = self.version(number)
        os.makedirs(folder, exist_ok=True)
        certificate, key = self.root.issue(name, alternatives or f"DNS:{name}")
        self.put(number, certificate, self.root.certificate, key)

    def put(self, number, certificate, chain, key):
        texts = {}
        for name, path in (("cert", certificate), ("chain", chain), ("privkey", key)):
            with open(path, encoding="utf-8") as file:
                texts[name] = file.read()
        texts["fullchain"] = texts["cert"] + texts["chain"]
        for name, text in texts.items():
            path = self.version(number, f"{name}.pem")
            if os.path.lexists(path):
                os.unlink(path)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, 0o600)

    def point_live(self, target):
        live = os.path.join(self.data_dir, "live")
        os.makedirs(live, exist_ok=True)
        if os.path.lexists(os.path.join(live, NAME)):
            os.unlink(os.path.join(live, NAME))
        os.symlink(target, os.path.join(live, NAME))

    def give_away(self):
        for folder, folders, files in os.walk(self.data_dir):
            for each in (folder, *(os.path.join(folder, name) for name in [*folders, *files])):
                os.lchown(each, CLIENT, CLIENT)

    def configure(self, command, mode=0o644):
        self.folder.write("evercert.yaml", json.dumps({
            "email": "ops@example.com", "agree_to_terms": True, "data_dir": self.data_dir,
            "log": {"format": "text"}, "deployments": {"app": {"command": command, "timeout": "5s"}},
            "certificates": [{"names": [NAME], "deploy": ["app"]}, {"names": ["two.test"], "deploy": ["app"]}]}), mode)

    # --- what must hold
    def snapshot(self):
        """Everything below data_dir and the trusted folder, but for what the hook itself leaves."""
        found = {}
        for top in (self.data_dir, self.folder.path):
            for folder, folders, files in os.walk(top):
                for name in [*folders, *files]:
                    path = os.path.join(folder, name)
                    info = os.lstat(path)
                    found[path] = (info.st_mode, info.st_uid, info.st_size, info.st_mtime_ns, info.st_ino)
        return found

    def assert_good(self):
        before = len(self.folder.ran())
        self.assertEqual(self.helper.deploy(NAME), {"result": "ok"})
        self.assertEqual(self.folder.ran()[before:], [NAME])

    def assert_refused(self, act, *said, logged="[deploy.refused]", answered=True):
        """`act` gets a failure, which is in the log, and nothing was run or written; afterwards it still serves."""
        files, lines = self.snapshot(), self.helper.log().count(logged)
        outcome = act()
        self.helper.wait_log(logged, lines + 1)
        if answered:
            self.assertEqual(outcome["result"], "failed", outcome)
        new = "\n".join(line for line in self.helper.log().splitlines() if logged in line).split("\n", lines)[-1]
        for text in said:
            self.assertIn(text, new)
        self.assertEqual(self.snapshot(), files)
        self.assertEqual(self.helper.process.popen.poll(), None)

    def refuse_set(self, *said):
        self.give_away()
        self.assert_refused(lambda: self.helper.deploy(NAME), *said)

    # --- peers
    def test_other_users(self):
        self.assert_good()
        os.chmod(self.helper.path, 0o666)  # as if somebody had opened it
        for user in (STRANGER, 65534):
            self.assert_refused(lambda u=user: self.helper.deploy(NAME, user=u), f"uid={user} ", "only uid 63111 and root")
        self.assertEqual(self.helper.deploy(NAME, user=0), {"result": "ok"})
        self.assert_good()

    # No more than twenty each: beyond that a minute's refusals are said by number.
    def test_names(self):
        for name in ("unknown.test", "../x", "..", ".", "/etc/shadow", "one.test/..", "One.Test", "one.test\x1b[2J", "",
                     "one.test\0", "x" * 190):
            self.assert_refused(lambda n=name: self.helper.deploy(n), "uid=63111")
        self.assertNotIn("\x1b", self.helper.log())
        self.assert_good()

    def test_requests(self):
        for request in ("\n", "deploy\n", "revoke one.test\n", "deploy one.test\ndeploy two.test\n", "deploy one.test\nx",
                        "GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\n", b"\0" * 256, "x" * 256, "x" * 100000):
            self.assert_refused(lambda r=request: self.helper.ask(r)[-1], "uid=63111")
        self.assertNotIn("\x1b", self.helper.log())
        self.assert_good()

    def test_halves(self):
        """Cut off, or never completed: closed after five seconds, and others are served meanwhile."""
        slow = []
        for text in (b"", b"d", b"deploy one.test"):
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(self.helper.path)
            peer.sendall(text)
            slow.append(peer)
        self.assert_good()
        files, began = self.snapshot(), time.monotonic()
        for peer in slow:
            peer.settimeout(20)
            while peer.recv(4096):
                pass
            peer.close()
        self.assertLess(time.monotonic() - began, 10)
        self.helper.wait_log("not complete in time", 3)
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(self.helper.path)
            peer.sendall(b"deploy one")
        self.helper.wait_log("ended before the request was complete", 1)
        self.assertEqual(self.snapshot(), files)
        self.assert_good()

    def test_flood(self):
        """A thousand connections at a time that say nothing: those over the limit are turned away and counted."""
        self.assert_good()
        files, peers = self.snapshot(), []
        for _ in range(1000):
            peer = socket.socket(socket.AF_UNIX)
            peer.settimeout(20)
            peer.connect(self.helper.path)
            peers.append(peer)
        told = [peer.recv(4096) for peer in peers[600:]]
        self.assertTrue(all(b'"code":"busy"' in each and len(each) < 200 for each in told), told[:3])
        for peer in peers:
            peer.close()
        self.assertEqual(self.snapshot(), files)
        wait_until("it serves again", lambda: self.helper.deploy(NAME) == {"result": "ok"})
        self.assertLess(len(self.helper.log().splitlines()), 100)
        self.assertEqual(self.helper.process.stop(40), 0)
        told = [line for line in self.helper.log().splitlines() if "[deploy.flood]" in line]
        self.assertEqual(len(told), 1, told)
        self.assertGreaterEqual(int(told[0].split("refused=")[1]), 1000 - 512)

    def test_two_hundred_at_once_are_one_run_of_a_server(self):
        count = self.folder.hook("reload")
        self.folder.write("evercert.yaml", json.dumps({
            "email": "ops@example.com", "agree_to_terms": True, "data_dir": self.data_dir,
            "deployments": {"app": {"test": ["/usr/bin/true"], "command": [count], "verify": "127.0.0.1:1"}},
            "certificates": [{"names": [NAME], "deploy": ["app"]}]}))
        peers = []
        for _ in range(200):
            peer = socket.socket(socket.AF_UNIX)
            peer.settimeout(60)
            peer.connect(self.helper.path)
            peer.sendall(b"deploy one.test\n")
            peers.append(peer)
        answers = []
        for peer in peers:
            text = b""
            while part := peer.recv(4096):
                text += part
            answers.append(json.loads(text.decode().splitlines()[-1]))
            peer.close()
        self.assertEqual(answers, [{"result": "ok"}] * 200)
        with open(f"{count}.log", encoding="utf-8") as file:
            self.assertEqual(len(file.readlines()), 1)
        self.assertEqual(self.helper.log().count("[deploy.reloaded]"), 1)

    # --- files under data_dir
    def test_sets_that_are_not_ours(self):
        self.assert_good()
        self.plant(2, NAME)
        self.point_live("../certificates/one.test/versions/0002")
        self.give_away()
        self.assert_good()
        with self.subTest("other names"):
            self.plant(2, "evil.test")
            self.refuse_set()
        with self.subTest("more names"):
            self.plant(2, NAME, alternatives="DNS:one.test,DNS:evil.test")
            self.refuse_set()
        with self.subTest("the key of another"):
            self.plant(2, NAME)
            other, _ = tls.MiniRoot(self.space.path("other")).issue("x")
            shutil.copy(other.replace(".pem", ".key"), self.version(2, "privkey.pem"))
            self.refuse_set()
        with self.subTest("a chain of somebody else's"):
            certificate, key = self.root.issue(NAME, f"DNS:{NAME}")
            self.put(2, certificate, tls.MiniRoot(self.space.path("third")).certificate, key)
            self.refuse_set()
        with self.subTest("expired"):
            certificate, key = self.expired()
            self.put(2, certificate, self.root.certificate, key)
            self.refuse_set()
        with self.subTest("half"):
            self.plant(2, NAME)
            os.unlink(self.version(2, "privkey.pem"))
            self.refuse_set()
        with self.subTest("none"):
            os.unlink(os.path.join(self.data_dir, "live", NAME))
            self.refuse_set()
        self.point_live("../certificates/one.test/versions/0001")
        self.give_away()
        self.assert_good()

    def expired(self):
        request, key = self.space.path("old.csr"), self.space.path("old.key")
        tls.openssl("req", "-new", *tls.EC_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={NAME}")
        extensions = self.space.write("old.ext", f"subjectAltName=DNS:{NAME}\nbasicConstraints=critical,CA:FALSE\n")
        certificate = self.space.path("old.pem")
        tls.openssl("x509", "-req", "-in", request, "-CA", self.root.certificate, "-CAkey", self.root.key, "-days", "-1",
                    "-extfile", extensions, "-out", certificate, "-CAcreateserial")
        return certificate, key

    def test_links_and_pipes(self):
        secret = self.folder.write("secret.pem", "root's own\n", 0o600)
        good = self.version(1, "fullchain.pem")
        for what in ("link", "fifo", "directory", "hard link"):
            with self.subTest(what):
                os.rename(good, self.space.path("aside"))
                {"link": lambda: os.symlink(secret, good), "fifo": lambda: os.mkfifo(good),
                 "directory": lambda: os.mkdir(good), "hard link": lambda: os.link(secret, good)}[what]()
                if what == "hard link":
                    self.assert_refused(lambda: self.helper.deploy(NAME))
                else:
                    self.refuse_set()
                (os.rmdir if what == "directory" else os.unlink)(good)
                os.rename(self.space.path("aside"), good)
                self.assertNotIn("root's own", self.helper.log())
        for target in ("/etc", "../../../../etc", "../certificates/one.test/versions/0001/..", "../certificates/two.test/versions/0001",
                       self.version(1), "one.test"):
            with self.subTest(target):
                self.point_live(target)
                self.refuse_set()
        with self.subTest("a folder in place of the link"):
            os.unlink(os.path.join(self.data_dir, "live", NAME))
            shutil.copytree(self.version(1), os.path.join(self.data_dir, "live", NAME))
            self.refuse_set()
            shutil.rmtree(os.path.join(self.data_dir, "live", NAME))
        with self.subTest("a pipe in place of the link"):
            os.mkfifo(os.path.join(self.data_dir, "live", NAME))
            self.refuse_set()
            os.unlink(os.path.join(self.data_dir, "live", NAME))
        self.point_live("../certificates/one.test/versions/0001")
        with self.subTest("a version behind a link"):
            os.rename(self.version(1), self.version(3))
            os.symlink("0003", self.version(1))
            self.refuse_set()
            os.unlink(self.version(1))
            os.rename(self.version(3), self.version(1))
        self.give_away()
        self.assert_good()

    # --- what root would run and believe
    def test_a_configuration_that_others_can_write(self):
        self.assert_good()
        for mend, harm in ((lambda: os.chmod(self.helper.config, 0o644), lambda: os.chmod(self.helper.config, 0o664)),
                           (lambda: os.chmod(self.helper.config, 0o644), lambda: os.chmod(self.helper.config, 0o646)),
                           (lambda: os.chown(self.helper.config, 0, 0), lambda: os.chown(self.helper.config, CLIENT, 0)),
                           (lambda: os.chmod(self.folder.path, 0o755), lambda: os.chmod(self.folder.path, 0o777)),
                           (lambda: os.chmod(self.folder.path, 0o755), lambda: os.chmod(self.folder.path, 0o1777)),
                           (lambda: os.chown(self.folder.path, 0, 0), lambda: os.chown(self.folder.path, CLIENT, 0))):
            harm()
            self.assert_refused(lambda: self.helper.deploy(NAME), self.folder.path, "Mend: ")
            mend()
            self.assert_good()

    def test_hooks_that_others_can_write(self):
        self.assert_good()
        for harm, mend in ((lambda: os.chmod(self.hook, 0o775), lambda: os.chmod(self.hook, 0o755)),
                           (lambda: os.chmod(self.hook, 0o757), lambda: os.chmod(self.hook, 0o755)),
                           (lambda: os.chown(self.hook, CLIENT, 0), lambda: os.chown(self.hook, 0, 0))):
            harm()
            self.assert_refused(lambda: self.helper.deploy(NAME), self.hook, "Mend: ")
            mend()
        inside = os.path.join(self.folder.path, "bin")
        os.mkdir(inside)
        shutil.copy(self.hook, inside)
        self.configure([f"{inside}/hook"])
        os.chmod(inside, 0o777)
        self.assert_refused(lambda: self.helper.deploy(NAME), f"{inside} belongs to root", f"chmod go-w {inside}")
        os.chmod(inside, 0o755)
        self.assertEqual(self.helper.deploy(NAME), {"result": "ok"})
        os.symlink("/tmp", os.path.join(self.folder.path, "away"))
        elsewhere = self.space.write("hook", "#!/bin/sh\n", 0o755)
        self.configure([elsewhere.replace("/tmp", os.path.join(self.folder.path, "away"), 1)])
        self.assert_refused(lambda: self.helper.deploy(NAME), "/tmp belongs to root", "Mend: move the file")
        self.configure([self.hook])
        self.assert_good()

    def test_a_configuration_that_changes(self):
        """What is deployed is what root's file says now; a file with mistakes leaves the one before in force."""
        self.assert_good()
        other = self.folder.hook("other")
        self.configure([other])
        self.assertEqual(self.helper.deploy(NAME), {"result": "ok"})
        self.assertEqual(self.folder.ran("other"), [NAME])
        self.folder.write("evercert.yaml", "nonsense: 1\n")
        self.assertEqual(self.helper.deploy(NAME), {"result": "ok"})
        self.assertEqual(self.helper.log().count("[config.refused]"), 1)
        os.unlink(self.helper.config)
        self.assert_refused(lambda: self.helper.deploy(NAME))
        self.configure([self.hook])
        self.assert_good()

    def test_outputs(self):
        """Copies are root's, and of a set that was looked at; one that is not ours does not get there."""
        out = os.path.join(self.folder.path, "out")
        self.folder.write("evercert.yaml", json.dumps({
            "email": "ops@example.com", "agree_to_terms": True, "data_dir": self.data_dir, "log": {"format": "text"},
            "deployments": {"app": {"command": [self.hook]}},
            "certificates": [{"names": [NAME], "deploy": ["app"], "outputs": [
                {"directory": out, "formats": ["fullchain", "privkey"], "group": "daemon", "mode": "0640"}]}]}))
        answer = self.helper.ask(f"deploy {NAME}\n")
        self.assertEqual([line.get("event") or line["result"] for line in answer],
                         ["deploy.outputs_written", "deploy.hook_ran", "ok"])
        for name in ("fullchain.pem", "privkey.pem"):
            info = os.stat(os.path.join(out, name))
            self.assertEqual((info.st_uid, info.st_mode & 0o7777), (0, 0o640))
            with open(os.path.join(out, name), "rb") as copy, open(self.version(1, name), "rb") as own:
                self.assertEqual(copy.read(), own.read())
        self.plant(2, "evil.test")
        self.point_live("../certificates/one.test/versions/0002")
        self.refuse_set()
        self.point_live("../certificates/one.test/versions/0001")
        self.give_away()
        self.assert_good()

    # --- its own life
    def test_term_finishes_what_is_under_way(self):
        slow = self.folder.write("slow", '#!/bin/sh\n: > "$0.begun"\nsleep 2\necho done >> "$0.log"\n', 0o755)
        self.configure([slow])
        peer = self.helper.peer(f"deploy {NAME}\n")
        wait_until("the hook runs", lambda: os.path.exists(f"{slow}.begun"))
        self.assertEqual(self.helper.process.stop(20), 0)
        self.assertEqual(peer.answer()[-1], {"result": "ok"})
        self.assertEqual(self.folder.ran("slow"), ["done"])

    def test_it_leaves_when_idle_and_loses_nobody(self):
        self.helper.process.stop()
        for _ in range(3):
            peer = self.helper.peer(f"deploy {NAME}\n")  # waits in the socket, which systemd holds
            self.helper.start("--idle", "1")
            self.assertEqual(peer.answer()[-1], {"result": "ok"})
            self.assertEqual(self.helper.process.wait(10), 0)

    def test_it_does_not_begin_without_a_socket_or_a_user(self):
        from harness.daemon import run
        answer = run("evercert-deploy", "--config", self.helper.config, "--client-user", str(CLIENT))
        self.assert_exit(answer, 1)
        self.assertIn("systemctl start evercert-deploy.socket", answer.err)
        answer = run("evercert-deploy", "--client-user", "nobody-of-that-name")
        self.assert_exit(answer, 1)
        self.assertIn("there is no user nobody-of-that-name", answer.err)
        self.assert_exit(run("evercert-deploy", "--nonsense"), 2)


if __name__ == "__main__":
    suite.main()
