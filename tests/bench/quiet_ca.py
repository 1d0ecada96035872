"""A CA that all is well with: it answers what a daemon at rest asks, the directory, the renewal information of the
certificates that `populate` made, and their CRLs."""
import base64
import datetime
import http.server
import json
import os
import ssl
import struct
import threading


def window(base, number):
    """Where `populate` says that the CA wants this certificate renewed: (start, end), seconds since 1970."""
    start = base + 3 * 86400 + number * 7919 % (40 * 86400)
    return start, start + 2 * 86400


def rfc3339(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    ca = None

    def do_GET(self):
        if self.path == "/dir":
            self.send(json.dumps({verb: f"{self.ca.url}/{verb}" for verb in
                                  ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange", "renewalInfo")}))
        elif self.path.startswith("/renewalInfo/"):
            serial = base64.urlsafe_b64decode(self.path.rpartition(".")[2] + "==")
            start, end = window(self.ca.base, struct.unpack(">Q", serial[-8:])[0])
            self.ca.asked += 1
            self.send(json.dumps({"suggestedWindow": {"start": rfc3339(start), "end": rfc3339(end)}}))
        elif self.path.endswith(".crl"):
            with open(os.path.join(self.ca.crls, os.path.basename(self.path)), "rb") as file:
                self.ca.lists += 1
                self.send(file.read(), "application/pkix-crl")
        else:
            self.send_error(404)

    def send(self, body, kind="application/json"):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Retry-After", "21600")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class QuietCa:
    """HTTPS for the directory, HTTP for CRLs. `asked` and `lists` count what came."""

    def __init__(self, space, root, base, crls):
        self.base, self.crls, self.asked, self.lists = base, crls, 0, 0
        answers = type("Answers", (Answers,), {"ca": self})
        secure, plain = (http.server.ThreadingHTTPServer(("127.0.0.1", space.port()), answers) for _ in range(2))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*root.issue("quiet-ca"))
        secure.socket = context.wrap_socket(secure.socket, server_side=True)
        self.url = f"https://127.0.0.1:{secure.server_port}"
        self.crl_prefix = f"http://127.0.0.1:{plain.server_port}"
        for server in (secure, plain):
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            space.closers.append(server.shutdown)
