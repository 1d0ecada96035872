"""dns-01 by DNS updates (RFC 2136) to real servers on port 53, which are found as a CA finds them: by delegations and NS
records. Everything is in a network of its own."""
import time

from harness import ca, namespace, suite
from harness.names import ALGORITHMS, Bind, Knot
from harness.tcp_only import TcpOnly
from harness.workspace import wait_until

RESOLVER = "127.0.0.53"


def leads_to(zone, address):
    """The lines of a delegation."""
    return f"{zone}. NS ns.{zone}.\nns.{zone}. {'AAAA' if ':' in address else 'A'} {address}\n"


class Updates(suite.Stand):
    def setUp(self):
        super().setUp()
        namespace.set_resolvers(RESOLVER)

    def resolver(self, **where):
        """What the daemon and the CA ask: it knows at which address a zone is, and caches as resolvers do."""
        root = "".join(leads_to(zone.replace("_", "."), address) for zone, address in where.items())
        return Bind(self.space, [], RESOLVER, 53, "resolver", root=root)

    @staticmethod
    def challenge(server, key_file):
        return {"type": "dns-01", "provider": "rfc2136", "server": server.endpoint, "tsig_key_file": key_file}

    def daemon_with(self, certificates, server, key_file, **challenges):
        return self.make_daemon(certificates, challenges={"dns": self.challenge(server, key_file), **challenges},
                                defaults={"issuers": ["pebble"], "challenge": "dns"})

    def test_knot_and_bind_with_each_kind_of_key(self):
        """One certificate for each, all at once."""
        servers = {"one.test": Knot(self.space, ["one.test"], port=53),
                   "two.test": Bind(self.space, ["two.test"], "127.0.0.2", 53)}
        self.make_ca(env=ca.HOSTILE, dns=self.resolver(one_test="127.0.0.1", two_test="127.0.0.2"))
        wanted = {f"{algorithm}.{zone}": (server, server.keys[algorithm])
                  for zone, server in servers.items() for algorithm in ALGORITHMS}
        daemon = self.make_daemon(
            [{"names": [name, f"*.{name}"], "challenge": name.replace(".", "-")} for name in wanted],
            challenges={name.replace(".", "-"): self.challenge(*how) for name, how in wanted.items()}).start()
        for name in wanted:
            self.assertEqual(daemon.wait_live(name, timeout=60).names, sorted([name, f"*.{name}"]))
        daemon.stop()
        self.assertEqual((self.ca.orders(), self.ca.issued()), (6, 6), "the first orders were the last")
        for name, (server, _) in wanted.items():
            self.assertEqual(server.texts(f"_acme-challenge.{name}"), [], "what was put there was taken away")

    def test_the_ca_is_asked_only_when_a_slow_secondary_has_the_record(self):
        lag, zone = 10, "one.test"
        primary = Bind(self.space, {zone: "@ NS ns2\nns2 A 127.0.0.2\n"}, port=53)
        secondary = Bind(self.space, [zone], "127.0.0.2", 53, "secondary", primary=primary)
        wait_until("the copy is there", lambda: "transferred serial 1" in secondary.process.log())
        self.resolver(one_test=primary.address)
        self.make_ca(env={**ca.HOSTILE, "PEBBLE_VA_NOSLEEP": "1"}, dns=secondary)  # whoever asks too early fails at once
        daemon = self.daemon_with([{"names": [zone, f"*.{zone}"], "name": "wild"}], primary, primary.key_file).start()
        name = f"_acme-challenge.{zone}"
        wait_until("both values are at the primary", lambda: len(primary.texts(name)) == 2)
        written = time.monotonic()
        self.assert_never("the CA is asked", lambda: "/chalZ/" in self.ca.process.log(), lag)
        self.assertEqual(len(primary.texts(name)), 2)
        self.assertEqual(secondary.texts(name), [])
        secondary.refresh()
        wait_until("the CA is asked", lambda: "/chalZ/" in self.ca.process.log(), 15)
        self.assertGreaterEqual(time.monotonic() - written, lag)
        self.assertEqual(len(secondary.texts(name)), 2)
        self.assertEqual(daemon.wait_live("wild", timeout=30).names, [f"*.{zone}", zone])
        self.assertEqual((self.ca.orders(), self.ca.issued()), (1, 1), "the first order was the last")
        daemon.stop()
        self.assertEqual(primary.texts(name), [])

    def test_what_is_delegated_is_written_where_it_is_delegated_to(self):
        """To a server of its own, and to a zone of its own on the same server; the zones above take no updates."""
        ours, theirs = "_acme-challenge.one.test", "_acme-challenge.two.test"
        parent = Bind(self.space, {"one.test": "_acme-challenge NS proofs\nproofs A 127.0.0.3\n",
                                   "two.test": "_acme-challenge NS proofs\nproofs A 127.0.0.1\n", theirs: ""},
                      port=53, fixed=["one.test", "two.test"])
        child = Bind(self.space, [ours], "127.0.0.3", 53, "child")
        self.make_ca(env=ca.HOSTILE, dns=self.resolver(one_test=parent.address, two_test=parent.address))
        daemon = self.daemon_with([{"names": ["one.test", "*.one.test"], "name": "one"},
                                   {"names": ["*.two.test"], "name": "two", "challenge": "same"}], child, child.key_file,
                                  same=self.challenge(parent, parent.key_file)).start()
        daemon.wait_live("one", timeout=60)
        daemon.wait_live("two", timeout=60)
        daemon.stop()
        self.assertIn(f"updating zone '{ours}/IN': adding an RR at '{ours}' TXT", child.process.log())
        self.assertIn(f"updating zone '{theirs}/IN': adding an RR at '{theirs}' TXT", parent.process.log())
        self.assertEqual(child.texts(ours) + parent.texts(theirs), [])

    def test_over_ipv6(self):
        server = Bind(self.space, ["one.test"], "::1", 53, root=leads_to("one.test", "::1"))
        namespace.set_resolvers("::1")
        self.make_ca(env=ca.HOSTILE, dns=server)
        daemon = self.daemon_with([{"names": ["one.test", "*.one.test"], "name": "wild"}], server, server.key_file).start()
        daemon.wait_live("wild", timeout=60)
        daemon.stop()
        self.assertEqual(server.texts("_acme-challenge.one.test"), [])

    def test_where_only_tcp_gets_through(self):
        server = Bind(self.space, ["one.test"])
        line = TcpOnly(self.space, server, "127.0.0.1")
        namespace.set_resolvers("127.0.0.1")
        self.make_ca(env=ca.HOSTILE, dns=line)
        daemon = self.daemon_with([{"names": ["one.test", "*.one.test"], "name": "wild"}], line, server.key_file).start()
        daemon.wait_live("wild", timeout=60)
        daemon.stop()
        self.assertEqual(server.texts("_acme-challenge.one.test"), [])
        self.assertGreater(line.cut, 5)
        self.assertGreater(line.passed, 5)

    def test_an_international_name(self):
        zone = "xn--mnchen-3ya.test"
        server = Bind(self.space, [zone], port=53)
        self.make_ca(env=ca.HOSTILE, dns=self.resolver(**{"xn--mnchen-3ya_test": server.address}))
        daemon = self.daemon_with([{"names": ["münchen.test", "*.münchen.test"], "name": "wild"},
                                   {"names": ["www.MÜNCHEN.test"], "name": "web", "challenge": "http"}], server, server.key_file,
                                  http={"type": "http-01", "listen": [f"127.0.0.1:{self.ca.http_port}"]}).start()
        self.assertEqual(daemon.wait_live("wild", timeout=60).names, [f"*.{zone}", zone])
        self.assertEqual(daemon.wait_live("web", timeout=60).names, [f"www.{zone}"])
        daemon.stop()
        self.assertEqual(server.texts(f"_acme-challenge.{zone}"), [])

    def test_orders_for_one_name_in_a_row(self):
        """Two keys are two orders, and a renewal is two more, each with a value that the CA's resolver has not seen."""
        server = Bind(self.space, ["one.test"], port=53)
        self.make_ca(env={**ca.HOSTILE, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0"},
                     dns=self.resolver(one_test=server.address))
        daemon = self.daemon_with([{"names": ["one.test", "*.one.test"], "name": "wild", "keys": ["ecdsa-p256", "rsa-2048"]}],
                                  server, server.key_file).start()
        first = daemon.wait_live("wild", timeout=60)
        self.assert_exit(daemon.cli("renew", "wild", "--now"), 0)
        self.assertNotEqual(daemon.wait_live("wild", other_than=first, timeout=60), first)
        self.assertEqual((self.ca.orders(), self.ca.issued()), (4, 4), "no order failed")

    def test_fifty_wildcards_at_once(self):
        names = [f"w{number}.one.test" for number in range(50)]
        server = Bind(self.space, ["one.test"], port=53)
        self.make_ca(env=ca.HOSTILE, dns=self.resolver(one_test=server.address))
        daemon = self.daemon_with([{"names": [f"*.{name}"], "name": name} for name in names], server, server.key_file).start()
        started = time.monotonic()
        for name in names:
            self.assertEqual(daemon.wait_live(name, timeout=max(1, 60 + started - time.monotonic())).names, [f"*.{name}"])
        print(f"50 wildcards in {time.monotonic() - started:.1f} s", flush=True)
        daemon.stop()
        self.assertEqual(self.ca.issued(), 50)
        log = server.process.log()
        self.assertEqual((log.count("adding an RR at"), log.count("deleting an RR at")), (50, 50))
        self.assertEqual([server.texts(f"_acme-challenge.{name}") for name in names], [[]] * 50)


if __name__ == "__main__":
    namespace.enter(addresses=["127.0.0.2/8", "127.0.0.3/8", f"{RESOLVER}/8"])
    suite.main()
