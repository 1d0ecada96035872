"""A Debian of this machine's release with what the package depends on. No init runs in it."""
import os
import shutil
import sys

from package import SOURCE, run

sys.path.append(f"{SOURCE}/tests/integration")
from harness import debian  # noqa: E402
from harness.workspace import terminate_like_interrupt  # noqa: E402

__all__ = ["Root", "terminate_like_interrupt"]

STATUS = "${db:Status-Status}"


def archive(deb):
    """The root as a tar file."""
    return debian.root("package-root", debian.dependencies(deb), "tar", "--dpkgopt=path-include=/usr/share/doc/evercert/*")


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
