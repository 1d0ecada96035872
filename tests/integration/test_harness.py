"""The tools the other suites trust: servers start, reloads are counted, handshakes tell right from wrong."""
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

from harness import ca, namespace, suite, tls
from harness.daemon import NotifySocket
from harness.proxy import DROP, LOSE_ANSWER, PASS, Asked, Front, problem
from harness.servers import Apache, Nginx
from harness.workspace import answers, read_text, wait_until


class Harness(suite.Stand):
    def test_the_pebbles_are_the_versions_their_suites_are_about(self):
        self.assertEqual(ca.version_tuple(ca.PEBBLE_OF_DISTRIBUTION)[0], 2)
        self.assertGreaterEqual(ca.version_tuple(), ca.version_tuple(ca.PEBBLE_OF_DISTRIBUTION))

    def test_a_restarted_ca_forgets_and_listens_again(self):
        pebble = self.make_ca()
        before = pebble.roots()
        with urllib.request.urlopen(pebble.directory, context=ssl.create_default_context(
                cafile=pebble.root.certificate)) as answer:
            self.assertIn("newOrder", json.load(answer))
        pebble.restart()
        self.assertNotEqual(pebble.roots(), before)

    def test_options_reach_the_ca(self):
        pebble = self.make_ca(env={"PEBBLE_ALTERNATE_ROOTS": "2", "PEBBLE_CHAIN_LENGTH": "3"}, eab={"kid-1": "c2VjcmV0"})
        self.assertEqual(len(tls.blocks(pebble.roots())), 3)
        self.assertIn("chain: Pebble Root CA", pebble.process.log())
        with urllib.request.urlopen(pebble.directory, context=ssl.create_default_context(
                cafile=pebble.root.certificate)) as answer:
            self.assertTrue(json.load(answer)["meta"]["externalAccountRequired"])

    def serve(self, server):
        name = "one.test"
        server.sites = {name: server.self_signed(name)}
        server.start()
        folder = server.sites[name]
        root = read_text(f"{folder}/root/root.pem")
        first = tls.handshake(server.port, name, root)
        self.assertEqual(first.names, [name])
        with self.assertRaises(ssl.SSLError):
            tls.handshake(server.port, "two.test", root)
        return name, folder, first

    def replace(self, folder, name):
        certificate, key = tls.MiniRoot(f"{folder}/root").issue("next", f"DNS:{name}")
        shutil.copy(certificate, f"{folder}/fullchain.pem")
        return key

    def check_reload(self, server):
        name, folder, first = self.serve(server)
        shutil.copy(self.replace(folder, name), f"{folder}/privkey.pem")
        self.assertEqual(server.reloads(), 0)
        self.assertEqual(subprocess.run(server.test(), capture_output=True, check=False).returncode, 0)
        self.assertEqual(subprocess.run(server.reload(), capture_output=True, check=False).returncode, 0)
        wait_until("the new pair is served", lambda: tls.handshake(server.port, name) != first)
        self.assertEqual(server.reloads(), 1)

    def test_nginx(self):
        self.check_reload(Nginx(self.space))

    def test_apache(self):
        self.check_reload(Apache(self.space))

    def test_apache_falls_into_its_trap(self):
        """Why a daemon must look for itself: -t and graceful approve of a mismatched pair, then the server is gone."""
        server = Apache(self.space)
        name, folder, _ = self.serve(server)
        self.replace(folder, name)
        self.assertEqual(subprocess.run(server.test(), capture_output=True, check=False).returncode, 0)
        self.assertEqual(subprocess.run(server.reload(), capture_output=True, check=False).returncode, 0)
        wait_until("apache has ended", lambda: not server.process.running() and not answers(server.port))

    def test_notify_socket(self):
        listener = NotifySocket(self.space.path("notify"))
        self.space.closers.append(listener.close)
        done = subprocess.run(["python3", "-c", "import os,socket; s=socket.socket(1,2); s.connect(os.environ['NOTIFY_SOCKET'])"
                               "; s.send(b'READY=1\\nSTATUS=x')"], env={**os.environ, "NOTIFY_SOCKET": listener.path},
                              check=False)
        self.assertEqual(done.returncode, 0)
        wait_until("the messages came", lambda: listener.count("STATUS=x") == 1)
        self.assertEqual(listener.count("READY=1"), 1)


INTERRUPTED = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where we run in the background
sys.path.insert(0, sys.argv.pop(1))
from harness import suite
class Long(suite.Stand):
    def test_it(self):
        child = self.space.spawn("child", ["sleep", "1000"])
        print("child", child.pid, self.space.folder, flush=True)
        time.sleep(1000)
