"""The status listener of a real daemon: page, metrics as promtool reads them, health, and what is refused."""
import http.client
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import time
import unittest

from harness import suite
from harness.daemon import run
from harness.workspace import BUILD, SOURCE, answers, wait_until

MONITORING = os.path.join(SOURCE, "systemd/monitoring")


def metrics_in(text):
    """Names of all families that are introduced, with what a histogram makes of its own."""
    names = set(re.findall(r"^# TYPE (\S+)", text, re.M))
    return names | {f"{name}_{part}" for name in names for part in ("bucket", "sum", "count")}


def metrics_named(text):
    return set(re.findall(r"\b(?:evercert|process)_[a-z_]+", text))


class Status(suite.Stand):
    def setUp(self):
        super().setUp()
        self.make_ca()
        self.port = self.space.port()
        self.make_daemon([{"names": ["one.test", "www.one.test"]}, {"names": ["two.test"]}],
                         status={"listen": f"127.0.0.1:{self.port}"}).start()
        for name in ("one.test", "two.test"):
            self.daemon.wait_live(name)
            self.daemon.wait_state(name, "waiting")

    def ask(self, path, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        return answer

    def raw(self, request):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts)

    def test_the_page_lists_and_tells(self):
        answer = self.ask("/")
        self.assertEqual(answer.status, 200)
        self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
        self.assertIn("All 2 certificates are well", answer.text)
        self.assertIn('href="/certificate/one.test"', answer.text)
        one = self.ask("/certificate/one.test")
        self.assertIn("www.one.test", one.text)
        self.assertIn(self.daemon.leaf("one.test").serial.lower(), one.text)
        self.assertIn("is live", one.text)
        self.assertNotIn("two.test", self.ask("/?q=one").text.split("Recent activity")[0])
        self.assertEqual(self.ask("/certificate/nobody").status, 404)

    def test_trouble_is_on_the_page_with_its_mend(self):
        self.ca.stop()
        self.daemon.cli("renew", "one.test", "--now")
        page = self.ask("/").text
        self.assertIn("1 of 2 certificates needs attention", page)
        self.assertIn("What to do", page)
        self.assertEqual(self.ask("/healthz").status, 200)
        metrics = self.ask("/metrics").text
        self.assertRegex(metrics, r'(?m)^evercert_certificate_order_failures\{certificate="one.test"\} 1$')
        self.assertRegex(metrics, r'(?m)^evercert_certificates\{health="failing"\} 1$')

    def test_metrics_are_what_prometheus_wants(self):
        answer = self.ask("/metrics")
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        done = subprocess.run(["promtool", "check", "metrics"], input=answer.text, capture_output=True, text=True,
                              check=False, timeout=60)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        self.assertRegex(answer.text, r'(?m)^evercert_orders_total\{issuer="pebble",result="issued"\} 2$')
        self.assertRegex(answer.text, r'(?m)^evercert_acme_requests_total\{issuer="pebble",code="2xx"\} \d+$')
        self.assertRegex(answer.text, r'(?m)^evercert_acme_request_duration_seconds_count\{issuer="pebble",step="finalize"\} 2$')
        self.assertRegex(answer.text, r'(?m)^evercert_listener_requests_total\{listener="http",type="http-01"\} [1-9]')
        self.assertRegex(answer.text, r'(?m)^evercert_certificate_state\{certificate="one.test",health="well",issuer="pebble",'
                                      r'state="waiting"\} 1$')

    def test_rules_and_dashboard_name_only_what_there_is(self):
        told = metrics_in(self.ask("/metrics").text)
        for name in ("evercert.rules.yml", "grafana-dashboard.json"):
            with open(os.path.join(MONITORING, name), encoding="utf-8") as file:
                text = file.read()
            if name.endswith(".json"):
                board = json.loads(text)
                self.assertEqual(len({panel["id"] for panel in board["panels"]}), len(board["panels"]))
                text = "\n".join(target["expr"] for panel in board["panels"] for target in panel["targets"])
            named = metrics_named(text)
            self.assertGreater(len(named), 5)
            self.assertEqual(named - told, set(), name)

    def test_the_rules_do_what_they_say(self):
        done = subprocess.run(["promtool", "test", "rules", "evercert.rules.test.yml"], cwd=MONITORING, capture_output=True,
                              text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_it_only_shows(self):
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            self.assertEqual(self.ask("/", method).status, 405, method)
        self.assertEqual(self.ask("/v1/certificates").status, 404)
        head = self.ask("/", "HEAD")
        self.assertEqual((head.status, head.text), (200, ""))
        self.assertEqual(self.raw(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")[:12], b"HTTP/1.1 413")

    def test_names_that_are_not_ours_are_refused(self):
        for host, status in (("127.0.0.1", 200), ("localhost", 200), (f"localhost:{self.port}", 200), ("[::1]:9402", 200),
                             ("evil.example", 421), ("127.0.0.1.evil.example", 421)):
            self.assertEqual(self.ask("/", Host=host).status, status, host)
        for junk in (b"a b", b"<script>", b"x\x01", b"a,b", b"[::1"):
            answer = self.raw(b"GET / HTTP/1.1\r\nHost: " + junk + b"\r\n\r\n")
            self.assertIn(answer[:12], (b"HTTP/1.1 400", b"HTTP/1.1 421"), junk)
            self.assertNotIn(junk, answer)
        self.daemon.config["status"]["hosts"] = ["status.example.net"]
        self.daemon.write()
        self.assert_exit(self.daemon.cli("reload"), 0)
        wait_until("the name is known", lambda: self.ask("/", Host="status.example.net").status == 200)

    def test_reloading_moves_it_and_a_taken_port_is_told(self):
        other = self.space.port()
        self.daemon.config["status"]["listen"] = [f"127.0.0.1:{other}"]
        self.daemon.write()
        self.assert_exit(self.daemon.cli("reload"), 0)
        wait_until("it has moved", lambda: answers(other) and not answers(self.port))
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", self.port))
            holder.listen()
            self.daemon.config["status"]["listen"] = [f"127.0.0.1:{self.port}"]
            self.daemon.write()
            self.assert_exit(self.daemon.cli("reload"), 0)
            wait_until("it is told", lambda: "the status page cannot be reached" in self.daemon.log())
        wait_until("it is tried again", lambda: answers(self.port), 30)
        self.assertEqual(self.ask("/healthz").text, "ok\n")
        del self.daemon.config["status"]
        self.daemon.write()
        self.assert_exit(self.daemon.cli("reload"), 0)
        wait_until("it is off", lambda: not answers(self.port))

    def test_an_open_address_is_warned_of(self):
        self.daemon.config["status"]["listen"] = ["0.0.0.0:9402"]
        self.daemon.write()
        answer = run("evercertd", "--check", "--config", self.daemon.file)
        self.assert_exit(answer, 0)
        self.assertIn("status.listen has 0.0.0.0:9402", answer.out + answer.err)

    def test_one_visitor_from_elsewhere_cannot_hold_all_connections(self):
        self.daemon.config["status"] = {"listen": f"0.0.0.0:{self.port}"}
        self.daemon.restart()
        asked = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
        held = []
        for _ in range(64):
            held.append(socket.create_connection(("127.0.0.1", self.port), timeout=5))
        answered = 0
        for connection in held:
            try:
                connection.sendall(asked)
                answered += connection.recv(16).startswith(b"HTTP/1.1 200")
            except ConnectionError:
                pass
        self.assertEqual(answered, 32)
        with socket.create_connection(("127.0.0.1", self.port), timeout=5, source_address=("127.0.0.2", 0)) as other:
            other.sendall(asked)
            self.assertTrue(other.recv(16).startswith(b"HTTP/1.1 200"))
        for connection in held:
            connection.close()

    def test_silent_visitors_do_not_keep_others_out(self):
        crowd = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(100)]
        self.assertEqual(self.ask("/healthz").status, 200)
        for each in crowd:
            each.close()

    def test_watch_on_a_terminal_and_without(self):
        once = self.assert_exit(self.daemon.cli("watch"), 0)
        self.assertIn("2 certificates: 2 well", once.out)
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ["TERM"] = "xterm"
            os.execv(os.path.join(BUILD, "evercert"), ["evercert", "--socket", self.daemon.socket, "watch"])
        seen = b""

        def read_until(text):
            nonlocal seen
            deadline = time.monotonic() + 20
            while text not in seen:
                self.assertLess(time.monotonic(), deadline, seen[-2000:])
                if select.select([terminal], [], [], 1)[0]:
                    seen += os.read(terminal, 65536)
        try:
            read_until(b"q quit")
            self.assertIn(b"\x1b[?1049h", seen)
            os.write(terminal, b"/")
            read_until(b"filter: _")
            os.write(terminal, b"two")
            read_until(b"filter: two_")
            os.write(terminal, b"\r")
            read_until(b"1 to 1 of 1")
            os.kill(pid, signal.SIGTERM)
            read_until(b"\x1b[?1049l")
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        finally:
            os.close(terminal)


if __name__ == "__main__":
    if shutil.which("promtool") is None:
        raise SystemExit("there is no promtool (package prometheus): tests/setup.sh")
    unittest.TestCase.maxDiff = None
    suite.main()
