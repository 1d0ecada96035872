"""`evercert explain NAME` in ten troubles, each made for real: it names the cause and what to do about it."""
import datetime
import http.server
import json
import os
import subprocess
import threading

from harness import suite
from harness.proxy import Front, problem
from harness.servers import Nginx
from harness.workspace import wait_until

CAA = "While processing CAA for one.test: CAA record for one.test prevents issuance"
LIMITS = "https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers"
UNPAUSE = "https://portal.letsencrypt.org/sfe/v1/unpause?jwt=eyJhbGciOiJIUzI1NiJ9.eyJpZCI6MX0.c2ln"


def lines(text, label):
    """What stands behind a label; no line is broken where no terminal is."""
    return [line[len(label):].strip() for line in text.splitlines() if line.startswith(label)]


def forbidden(answer):
    """An authorization that a CAA record made invalid, as Boulder words it."""
    status, headers, body = answer
    said = json.loads(body)
    if said["status"] == "valid":
        said["status"] = "invalid"
        for challenge in said["challenges"]:
            challenge["status"] = "invalid"
            challenge["error"] = {"type": "urn:ietf:params:acme:error:caa", "detail": CAA, "status": 403}
    return status, headers, json.dumps(said)


class Elsewhere(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>welcome</html>")

    def log_message(self, *_):
        """Nobody asks."""


class Explain(suite.Stand):
    def run_daemon(self, ca, wanted=None, **options):
        options.setdefault("issuers", {"pebble": ca.issuer()})
        options.setdefault("http_port", self.ca.http_port)
        return self.make_daemon([{"names": ["one.test"], **(wanted or {})}], **options).start()

    def failing(self):
        self.daemon.wait_state("one.test", "failing")

    def explain(self, cause, mend):
        """Asks, and holds the answer to the words that say what happened and what to do."""
        answer = self.assert_exit(self.daemon.cli("explain", "one.test"), 0)
        happened, to_do = lines(answer.out, "what happened"), lines(answer.out, "what to do")
        self.assertEqual((len(happened), len(to_do)), (1, 1), answer)
        for words, line in ((cause, happened[0]), (mend, to_do[0])):
            for word in words:
                self.assertIn(word, line)
        self.assertEqual(len(lines(answer.out, "next")), 1, answer)
        for left_open in ("NAME", "ISSUER", "{name}"):
            self.assertNotIn(left_open, answer.out)
        return answer.out

    def test_name_does_not_resolve(self):
        self.make_ca().dns.tell("/set-default-ipv4", ip="")
        self.run_daemon(self.ca)
        self.failing()
        self.explain(["could not look one.test up in the DNS"], ["make one.test resolve", "A or AAAA record", "dig one.test A",
                                                                  "evercert renew one.test --now"])

    def test_port_80_unreachable(self):
        self.make_ca()
        self.run_daemon(self.ca, http_port=self.space.port())  # the CA asks at another, where nothing listens
        self.failing()
        self.explain(["could not connect to one.test", "connection refused"],
                     ["let the CA reach one.test on port 80", "firewalls", "curl -v http://one.test/"])

    def test_caa_forbids(self):
        """Pebble looks at no CAA record."""
        front = Front(self.space, self.make_ca(), lambda r: forbidden if r.path.startswith("/authZ/") else None)
        self.run_daemon(front)
        self.failing()
        self.explain(["a CAA record forbids this CA to issue for one.test", CAA],
                     ["CAA records of one.test", "'issue' record", "dig one.test CAA", "another CA under 'issuers'"])

    def test_caa_forbids_at_last(self):
        """Records are looked at again when the CA's proof is some hours old: then it is said at finalize."""
        front = Front(self.space, self.make_ca(), lambda r: problem(403, "caa", CAA) if r.is_finalize() else None)
        self.run_daemon(front)
        self.failing()
        self.explain(["a CAA record forbids this CA", CAA], ["'issue' record", "CAA' shows them"])

    def test_rate_limited(self):
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=34)
        detail = ("too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after "
                  f"{until:%Y-%m-%d %H:%M:%S} UTC: see {LIMITS}")
        answer = problem(429, "rateLimited", detail, {"Retry-After": "5400"})
        self.run_daemon(Front(self.space, self.make_ca(), lambda r: answer if r.is_order() else None))
        self.failing()
        text = self.explain(["one of its rate limits is reached", "already issued", "wait for 1h 30m"],
                            ["wait", "tried again by itself", "a second CA under 'issuers'"])
        self.assertEqual(lines(text, "see"), [LIMITS])
        self.assertIn("in 1h", lines(text, "not before")[0])

    def test_paused(self):
        detail = ("Your account is temporarily prevented from requesting certificates for one.test and possibly others. "
                  f"Please visit: {UNPAUSE}")
        answer = problem(429, "rateLimited", detail)
        self.run_daemon(Front(self.space, self.make_ca(), lambda r: answer if r.is_order() else None))
        self.failing()
        text = self.explain(["has paused this account"], ["open the CA's address below", "lift the pause",
                                                          "evercert renew one.test --now"])
        self.assertEqual(lines(text, "see"), [UNPAUSE])
        self.assertRegex(lines(text, "not before")[0], "in (1d|2[34]h)")

    def test_external_account_missing(self):
        self.make_ca(eab={"kid-1": "A" * 64})
        self.run_daemon(self.ca)
        self.failing()
        self.explain(["external account"], ["key id", "hmac_key_file", "under 'issuers'", "evercert reload"])

    def test_profile_withdrawn(self):
        self.make_ca(profiles={"default": {"description": "a", "validityPeriod": 7776000},
                               "short": {"description": "b", "validityPeriod": 86400}})
        self.run_daemon(self.ca, {"profile": "short"})
        first = self.daemon.wait_live("one.test")
        del self.ca.config["profiles"]["short"]
        self.ca.restart()
        self.daemon.restart()
        self.assert_exit(self.daemon.cli("renew", "one.test", "--now"), 1)
        self.explain(["profile", "short"], ["set 'profile'", "does not change to another profile by itself"])
        self.assertEqual(self.daemon.leaf("one.test"), first)

    def test_hook_fails(self):
        self.make_ca()
        hook = {"command": ["/bin/sh", "-c", "echo 'mail server: permission denied' >&2; exit 3"]}
        self.run_daemon(self.ca, {"deploy": ["mail"]}, deployments={"mail": hook})
        self.failing()
        text = self.explain(["the hook", "exited with 3", "mail server: permission denied"],
                            ["run the hook by hand", "evercert deploy one.test", self.daemon.live("one.test").rstrip("/")])
        self.assertIn("deploying to mail", lines(text, "trouble")[0])
        self.assertEqual(self.ca.orders(), 1)

    def test_disk_full(self):
        folder = self.space.make_folder("small")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "none", folder], capture_output=True,
                                 text=True, check=False)
        if mounted.returncode:
            self.skipTest(f"no file system can be mounted here: {mounted.stderr.strip()}")
        self.space.closers.append(lambda: subprocess.run(["umount", folder], check=True))
        self.make_ca()
        self.run_daemon(self.ca, data_dir=f"{folder}/data")
        first = self.daemon.wait_live("one.test")
        self.daemon.wait_state("one.test", "waiting")
        with open(f"{folder}/ballast", "wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(4096))
            except OSError:
                pass
        self.assert_exit(self.daemon.cli("renew", "one.test", "--now"), 1)
        self.explain(["No space left on device"], ["free some space on the disk that holds data_dir", "df -h"])
        self.assertEqual(self.daemon.leaf("one.test"), first)
        os.unlink(f"{folder}/ballast")
        self.assert_exit(self.daemon.cli("renew", "one.test", "--now"), 0)
        self.assertNotEqual(self.daemon.leaf("one.test"), first)

    def test_another_server_on_port_80(self):
        """A name that leads here, and somebody else who answers for it."""
        self.make_ca()
        other = http.server.ThreadingHTTPServer(("127.0.0.1", self.ca.http_port), Elsewhere)
        threading.Thread(target=other.serve_forever, args=(0.05,), daemon=True).start()
        self.space.closers.append(other.server_close)
        self.space.closers.append(other.shutdown)
        self.run_daemon(self.ca, http_port=self.space.port())
        self.failing()
        self.explain(["the CA got another answer from one.test than evercertd gives"],
                     ["must reach evercertd", "another server answers them", "pass this path on to evercertd"])

    def test_wrong_content_served(self):
        self.make_ca()
        server = Nginx(self.space)
        server.sites = {"one.test": server.self_signed("one.test")}
        server.start()
        self.run_daemon(self.ca, {"deploy": ["web"]}, deployments={"web": server.deployment(timeout="2s")})
        self.failing()
        live = self.daemon.live("one.test").rstrip("/")
        text = self.explain([f"127.0.0.1:{server.port} for one.test serves a certificate that is not this one"],
                            [f"for one.test from {live}", f"openssl s_client -connect 127.0.0.1:{server.port} -servername one.test",
                             "evercert deploy one.test"])
        self.assertIn("deploying to web", lines(text, "trouble")[0])
        server.sites["one.test"] = live
        server.write()
        self.assert_exit(self.daemon.cli("deploy", "one.test"), 0)
        wait_until("nothing is wrong any more",
                   lambda: not lines(self.daemon.cli("explain", "one.test").out, "trouble"))


if __name__ == "__main__":
    suite.main()
