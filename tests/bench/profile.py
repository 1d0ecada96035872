"""Where the CPU time of a process goes, by `perf`: samples with their call stacks, sorted into a handful of headings."""
import re
import shutil
import signal
import subprocess

# The first heading one of whose functions is anywhere in a sample's stack has the sample.
HEADINGS = (
    ("waiting for the disk (fsync)", r"\bfsync|fdatasync|ext4_sync_file|file_write_and_wait"),
    ("key pair of the certificate", r"crypto::key::generate"),
    ("CSR, signed", r"crypto::make_csr"),
    ("JWS signatures", r"key::jws_sign"),
    ("certificates parsed and checked", r"crypto::(check_chain|parse_pem_chain|certificate::)|facts_of|check_pairs"),
    ("keys to and from PEM", r"crypto::key::(to_pem|from_pem)|PEM_"),
    ("files: open, write, rename, read back", r"backends::|storage::repository|storage::.*record|storage::to_json"),
    ("TLS handshakes", r"SSL_do_handshake|state_machine"),
    ("TLS records", r"SSL_(read|write|peek)|ssl3_(read|write)|tls.*record"),
    ("sockets: the kernel's TCP", r"sendmsg|recvmsg|sys_sendto|sys_recvfrom|tcp_|sys_accept|sys_connect"),
    ("HTTP messages", r"beast|net::"),
    ("JSON", r"evercert::json|rapidjson"),
    ("ACME: the rest", r"evercert::acme"),
    ("challenges", r"evercert::solvers"),
    ("log and history", r"evercert::daemon::.*log|history"),
    ("deciding and scheduling", r"evercert::lifecycle"),
    ("event loop, threads waking", r"epoll|futex|asio|schedule|eventfd|timerfd"),
)


def there():
    return shutil.which("perf") is not None


class Profile:
    """Records from now until `end`."""

    def __init__(self, space, pid):
        self.data = space.path("perf.data")
        self.perf = space.spawn("perf", ["perf", "record", "-F", "499", "--call-graph", "dwarf,4096", "-p", str(pid), "-o", self.data])

    def end(self):
        self.perf.signal(signal.SIGINT)
        self.perf.wait(60)

    def shares(self):
        """[(heading, share of all samples)], largest first."""
        found = subprocess.run(["perf", "script", "--no-inline", "-F", "ip,sym,period", "-i", self.data], text=True,
                               capture_output=True, timeout=900, check=False)
        counts, total = {}, 0
        for sample in found.stdout.split("\n\n"):
            if not sample.strip():
                continue
            total += 1
            for heading, pattern in HEADINGS:
                if re.search(pattern, sample):
                    break
            else:
                heading = "everything else"
            counts[heading] = counts.get(heading, 0) + 1
        if not total:
            raise AssertionError(f"perf has nothing:\n{found.stderr[-2000:]}\n{self.perf.log()[-2000:]}")
        return sorted(((name, count / total) for name, count in counts.items()), key=lambda one: -one[1])
