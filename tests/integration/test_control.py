"""The control socket and the evercert command: answers, exit codes, and who may ask."""
import json
import os
import pwd
import re
import socket
import stat
import unittest

from harness import suite
from harness.daemon import UnixConnection, run
from harness.workspace import BUILD, wait_until

NOBODY = pwd.getpwnam("nobody").pw_uid


class Control(suite.Stand):
    def setUp(self):
        super().setUp()
        self.make_ca()
        self.make_daemon([{"names": ["one.test", "www.one.test"]}, {"names": ["two.test"]}]).start()
        self.leaf = self.daemon.wait_live("one.test")
        self.daemon.wait_live("two.test")
        self.daemon.wait_state("one.test", "waiting")
        self.daemon.wait_state("two.test", "waiting")

    def ask(self, method, path, body=None):
        answer = self.daemon.ask(method, path, body)
        return answer.code, answer.out

    def test_status_as_json(self):
        found = self.assert_exit(self.daemon.cli("status", "--json"), 0).json()
        self.assertIsInstance(found["schema"], (int, str))
        by_name = {entry["name"]: entry for entry in found["certificates"]}
        self.assertEqual(sorted(by_name), ["one.test", "two.test"])
        entry = by_name["one.test"]
        self.assertEqual(sorted(entry["names"]), ["one.test", "www.one.test"])
        self.assertEqual(entry["state"], "waiting")
        self.assertEqual(entry["live"]["serial"].lower().lstrip("0"), self.leaf.serial.lstrip("0"))
        self.assertRegex(entry["live"]["not_after"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertRegex(entry["next_run"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(entry["failures"], 0)

    def test_show_and_the_socket_say_the_same(self):
        shown = self.assert_exit(self.daemon.cli("show", "one.test", "--json"), 0).json()
        status, text = self.ask("GET", "/v1/certificates/one.test")
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(text), shown)
        status, text = self.ask("GET", "/v1/certificates")
        self.assertEqual(status, 200)
        self.assertEqual(len(json.loads(text)["certificates"]), 2)

    def test_what_will_happen_what_has_and_why(self):
        plan = self.assert_exit(self.daemon.cli("plan", "--json"), 0).json()["plan"]
        self.assertEqual(sorted(step["certificate"] for step in plan), ["one.test", "two.test"])
        self.assertEqual(sorted(step["when"] for step in plan), [step["when"] for step in plan])
        self.assertIn("renewals in the next 24 h", self.assert_exit(self.daemon.cli("plan"), 0).out)
        for arguments in (["history", "one.test"], ["history"]):
            events = [line["event"] for line in self.assert_exit(self.daemon.cli(*arguments, "--json"), 0).json()["history"]]
            self.assertIn("cert.issued", events)
            self.assertIn("cert.issued", self.assert_exit(self.daemon.cli(*arguments), 0).out)
        self.assertIn("has a good certificate until", self.assert_exit(self.daemon.cli("explain", "one.test"), 0).out)
        told = self.assert_exit(self.daemon.cli("explain", "one.test", "--json"), 0).json()["explanation"]
        self.assertEqual(told["troubles"], [])
        self.assertTrue(told["next"])
        self.assert_exit(self.daemon.cli("history", "nobody.test"), 1)
        self.daemon.restart()
        self.assertIn("cert.issued", self.assert_exit(self.daemon.cli("history", "one.test"), 0).out)

    def test_what_happens_can_be_followed(self):
        evercert = [os.path.join(BUILD, "evercert"), "--socket", self.daemon.socket, "history", "--follow"]
        follow = {name: self.space.spawn(name, evercert + arguments)
                  for name, arguments in (("all", ["--json"]), ("one", ["one.test"]), ("two", ["two.test"]))}
        for process in follow.values():
            wait_until("the record is shown", lambda process=process: "cert.issued" in process.log(), 10)
        gone = [UnixConnection(self.daemon.socket) for _ in range(20)]  # more than may follow
        for connection in gone:
            connection.request("GET", "/v1/events")
        self.assertIn(503, [connection.getresponse().status for connection in gone])
        for connection in gone:
            connection.close()
        before = {name: len(process.log()) for name, process in follow.items()}
        self.assert_exit(self.daemon.cli("renew", "one.test", "--now"), 0)
        for name in ("all", "one"):
            wait_until("the renewal is told", lambda name=name: "cert.issued" in follow[name].log()[before[name]:], 5)
        lines = [json.loads(line) for line in follow["all"].log().splitlines()]
        self.assertEqual({line["schema"] for line in lines}, {1})
        self.assertIn("control.request", [line["event"] for line in lines])
        self.assertEqual(len(follow["two"].log()), before["two"])
        self.assert_exit(self.daemon.cli("reload"), 0)
        wait_until("the reload is told", lambda: "config.reloaded" in follow["all"].log(), 5)
        self.assertIn("config.reloaded", self.daemon.cli("history").out)
        self.daemon.stop()
        for process in follow.values():
            self.assertEqual(process.wait(10), 3, process.log())
        self.assertIn("evercertd has ended", follow["two"].log())

    def test_the_account(self):
        listed = self.assert_exit(self.daemon.cli("account", "list", "--json"), 0).json()["accounts"]
        self.assertEqual(len(listed), 1)
        issuer = listed[0]["issuer"]
        shown = self.assert_exit(self.daemon.cli("account", "show", issuer, "--json"), 0).json()["account"]
        self.assertEqual(shown["status_at_ca"], "valid", shown)
        rolled = self.assert_exit(self.daemon.cli("account", "rollover", issuer, "--json"), 0).json()["account"]
        self.assertEqual(rolled["url"], shown["url"])
        self.assertNotEqual(rolled["thumbprint"], shown["thumbprint"])
        self.assert_exit(self.daemon.cli("renew", "one.test", "--now"), 0)
        self.assert_exit(self.daemon.cli("account", "deactivate", issuer), 2)
        self.assertFalse(self.daemon.cli("account", "show", issuer, "--json").json()["account"]["deactivated"])
        self.assert_exit(self.daemon.cli("account", "deactivate", issuer, "--yes"), 0)
        self.assertTrue(self.daemon.cli("account", "show", issuer, "--json").json()["account"]["deactivated"])

    def test_tables_for_people(self):
        answer = self.assert_exit(self.daemon.cli("status"), 0)
        self.assertTrue(re.search(r"^one\.test\b.*waiting", answer.out, re.M), answer)
        self.assertIn("www.one.test", self.assert_exit(self.daemon.cli("show", "one.test"), 0).out)

    def test_exit_codes(self):
        self.assert_exit(self.daemon.cli("show", "nobody.test"), 1)
        self.assert_exit(self.daemon.cli("renew", "nobody.test"), 1)
        self.assert_exit(self.daemon.cli("dance"), 2)
        self.assert_exit(self.daemon.cli("show"), 2)
        self.assert_exit(run("evercert", "--help"), 0)
        self.assert_exit(run("evercertd", "--help"), 0)
        self.assert_exit(run("evercertd", "--no-such-option"), 2)
        self.assert_exit(run("evercert", "--socket", self.space.path("nobody.sock"), "status"), 3)
        self.daemon.stop()
        answer = self.assert_exit(self.daemon.cli("status"), 3)
        self.assertIn(self.daemon.socket, answer.err)

    def test_the_socket_refuses_what_it_does_not_know(self):
        for method, path, expected in [("GET", "/v1/certificates/nobody.test", 404), ("GET", "/", 404), ("GET", "/v1/nothing", 404),
                                       ("POST", "/v1/certificates/one.test/dance", 404), ("GET", "/v1/certificates/..%2f..", 404),
                                       ("POST", "/v1/certificates/nobody.test/renew", 404)]:
            self.assertEqual(self.ask(method, path)[0], expected, (method, path))
        self.assertIn(self.ask("DELETE", "/v1/certificates/one.test")[0], (404, 405))
        self.assertIn(self.ask("GET", "/v1/certificates/one.test/renew")[0], (404, 405))
        self.assertIn(self.ask("POST", "/v1/certificates/one.test/revoke", '{"reason":"x"')[0], (400, 422))
        self.assertIn(self.ask("POST", "/v1/certificates/one.test/revoke", '{"reason":"' + "x" * 100_000)[0], (400, 413))
        self.assertEqual(self.ca.status(self.leaf.serial), "Valid")
        self.assert_exit(self.daemon.cli("status"), 0)

    def test_garbage_and_silence_do_not_disturb_it(self):
        idle = []
        for text in (b"", b"GET", b"\x00\xff\xfe" * 1000, b"GET /v1/certificates HTTP/1.1\r\n", b"{}\n"):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(self.daemon.socket)
            connection.sendall(text)
            idle.append(connection)
        self.assert_exit(self.daemon.cli("status"), 0)
        for connection in idle:
            connection.close()
        self.assert_exit(self.daemon.cli("status"), 0)

    def test_renewing_by_hand(self):
        self.assert_exit(self.daemon.cli("renew", "one.test", "--now"), 0)
        self.daemon.wait_live("one.test", other_than=self.leaf)
        self.assertEqual(self.ca.orders(), 3)

    @unittest.skipUnless(os.getuid() == 0, "only root can become another user")
    def test_another_user_is_denied(self):
        mode = os.stat(self.daemon.socket)
        self.assertEqual(stat.S_IMODE(mode.st_mode) & 0o007, 0)
        for command in (["status"], ["show", "one.test"], ["renew", "one.test"], ["revoke", "one.test"], ["reload"]):
            answer = self.daemon.cli(*command, user=NOBODY, group=NOBODY, extra_groups=[])
            self.assertNotEqual(answer.code, 0, answer)
            self.assertIn("ermission", answer.out + answer.err)
        self.assertEqual(self.ca.status(self.leaf.serial), "Valid")


if __name__ == "__main__":
    suite.main()
