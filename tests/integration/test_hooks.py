"""Programs and services that put records into the DNS: those that misbehave, beside one that does not; and httpreq."""
import os
import signal

from harness import ca, suite
from harness.service import HttpReq
from harness.workspace import read_text

# What each does when it is called; $0.pid is what it leaves running. {limit} is of one call.
MISBEHAVIOUR = {
    # Ends for nobody who asks nicely, and neither does what it started.
    "hangs": "trap '' TERM\nsleep 600 &\necho $! > $0.pid.new\nmv $0.pid.new $0.pid\necho waiting for the API\nwhile :; do wait; done\n",
    "floods": "yes 'all work and no play' | head -c 150000000\necho the zone is locked >&2\nexit 4\n",
    "fails": "echo the zone is locked >&2\nexit 3\n",
    # Two forks and a session of its own: beyond the reach of its group, with the pipe in its hands.
    "leaves": "setsid sh -c 'echo $$ > '$0'.pid.new; mv '$0'.pid.new '$0'.pid; exec sleep 600' &\n"
              "while [ ! -s $0.pid ]; do sleep 0.01; done\necho gone wrong >&2\nexit 5\n",
    "missing": "exec evercert-no-such-program\n",
}


def runs(pid):
    try:
        return read_text(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Hooks(suite.Stand):
    def peak_memory(self):
        """KiB."""
        return int(read_text(f"/proc/{self.daemon.process.pid}/status").split("VmHWM:")[1].split()[0])

    def script(self, name):
        return self.space.write(f"hook-{name}", f"#!/bin/sh\n[ \"$1\" = present ] || exit 0\n{MISBEHAVIOUR[name]}", mode=0o755)

    def left(self, name):
        """The process that a script left running."""
        path = self.space.path(f"hook-{name}.pid")
        self.daemon.await_(f"the hook that {name} runs", lambda: os.path.exists(path), 20)
        pid = int(read_text(path))
        self.space.closers.append(lambda: os.kill(pid, signal.SIGKILL) if runs(pid) else None)
        return pid

    def explained(self, name, *words):
        self.daemon.await_(f"the failure of {name} is told", lambda: f"[cert.order_failed] {name}: " in self.daemon.log(), 60)
        answer = self.assert_exit(self.daemon.cli("explain", name), 0)
        for word in (f"hook-{name}", *words):
            self.assertIn(word, answer.out)
        self.assertLess(len(answer.out), 8000)

    def test_those_that_misbehave_are_ended_and_explained_and_others_go_on(self):
        self.make_ca(env={**ca.HOSTILE, "PEBBLE_VA_NOSLEEP": "1"})
        script, calls = self.ca.dns.hook(self.space)
        common = {"type": "dns-01", "provider": "exec", "convention": "lego", "propagation": "off", "timeout": "7s"}
        certificates = [{"names": [f"*.{name}.test"], "name": name, "challenge": name} for name in MISBEHAVIOUR]
        certificates += [{"names": ["*.good.test"], "name": "good", "challenge": "good"},
                         {"names": ["web.test"], "name": "web", "challenge": "http"}]
        daemon = self.make_daemon(certificates, challenges={
            **{name: {**common, "command": [self.script(name)]} for name in MISBEHAVIOUR},
            "good": {**common, "command": [script]},
            "http": {"type": "http-01", "listen": [f"127.0.0.1:{self.ca.http_port}"]}})
        daemon.start()
        before = self.peak_memory()
        hanging, leaving = self.left("hangs"), self.left("leaves")
        for name in ("good", "web"):
            daemon.wait_live(name, timeout=60)
        self.assertTrue(runs(hanging), "while others are issued, it hangs")
        self.explained("fails", "exited with 3", "the zone is locked")
        self.explained("missing", "exited with 127", "PATH")
        self.explained("floods", "exited with 4", "the zone is locked")
        self.explained("leaves", "exited with 5", "gone wrong")
        self.explained("hangs", "did not end within its deadline of 7s", "waiting for the API")
        daemon.await_("the hanging hook's child has ended", lambda: not runs(hanging), 10)
        self.assertTrue(runs(leaving), "what is in a session of its own is the service manager's to end")
        self.assertLess(self.peak_memory() - before, 32 * 1024, "what floods is not kept")
        self.assertLess(os.path.getsize(daemon.process.log_path), 400_000)
        self.assertIn("cleanup _acme-challenge.good.test.", read_text(calls))
        self.assertEqual(daemon.stop(), 0)


class Service(suite.Stand):
    def setUp(self):
        super().setUp()
        self.make_ca(env=ca.HOSTILE)

    @staticmethod
    def challenge(service, **more):
        return {"type": "dns-01", "provider": "httpreq", "url": service.url, "raw": service.raw, "user": service.USER,
                "secret_file": service.secret_file, "propagation": "off", **more}

    def test_the_service_is_told_names_and_values_or_raw_domains_and_tokens(self):
        services = {"one.test": HttpReq(self.space, self.ca.dns), "two.test": HttpReq(self.space, self.ca.dns, raw=True)}
        daemon = self.make_daemon([{"names": [name, f"*.{name}"], "challenge": name[:3]} for name in services],
                                  challenges={name[:3]: self.challenge(service) for name, service in services.items()}).start()
        for name in services:
            self.assertEqual(daemon.wait_live(name, timeout=60).names, [f"*.{name}", name])
        self.assertEqual(daemon.stop(), 0)
        for (name, service), told in zip(services.items(), ({"fqdn", "value"}, {"domain", "token", "keyAuth"})):
            self.assertEqual(service.values, {f"_acme-challenge.{name}.": []}, "what was put there was taken away")
            presented, cleaned = ([body for path, body in service.calls if path == which] for which in ("/present", "/cleanup"))
            self.assertEqual([set(body) for body in presented], [told, told])
            self.assertCountEqual(presented, cleaned)

    def test_a_wrong_password_is_explained(self):
        service = HttpReq(self.space, self.ca.dns)
        wrong = self.space.write("wrong.password", "not the password\n", mode=0o600)
        daemon = self.make_daemon([{"names": ["*.one.test"], "name": "wild", "challenge": "dns"}],
                                  challenges={"dns": self.challenge(service, secret_file=wrong)}).start()
        daemon.await_("the failure is told", lambda: "cert.order_failed" in daemon.log(), 30)
        explained = daemon.cli("explain", "wild").out
        for words in ("who are you?", "wrong.password"):
            self.assertIn(words, explained)
        self.assertNotIn("not the password", explained + daemon.log())


if __name__ == "__main__":
    suite.main()
