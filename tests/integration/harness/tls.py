"""Certificates and handshakes, seen from outside the daemon: openssl's command and Python's ssl."""
import hashlib
import os
import re
import socket
import ssl
import subprocess
import time

from .workspace import read_text


def openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=False)
    if done.returncode:
        raise AssertionError(f"openssl {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode()


EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class MiniRoot:
    """A root of our own, for the HTTPS listeners of test servers."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder, self.key, self.certificate = folder, f"{folder}/root.key", f"{folder}/root.pem"
        openssl("req", "-x509", *EC_KEY, "-keyout", self.key, "-out", self.certificate, "-days", "30",
                "-subj", "/CN=test mini root", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, alternatives="DNS:localhost,IP:127.0.0.1"):
        """(certificate, key) paths."""
        key, certificate = f"{self.folder}/{name}.key", f"{self.folder}/{name}.pem"
        openssl("req", "-x509", *EC_KEY, "-keyout", key, "-out", certificate, "-days", "30", "-subj", f"/CN={name}",
                "-CA", self.certificate, "-CAkey", self.key, "-addext", f"subjectAltName={alternatives}",
                "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth")
        return certificate, key


def blocks(pem_text, kind="CERTIFICATE"):
    return re.findall(rf"-----BEGIN {kind}-----.*?-----END {kind}-----\n?", pem_text, re.S)


class Certificate:
    """One certificate, its facts read by openssl."""

    def __init__(self, pem):
        self.pem = pem
        self.der = ssl.PEM_cert_to_DER_cert(pem)
        self.fingerprint = hashlib.sha256(self.der).hexdigest()
        text = openssl("x509", "-noout", "-serial", "-issuer", "-subject", "-dates", "-nameopt", "RFC2253",
                       "-ext", "subjectAltName", data=pem.encode())
        self.serial = re.search(r"serial=([0-9A-Fa-f]+)", text).group(1).lower()
        self.issuer = re.search(r"issuer=(.*)", text).group(1)
        self.names = sorted(re.findall(r"(?:DNS|IP Address):([^,\s]+)", text))
        self.not_before, self.not_after = (ssl.cert_time_to_seconds(re.search(rf"{word}=(.*)", text).group(1))
                                           for word in ("notBefore", "notAfter"))

    @property
    def lifetime(self):
        """Seconds, as CAs count: the last second is part of it."""
        return self.not_after - self.not_before + 1

    def public_key(self):
        return openssl("x509", "-noout", "-pubkey", data=self.pem.encode())

    def __eq__(self, other):
        return isinstance(other, Certificate) and self.der == other.der

    def __repr__(self):
        return f"<certificate {self.serial} {','.join(self.names)}>"


def read_chain(path):
    return [Certificate(pem) for pem in blocks(read_text(path))]


def public_key_of_key(path):
    return openssl("pkey", "-in", path, "-pubout")


def public_key_of_certificate(path):
    return openssl("x509", "-in", path, "-noout", "-pubkey")


def handshake(port, name, roots=None, address="127.0.0.1"):
    """The certificate served for `name`. With `roots` (PEM text) the chain, dates and name are verified as a browser would."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if roots is None:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    else:
        context.load_verify_locations(cadata=roots)
    with socket.create_connection((address, port), timeout=5) as plain:
        with context.wrap_socket(plain, server_hostname=name) as secure:
            return Certificate(ssl.DER_cert_to_PEM_cert(secure.getpeercert(binary_form=True)))


def offered(port, name, signature_algorithms):
    """The certificate that a client gets who takes these signatures only, for example "ECDSA+SHA256"; None without one."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", name,
                           "-sigalgs", signature_algorithms], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=10, check=False)
    leaf = blocks(done.stdout)
    return Certificate(leaf[0]) if leaf else None


def served(port, name, roots=None, patience=10):
    """What the server serves once it has settled: for a moment after a reload its old workers still answer, so three
    handshakes in a row must agree. The last error is raised when they do not come to a good one in time."""
    deadline, seen = time.monotonic() + patience, []
    while True:
        try:
            seen.append(handshake(port, name, roots))
        except OSError:
            seen = []
            if time.monotonic() > deadline:
                raise
        if len(seen) >= 3 and seen[-1] == seen[-2] == seen[-3]:
            return seen[-1]
        time.sleep(0.03)
