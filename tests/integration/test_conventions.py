"""dns-01 by the kinds of scripts that people have for other tools, each changing a real zone at BIND with nsupdate. Everything
is in a network of its own."""
import os

from harness import ca, namespace, suite
from harness.names import Bind
from harness.workspace import SOURCE

HOOKS = os.path.join(SOURCE, "tests/integration/hooks")
RESOLVER = "127.0.0.53"


def hook(script):
    return [os.path.join(HOOKS, script)]


CONVENTIONS = {
    "lego": {"convention": "lego", "command": hook("lego.sh")},
    "raw": {"convention": "lego-raw", "command": hook("lego_raw.sh")},
    "certbot": {"convention": "certbot", "command": hook("certbot_authenticator.sh"),
                "cleanup_command": hook("certbot_cleanup.sh")},
    "dehydrated": {"convention": "dehydrated", "command": hook("dehydrated.sh")},
    "chained": {"convention": "dehydrated", "command": hook("dehydrated.sh"), "chain": True},
    "acmesh": {"convention": "acme.sh", "command": hook("dns_updates.sh")},
}


class Conventions(suite.Stand):
    def setUp(self):
        super().setUp()
        self.server = Bind(self.space, ["one.test"], port=53)
        self.resolver = Bind(self.space, [], RESOLVER, 53, "resolver", root="one.test. NS ns.one.test.\nns.one.test. A 127.0.0.1\n")
        self.settings = self.space.write("hooks.env", f"NSUPDATE_SERVER={self.server.address}\n"
                                         f"NSUPDATE_SERVER_PORT={self.server.port}\nNSUPDATE_KEY={self.server.key_file}\n")

    def daemon_with(self, challenges):
        """One certificate for each: a name and its wildcard, so that each script is called twice for one name."""
        common = {"type": "dns-01", "provider": "exec", "environment_file": self.settings}
        certificates = [{"names": [f"{name}.one.test", f"*.{name}.one.test"], "name": name, "challenge": name}
                        for name in challenges]
        return self.make_daemon(certificates, challenges={name: {**common, **how} for name, how in challenges.items()})

    def test_scripts_for_each_tool(self):
        self.make_ca(env=ca.HOSTILE, dns=self.resolver)
        daemon = self.daemon_with(CONVENTIONS).start()
        for name in CONVENTIONS:
            self.assertEqual(daemon.wait_live(name, timeout=60).names, sorted([f"{name}.one.test", f"*.{name}.one.test"]))
        daemon.stop()
        log = self.server.process.log()
        for name in CONVENTIONS:
            with self.subTest(name):
                record = f"_acme-challenge.{name}.one.test"
                self.assertEqual((log.count(f"adding an RR at '{record}'"), log.count(f"deleting an RR at {record}")), (2, 2))
                self.assertEqual(self.server.texts(record), [], "what was put there was taken away")

    def test_a_slow_script_and_a_resolver_that_remembers(self):
        """The CA's resolver keeps what it has seen for as long as the record says (two minutes). So it must not be asked for a
        name before all that belongs there is there."""
        slow = self.space.write("slow.sh", f"#!/bin/sh\nsleep 2\nexec {hook('lego.sh')[0]} \"$@\"\n", mode=0o755)
        self.make_ca(env={**ca.HOSTILE, "PEBBLE_VA_NOSLEEP": "1"}, dns=self.resolver)
        daemon = self.daemon_with({"slow": {"convention": "lego", "command": [slow]}}).start()
        daemon.wait_live("slow", timeout=50)
        self.assertEqual((self.ca.orders(), self.ca.issued()), (1, 1), "the first order was the last")


if __name__ == "__main__":
    namespace.enter(addresses=[f"{RESOLVER}/8"])
    suite.main()
