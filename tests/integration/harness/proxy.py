"""A front for a CA: passes ACME traffic on, keeps a record of it, and can answer, change or lose any part.

    front = Front(space, ca)                        # the daemon's issuer is front.issuer() instead of ca.issuer()
    front.rule(lambda r: (500, {}, "") if r.is_order() else PASS)
    front.once(Asked.is_order, problem(409, "alreadyReplaced"))

Pebble builds its URLs from the Host header, which is passed on: everything the daemon is told to ask lies behind the front.
"""
import base64
import http.client
import http.server
import json
import socket
import ssl
import struct
import threading
import time

PASS = None  # on to the CA
DROP = object()  # the connection ends without an answer; the CA has not seen the request
LOSE_ANSWER = object()  # the CA has seen and answered it, nobody else will know
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding"}


def problem(status, kind, detail="a test says so", headers=None, **more):
    """An answer with a problem document; `kind` is the last part of its URN."""
    body = {"type": f"urn:ietf:params:acme:error:{kind}", "detail": detail, "status": status, **more}
    return status, {"Content-Type": "application/problem+json", **(headers or {})}, json.dumps(body)


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Asked:
    """One request, and what was answered once that is known (status None: nothing was)."""

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body, self.time = method, path, headers, body, time.time()
        self.status, self.answer_headers, self.answer = None, {}, b""
        self.header, self.payload = {}, None
        try:
            jws = json.loads(body)
            self.header = json.loads(decoded(jws["protected"]))
            self.payload = json.loads(decoded(jws["payload"]) or b"null")  # a POST-as-GET has an empty one
        except (ValueError, KeyError, TypeError):
            pass  # a plain GET, or not of ACME

    def is_order(self):
        return self.path == "/order-plz"

    def is_renewal_info(self):
        return "/renewalInfo/" in self.path

    def is_key_change(self):
        return self.path == "/rollover-account-key"

    def is_account(self):
        """A registration or a lookup."""
        return self.path == "/sign-me-up"

    def is_directory(self):
        return self.path == "/dir"

    def is_finalize(self):
        return self.path.startswith("/finalize-order/")

    def json(self):
        """The answer's body."""
        return json.loads(self.answer)

    def __repr__(self):
        return f"<{self.method} {self.path} {self.payload} -> {self.status} {self.answer[:200]!r}>"


class Front:
    """`rules` are asked in turn for each request, until one returns something else than PASS: DROP, LOSE_ANSWER, an answer
    (status, headers, body: text or bytes), or a function that is given the CA's answer as such a triple and returns
    another."""

    def __init__(self, space, ca, rule=None, name="front"):
        self.ca, self.port = ca, space.port()
        self.rules, self.exchanges, self.lock = [rule] if rule else [], [], threading.Lock()
        certificate, key = ca.root.issue(f"{name}-tls")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.upstream = ssl.create_default_context(cafile=ca.root.certificate)
        self.connections, self.server = set(), None
        self.start()
        space.closers.append(self.stop)

    def start(self):
        front = self

        class Handler(CaHandler):
            owner = front
        self.server = FrontServer(("127.0.0.1", self.port), Handler)
        # The handshake is left to the thread of the connection: a slow client holds up nobody.
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """Refuses connections from now on, and ends those that there are; `start` opens the same port again."""
        if self.server is None:
            return
        self.server.shutdown()
        self.server.server_close()
        self.server = None
        with self.lock:
            left, self.connections = self.connections, set()
        for connection in left:
            reset(connection)

    @property
    def directory(self):
        return f"https://127.0.0.1:{self.port}/dir"

    def issuer(self):
        return {**self.ca.issuer(), "directory": self.directory}

    def rule(self, hook):
        self.rules.append(hook)
        return hook

    def remove(self, hook):
        self.rules.remove(hook)

    def once(self, matches, outcome):
        """For the first request that `matches`; returns a list that has that request in it once it came."""
        met = []

        def hook(asked):
            with self.lock:
                if met or not matches(asked):
                    return PASS
                met.append(asked)
            return outcome
        self.rule(hook)
        return met

    def asked(self, matches=lambda _: True):
        """All requests so far that match, in order, with their answers."""
        with self.lock:
            return [one for one in self.exchanges if matches(one)]

    def orders(self):
        return self.asked(Asked.is_order)


class FrontServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """Connections that end early are what this server is for."""


class CaHandler(http.server.BaseHTTPRequestHandler):
    owner = None
    protocol_version = "HTTP/1.1"
    timeout = 60

    def setup(self):
        super().setup()
        self.ca = None
        with self.owner.lock:
            self.owner.connections.add(self.connection)

    def finish(self):
        with self.owner.lock:
            self.owner.connections.discard(self.connection)
        if self.ca is not None:
            self.ca.close()
        super().finish()

    def log_message(self, *_):
        """The record says more."""

    def pass_on(self, asked):
        """The CA's answer; one more try when a connection kept open has ended meanwhile (then nothing was read)."""
        for kept in (self.ca is not None, False):
            if self.ca is None:
                self.ca = http.client.HTTPSConnection("127.0.0.1", self.owner.ca.port, timeout=60,
                                                      context=self.owner.upstream)
            try:
                self.ca.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
                self.ca.putheader("Host", self.headers.get("Host", f"127.0.0.1:{self.owner.port}"))
                for name, value in self.headers.items():
                    if name.lower() not in HOP_BY_HOP:
                        self.ca.putheader(name, value)
                if asked.body or asked.method == "POST":
                    self.ca.putheader("Content-Length", str(len(asked.body)))
                self.ca.endheaders(asked.body or None)
                answer = self.ca.getresponse()
                return answer.status, answer.getheaders(), answer.read()
            except (OSError, http.client.HTTPException):
                self.ca.close()
                self.ca = None
                if not kept:
                    return None
        return None

    def serve(self):
        asked = Asked(self.command, self.path, self.headers,
                      self.rfile.read(int(self.headers.get("Content-Length", 0))))
        with self.owner.lock:
            self.owner.exchanges.append(asked)
            rules = list(self.owner.rules)
        outcome = next((said for said in (rule(asked) for rule in rules) if said is not PASS), PASS)
        if outcome is DROP:
            return self.hang_up()
        answer = outcome if isinstance(outcome, tuple) else self.pass_on(asked)
        if answer is None:
            return self.hang_up()  # the CA is not there
        status, headers, body = outcome(answer) if callable(outcome) else answer
        headers = list(headers.items()) if isinstance(headers, dict) else headers
        asked.answer = body.encode() if isinstance(body, str) else body
        asked.answer_headers, asked.status = dict(headers), status  # the status last: it says that all is there
        if outcome is LOSE_ANSWER:
            return self.hang_up()
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(asked.answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(asked.answer)
        return None

    do_GET = do_HEAD = do_POST = serve

    def hang_up(self):
        self.close_connection = True
        reset(self.connection)


def reset(connection):
    """Ends a connection at once, as a cut line does."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has ended by itself