suite.main()
"""


class Interrupted(unittest.TestCase):
    def test_nothing_is_left_behind(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number), subprocess.Popen(
                    [sys.executable, "-B", "-c", INTERRUPTED, os.path.dirname(os.path.abspath(__file__))],
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as runner:
                _, child, folder = next(line for line in runner.stdout if line.startswith("child ")).split()
                runner.send_signal(number)
                self.assertNotEqual(runner.wait(30), 0)
                self.assertFalse(os.path.exists(folder))
                self.assertFalse(os.path.exists(f"/proc/{child}"))


class Namespace(unittest.TestCase):
    PROGRAM = """
import json, socket, sys
from harness import namespace
namespace.enter(addresses=["2001:db8::53/128"])
for family, address in ((socket.AF_INET, "127.0.0.2"), (socket.AF_INET6, "::1"), (socket.AF_INET6, "2001:db8::53")):
    socket.socket(family, socket.SOCK_DGRAM).bind((address, 53))
first = open("/etc/resolv.conf").read()
namespace.set_resolvers("::1", options="timeout:1")
print(json.dumps([namespace.network(), sys.argv[1:], first, open("/etc/resolv.conf").read()]))
"""

    def test_a_network_of_its_own(self):
        before = read_text("/etc/resolv.conf")
        done = subprocess.run([sys.executable, "-B", "-c", self.PROGRAM, "an argument"], capture_output=True, text=True,
                              check=False, timeout=30, cwd=os.path.dirname(__file__))
        if done.returncode == 77:
            self.skipTest(done.stdout.strip())
        self.assertEqual(done.returncode, 0, done.stderr)
        network, arguments, first, second = json.loads(done.stdout)
        self.assertNotEqual(network, namespace.network())
        self.assertEqual(arguments, ["an argument"])
        self.assertEqual([first, second], ["nameserver 127.0.0.1\n", "nameserver ::1\noptions timeout:1\n"])
        self.assertEqual(read_text("/etc/resolv.conf"), before, "the machine's own is as it was")

    def test_the_machines_own_resolvers_are_safe(self):
        with self.assertRaises(AssertionError):
            namespace.set_resolvers("127.0.0.1")


class Fronts(suite.Stand):
    """What stands between a daemon and its CA does what it is told, and knows what went through."""

    def get(self, path="/dir"):
        """(status, body)."""
        context = ssl.create_default_context(cafile=self.ca.root.certificate)
        try:
            with urllib.request.urlopen(f"https://127.0.0.1:{self.front.port}{path}", context=context, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()

    def setUp(self):
        super().setUp()
        self.make_ca()
        self.front = Front(self.space, self.ca)

    def test_what_passes_leads_back_to_the_front(self):
        status, body = self.get()
        self.assertEqual(status, 200)
        self.assertTrue(json.loads(body)["newOrder"].startswith(f"https://127.0.0.1:{self.front.port}/"))
        (seen,) = self.front.asked(Asked.is_directory)
        self.assertEqual((seen.method, seen.status, seen.answer), ("GET", 200, body))

    def test_answers_of_its_own_and_changed_ones(self):
        met = self.front.once(Asked.is_directory, problem(503, "serverInternal", headers={"Retry-After": "7"}))
        status, body = self.get()
        self.assertEqual((status, json.loads(body)["type"]), (503, "urn:ietf:params:acme:error:serverInternal"))
        self.assertEqual(met, self.front.asked())
        self.assertEqual(self.get()[0], 200)
        shout = self.front.rule(lambda asked: lambda answer: (answer[0], answer[1], answer[2].upper()))
        self.assertIn(b'"NEWORDER"', self.get()[1])
        self.front.remove(shout)
        self.assertIn(b'"newOrder"', self.get()[1])

    def test_lines_that_break(self):
        for outcome, reached in ((DROP, None), (LOSE_ANSWER, 200)):
            self.front.once(Asked.is_directory, outcome)
            with self.assertRaises(OSError):
                self.get()
            self.assertEqual(self.front.asked()[-1].status, reached)
            self.assertEqual(self.get()[0], 200)
        self.front.stop()
        self.assertFalse(answers(self.front.port))
        self.front.start()
        self.assertEqual(self.get()[0], 200)
        self.ca.stop()
        with self.assertRaises(OSError):
            self.get()
        self.ca.start()
        self.assertEqual(self.get()[0], 200)

    def test_a_rule_sees_what_was_signed(self):
        seen = []
        self.front.rule(lambda asked: seen.append(asked.payload) or PASS if asked.is_order() else PASS)
        self.make_daemon([{"names": ["one.test"]}], issuers={"pebble": self.front.issuer()}).start()
        self.daemon.wait_live("one.test")
        self.assertEqual(seen, [{"identifiers": [{"type": "dns", "value": "one.test"}]}])


if __name__ == "__main__":
    suite.main()
