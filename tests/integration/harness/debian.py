"""A Debian of this machine's release with the packages that are wanted, made once by mmdebstrap and kept under build/."""
import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess

from .workspace import SOURCE

KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp")
OPTIONS = ["--variant=apt", '--aptopt=APT::Install-Recommends "false"',
           *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("man", "locale", "doc"))]


def call(*argv, timeout=60, **options):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=timeout, **options)
    if done.returncode:
        raise AssertionError(f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def codename():
    with open("/etc/os-release", encoding="utf-8") as file:
        return re.search(r"^VERSION_CODENAME=\"?([a-z]+)\"?$", file.read(), re.M)[1]


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


def dependencies(deb):
    """Names of what it needs, where there is a choice the first, and of those that are virtual the usual one."""
    told = call("dpkg-deb", "--field", deb, "Depends")
    names = {re.match(r"[^\s(|:]+", each.strip())[0] for each in told.split(",")}
    return sorted({"dbus" if name == "default-dbus-system-bus" else name for name in names})


def root(place, packages, form, *more):
    """The path, below build/`place`, of a root as `form` ("directory" or "tar"), `more` being further options for mmdebstrap. To be
    read only; another list of packages takes its place."""
    release, packages, options = codename(), sorted(packages), [*OPTIONS, f"--format={form}", *more]
    key = hashlib.sha256(repr((release, packages, options)).encode()).hexdigest()[:12]
    folder = os.path.join(SOURCE, "build", place)
    path = f"{folder}/{release}-{key}"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            for old in glob.glob(f"{folder}/*-*"):
                (shutil.rmtree if os.path.isdir(old) else os.remove)(old)
            print(f"making a root of {release} with {len(packages)} packages", flush=True)
            call("mmdebstrap", *options, f"--include={','.join(packages)}", release, f"{path}.part", "-", timeout=900,
                 input=sources(release), env=environment())
            os.rename(f"{path}.part", path)
    return path
