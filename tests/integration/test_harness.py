"""The tools the other suites trust: servers start, reloads are counted, handshakes tell right from wrong."""
import json
import os
import shutil
import ssl
import subprocess
import urllib.request

from harness import ca, suite, tls
from harness.daemon import NotifySocket
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


if __name__ == "__main__":
    suite.main()
