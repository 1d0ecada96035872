"""The package under test: made by cpack from what is built, and kept in the build folder until that changes."""
import fcntl
import glob
import os
import subprocess

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.path.abspath(os.environ.get("EVERCERT_BUILD_DIR", os.path.join(SOURCE, "build/release")))
PACKAGING = os.path.join(SOURCE, "systemd/package")
FOLDER = os.path.join(BUILD, "package-test")


def run(*argv, timeout=120, check=True, **options):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=timeout, stdin=subprocess.DEVNULL, **options)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done


def inputs():
    for folder in (PACKAGING, os.path.join(SOURCE, "systemd"), os.path.join(BUILD, "documents")):
        yield from (path for path in glob.glob(f"{folder}/**", recursive=True) if os.path.isfile(path))
    yield from (path for path in (f"{BUILD}/{name}" for name in ("evercertd", "evercert", "evercert-deploy", "CPackConfig.cmake"))
                if os.path.exists(path))


def build(revision, folder):
    """A new one, nothing of it reused; nothing is compiled for it."""
    run("cpack", "--config", f"{BUILD}/CPackConfig.cmake", "-G", "DEB", "-B", folder, "-D", f"CPACK_DEBIAN_PACKAGE_RELEASE={revision}",
        timeout=250)
    return glob.glob(f"{folder}/evercert_*-{revision}_*.deb")[0]


def package(revision=1):
    """The path of the .deb of this build with that revision."""
    os.makedirs(FOLDER, exist_ok=True)
    with open(f"{FOLDER}/.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        newest = max(map(os.path.getmtime, inputs()))
        found = glob.glob(f"{FOLDER}/{revision}/evercert_*-{revision}_*.deb")
        if found and os.path.getmtime(found[0]) > newest:
            return found[0]
        for old in found:
            os.remove(old)
        return build(revision, f"{FOLDER}/{revision}")


def field(deb, name):
    return run("dpkg-deb", "-f", deb, name).stdout.strip()
