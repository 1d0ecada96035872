"""Those who are told: a webhook's receiver that checks the signature, and a mail server that takes what it is given."""
import base64
import hashlib
import hmac
import http.server
import json
import socketserver
import ssl
import threading
import time


class Webhook:
    """HTTPS with a certificate of `root`. `messages` are what was accepted, `tries` what came: (id, status). `refusals`
    are statuses for the next tries; while `hangs`, nothing is answered."""

    KEY = b"a key of thirty-two bytes, nearly"

    def __init__(self, space, root):
        self.messages, self.tries, self.refusals, self.wrong = [], [], [], []
        self.hangs, self.lock = False, threading.Lock()
        self.ended = threading.Event()
        self.trust = root.certificate
        self.secret_file = space.write("hook.key", f"whsec_{base64.b64encode(self.KEY).decode()}\n", mode=0o600)
        owner = self

        class Handler(WebhookHandler):
            hook = owner
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", space.port()), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*root.issue("hook"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        space.closers.append(self.close)

    @property
    def url(self):
        return f"https://127.0.0.1:{self.server.server_port}/a-token-nobody-may-see"

    def rule(self, **more):
        return {"webhook": self.url, "trust": self.trust, "secret_file": self.secret_file, "gather": "1s", **more}

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def told(self, event):
        """Names of the certificates that this was told of, in order."""
        return [n["certificate"] for m in list(self.messages) for n in m["notices"] if n["event"] == event]

    def judge(self, headers, body):
        """The status to answer with."""
        name, moment = headers["webhook-id"], headers["webhook-timestamp"]
        mac = hmac.new(self.KEY, f"{name}.{moment}.".encode() + body, hashlib.sha256).digest()
        if headers["webhook-signature"] != "v1," + base64.b64encode(mac).decode() or abs(time.time() - int(moment)) > 60:
            self.wrong.append((dict(headers), body))
            return 401
        with self.lock:
            status = self.refusals.pop(0) if self.refusals else 204
            self.tries.append((name, status))
            if status == 204:
                self.messages.append(json.loads(body))
        return status


class WebhookHandler(http.server.BaseHTTPRequestHandler):
    hook = None
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_):
        """`tries` say more."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.hook.hangs:
            self.hook.tries.append((self.headers["webhook-id"], None))
            self.hook.ended.wait(120)
            return
        self.send_response(self.hook.judge(self.headers, body))
        self.send_header("Content-Length", "0")
        self.end_headers()


class MailServer:
    """Takes every mail. `mails` are (sender, recipients, text)."""

    def __init__(self, space):
        self.mails = []
        owner = self

        class Handler(MailHandler):
            owner_ = owner
        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", space.port()), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        space.closers.append(self.close)

    @property
    def where(self):
        return f"127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class MailHandler(socketserver.StreamRequestHandler):
    owner_ = None
    timeout = 30

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def take(self):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines).decode()

    def handle(self):
        self.say("220 here")
        sender, recipients = None, []
        while line := self.rfile.readline().decode().strip():
            if line.startswith("MAIL FROM:"):
                sender, recipients = line[10:], []
            elif line.startswith("RCPT TO:"):
                recipients.append(line[8:])
            elif line == "DATA":
                self.say("354 go on")
                self.owner_.mails.append((sender, recipients, self.take()))
            elif line == "QUIT":
                self.say("221 bye")
                return
            self.say("250 fine")
