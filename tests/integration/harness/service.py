"""A service for lego's httpreq provider: what its documentation asks of one, in front of the test DNS."""
import base64
import hashlib
import http.server
import json
import threading


class HttpReq:
    """Takes POST /present and /cleanup in both modes and tells them to `dns` (the test DNS of Pebble). `calls` are
    (path, body) as they came."""

    USER, PASSWORD = "ops", "a password: for testing"

    def __init__(self, space, dns, raw=False):
        self.dns, self.raw, self.calls, self.values, self.lock = dns, raw, [], {}, threading.Lock()
        self.secret_file = space.write("httpreq.password", self.PASSWORD + "\n", mode=0o600)
        owner = self

        class Handler(HttpReqHandler):
            service = owner
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", space.port()), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        space.closers.append(self.close)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def record(self, body):
        """(name, value). Raw, the service makes them by itself (RFC 8555 section 8.4)."""
        if not self.raw:
            return body["fqdn"], body["value"]
        digest = hashlib.sha256(body["keyAuth"].encode()).digest()
        assert body["keyAuth"].startswith(body["token"] + ".")
        return f"_acme-challenge.{body['domain']}.", base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def change(self, path, body):
        with self.lock:
            self.calls.append((path, body))
            name, value = self.record(body)
            there = self.values.setdefault(name, [])
            if path == "/present":
                there.append(value)
                self.dns.tell("/set-txt", host=name, value=value)
                return
            there.remove(value)
            self.dns.tell("/clear-txt", host=name)
            for each in there:
                self.dns.tell("/set-txt", host=name, value=each)


class HttpReqHandler(http.server.BaseHTTPRequestHandler):
    service = None
    timeout = 30

    def log_message(self, *_):
        """`calls` say more."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        login = base64.b64encode(f"{HttpReq.USER}:{HttpReq.PASSWORD}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {login}":
            return self.answer(401, "who are you?")
        if self.path not in ("/present", "/cleanup") or self.headers["Content-Type"] != "application/json":
            return self.answer(404, "no such thing")
        self.service.change(self.path, json.loads(body))
        return self.answer(200, "")

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
