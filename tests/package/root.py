"""A Debian of this machine's release with what the package depends on, made once and kept under build/. No init runs in it."""
import fcntl
import glob
import hashlib
import os
import re
import shutil

from package import SOURCE, field, run

FOLDER = os.path.join(SOURCE, "build/package-root")
KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp")
OPTIONS = ["--variant=apt", "--format=tar", '--aptopt=APT::Install-Recommends "false"',
           *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("man", "locale", "doc")),
           "--dpkgopt=path-include=/usr/share/doc/evercert/*"]
STATUS = "${db:Status-Status}"


def release():
    with open("/etc/os-release", encoding="utf-8") as file:
        return re.search(r"^VERSION_CODENAME=(\S+)$", file.read(), re.M)[1]


def sources(codename):
    """Where this machine has Debian from."""
    keyring = next((path for path in KEYRINGS if os.path.exists(path)), None)
    assert keyring, "no Debian archive keyring under /usr/share/keyrings: install debian-archive-keyring"
    told = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)", "Created-By: Packages", "Origin: Debian")
    lines = sorted({line for line in told.stdout.splitlines() if line.split()[1].startswith(codename) and line.endswith(" main")})
    assert lines, f"apt knows no Debian archive of {codename}: run apt-get update"
    return "".join(f"deb [signed-by={keyring}] {line}\n" for line in lines)


def dependencies(deb):
    """Names only, the first of each alternative that is no virtual package."""
    names = {re.split(r"[ (|]", part.strip())[0] for part in field(deb, "Depends").split(",")}
    return sorted({"dbus" if name == "default-dbus-system-bus" else name for name in names})


def archive(deb):
    """The root as a tar file."""
    codename, wanted = release(), dependencies(deb)
    key = hashlib.sha256(repr((codename, wanted, OPTIONS)).encode()).hexdigest()[:12]
    path = f"{FOLDER}/{codename}-{key}.tar"
    os.makedirs(FOLDER, exist_ok=True)
    with open(f"{FOLDER}/.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            for old in glob.glob(f"{FOLDER}/*.tar*"):
                os.remove(old)
            proxy = run("apt-config", "shell", "P", "Acquire::http::Proxy").stdout.strip()
            environment = {**({"http_proxy": proxy.split("=", 1)[1].strip("'")} if proxy else {}), **os.environ}
            listed = f"{FOLDER}/sources.list"
            with open(listed, "w", encoding="ascii") as file:
                file.write(sources(codename))
            run("mmdebstrap", *OPTIONS, f"--include={','.join(wanted)}", codename, f"{path}.part.tar", listed, timeout=280, env=environment)
            os.rename(f"{path}.part.tar", path)
    return path


class Root:
    """An unpacked one, in which commands run."""

    def __init__(self, folder, deb):
        self.folder = folder
        run("tar", "-xf", archive(deb), "-C", folder)
        for name in ("etc/resolv.conf", "usr/sbin/policy-rc.d"):  # no network; and no policy but systemd's own
            if os.path.lexists(f"{folder}/{name}"):
                os.remove(f"{folder}/{name}")
        self.write("/etc/dpkg/dpkg.cfg.d/unsafe", "force-unsafe-io\n")  # it lives for a minute

    def path(self, name):
        return f"{self.folder}/{name.lstrip('/')}"

    def run(self, *argv, check=True, **environment):
        return run("unshare", "--mount", "--pid", "--net", "--fork", f"--mount-proc={self.folder}/proc", "chroot", self.folder, *argv,
                   check=check, timeout=120, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8",
                                                  "DEBIAN_FRONTEND": "noninteractive", **environment})

    def dpkg(self, *argv, **environment):
        done = self.run("dpkg", *argv, **environment)
        return done.stdout + done.stderr

    def install(self, deb):
        shutil.copy(deb, self.path("/new.deb"))
        return self.dpkg("-i", "/new.deb")

    def status(self):
        return self.run("dpkg-query", "-W", f"-f={STATUS} ${{Version}}", "evercert", check=False).stdout

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def has(self, name):
        return os.path.lexists(self.path(name))
