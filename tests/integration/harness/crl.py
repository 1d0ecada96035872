"""A CA that names a CRL in its leaves, which Pebble does not, and the server of that CRL.

Pebble does the talking: a front in its place puts a leaf that is signed here where Pebble's own would be.
"""
import datetime
import http.server
import os
import threading

from .proxy import PASS, decoded
from .tls import EC_KEY, Certificate, blocks, openssl
from .workspace import read_text

CONFIG = """[ca]
default_ca = us
[us]
database = {folder}/index.txt
default_md = sha256
crl_extensions = crl_extensions
[crl_extensions]
authorityKeyIdentifier = keyid
"""
LEAF = """basicConstraints = critical,CA:FALSE
extendedKeyUsage = serverAuth
subjectKeyIdentifier = none
authorityKeyIdentifier = keyid
crlDistributionPoints = URI:{url}
"""


def moment(offset):
    """A time as `openssl ca` reads it, so many seconds from now."""
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset)
    return f"{when:%Y%m%d%H%M%S}Z"


class Authority:
    """A root and an intermediate that signs leaves and CRLs. Takes over what `front` passes on of a Pebble."""

    def __init__(self, folder, front=None, url=None):
        os.makedirs(folder, exist_ok=True)
        self.folder, self.url, self.csr, self.chains, self.lock = folder, url, None, {}, threading.Lock()
        for name, subject, above in (("root", "test root", None), ("signer", "test signer", "root")):
            below = ["-CA", f"{folder}/{above}.pem", "-CAkey", f"{folder}/{above}.key"] if above else []
            openssl("req", "-x509", *EC_KEY, "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem", *below,
                    "-days", "400", "-subj", f"/CN={subject}", "-addext", "basicConstraints=critical,CA:TRUE",
                    "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        with open(f"{folder}/ca.cnf", "w", encoding="ascii") as file:
            file.write(CONFIG.format(folder=folder))
        if front is not None:
            front.rule(self.take_over)

    def roots(self):
        return read_text(f"{self.folder}/root.pem")

    def take_over(self, asked):
        with self.lock:
            if asked.is_finalize():
                self.csr = decoded(asked.payload["csr"])
            if not asked.path.startswith("/certZ/"):
                return PASS
            if asked.path not in self.chains:
                self.chains[asked.path] = self.sign(self.csr)
            chain = self.chains[asked.path]
        return lambda answer: (answer[0], answer[1], chain if answer[0] == 200 else answer[2])

    def sign(self, csr):
        extensions = f"{self.folder}/leaf.cnf"
        with open(extensions, "w", encoding="ascii") as file:
            file.write(LEAF.format(url=self.url))
        request = openssl("req", "-inform", "DER", data=csr)
        leaf = openssl("x509", "-req", "-CA", f"{self.folder}/signer.pem", "-CAkey", f"{self.folder}/signer.key", "-days", "90",
                       "-copy_extensions", "copy", "-extfile", extensions, data=request.encode())
        return blocks(leaf)[0] + read_text(f"{self.folder}/signer.pem")

    def crl(self, revoked=(), since=-3600, until=7 * 86400, reason="keyCompromise"):
        """A CRL in DER. `revoked` are leaves; `since` and `until` are its dates, in seconds from now."""
        with open(f"{self.folder}/index.txt", "w", encoding="ascii") as file:
            for leaf in revoked:
                serial = leaf.serial.upper()
                dates = "\t".join((moment(80 * 86400)[2:], f"{moment(-1800)[2:]},{reason}"))  # years of two digits here
                file.write(f"R\t{dates}\t{serial}\tunknown\t/CN=unused\n")
        out = f"{self.folder}/list.pem"
        openssl("ca", "-gencrl", "-config", f"{self.folder}/ca.cnf", "-cert", f"{self.folder}/signer.pem",
                "-keyfile", f"{self.folder}/signer.key", "-crl_lastupdate", moment(since), "-crl_nextupdate", moment(until),
                "-out", out)
        openssl("crl", "-in", out, "-outform", "DER", "-out", f"{self.folder}/list.crl")
        with open(f"{self.folder}/list.crl", "rb") as file:
            return file.read()

    def owns(self, leaf: Certificate):
        return leaf.issuer == "CN=test signer"


class CrlServer:
    """Answers each GET with `answer`: (status, headers, body), or a function of the request's headers that returns that.
    A body that is no bytes is sent piece by piece until it or the connection ends."""

    def __init__(self, space):
        self.port, self.asked, self.answer, self.server = space.port(), [], (404, {}, b""), None
        self.path = "/list.crl"
        self.start()
        space.closers.append(self.stop)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{self.path}"

    def start(self):
        owner = self

        class Handler(CrlHandler):
            crls = owner
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads, self.server.block_on_close = True, False
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def serve(self, body, status=200, **headers):
        """`headers` with underscores: Content_Type="application/pkix-crl"."""
        self.answer = (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


class CrlHandler(http.server.BaseHTTPRequestHandler):
    crls = None
    timeout = 60

    def log_message(self, *_):
        """`asked` says more."""

    def do_GET(self):
        self.crls.asked.append({name.lower(): value for name, value in self.headers.items()})
        answer = self.crls.answer
        status, headers, body = answer(self.headers) if callable(answer) else answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if isinstance(body, bytes):
            self.send_header("Content-Length", str(len(body)))
            body = [body]
        self.end_headers()
        try:
            for piece in body:
                self.wfile.write(piece)
        except OSError:
            pass  # whoever asks for more than it wants to hold hangs up
