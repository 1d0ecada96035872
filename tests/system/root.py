"""The Debian that is booted: this machine's own release, made once by mmdebstrap and kept under build/system-root."""
import fcntl
import glob
import hashlib
import os
import shutil
import subprocess

from harness.workspace import SOURCE

FOLDER = os.path.join(SOURCE, "build/system-root")
KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp")
# Beside what the programs link: servers to deploy to, and what a test looks through.
PACKAGES = ["acl", "apache2", "bind9", "bind9-dnsutils", "ca-certificates", "certbot", "curl", "dbus", "debconf", "dovecot-imapd",
            "haproxy", "iproute2", "nginx", "openssl", "postfix", "procps", "systemd", "systemd-sysv"]
# Those of them that would start with the machine.
SERVERS = ["apache2", "dovecot", "haproxy", "named", "nginx", "postfix"]
OPTIONS = ["--variant=apt", "--format=directory", '--aptopt=APT::Install-Recommends "false"',
           *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("man", "locale", "doc"))]


def call(*argv, timeout=60, **options):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=timeout, **options)
    if done.returncode:
        raise AssertionError(f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def codename():
    with open("/etc/os-release", encoding="utf-8") as file:
        facts = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    return facts["VERSION_CODENAME"].strip('"')


def sources(release):
    """Where this machine has Debian from, as lines for mmdebstrap; its other archives are nobody's business here."""
    keyring = next((path for path in KEYRINGS if os.path.exists(path)), None)
    if keyring is None:
        raise AssertionError("no Debian archive keyring under /usr/share/keyrings: install debian-archive-keyring")
    wanted = "$(REPO_URI) $(CODENAME) $(COMPONENT)"
    told = call("apt-get", "indextargets", "--format", wanted, "Created-By: Packages", "Origin: Debian")
    lines = sorted({line for line in told.splitlines() if line.split()[1].startswith(release) and line.endswith(" main")})
    if not lines:
        raise AssertionError(f"apt knows no Debian archive of {release} (apt-get indextargets names none): run apt-get update")
    return "".join(f"deb [signed-by={keyring}] {line}\n" for line in lines)


def environment():
    """A proxy that only apt is told of is for mmdebstrap's apt as well."""
    proxy = call("apt-config", "shell", "P", "Acquire::http::Proxy").strip()
    found = {"http_proxy": proxy.split("=", 1)[1].strip("'")} if proxy else {}
    return {**found, **os.environ}


def ready(extra):
    """The folder of a root with PACKAGES and `extra` installed. To be read only."""
    release = codename()
    packages = sorted({*PACKAGES, *extra})
    key = hashlib.sha256(repr((release, packages, OPTIONS)).encode()).hexdigest()[:12]
    place = os.path.join(FOLDER, f"{release}-{key}")
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(place):
            for old in glob.glob(f"{FOLDER}/*-*"):
                shutil.rmtree(old)
            print(f"making a root of {release} with {len(packages)} packages", flush=True)
            call("mmdebstrap", *OPTIONS, f"--include={','.join(packages)}", release, f"{place}.part", "-", timeout=900,
                 input=sources(release), env=environment())
            os.rename(f"{place}.part", place)
    return place
