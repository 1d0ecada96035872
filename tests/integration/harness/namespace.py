"""A network of its own for a test file: port 53, addresses and /etc/resolv.conf as the test wants them.

`enter` runs the file once more under unshare(1); everything that the test starts is in there as well, and nothing outside
sees it. No root is needed where the kernel lets users have namespaces.
"""
import os
import subprocess
import sys
import tempfile

CAME_FROM = "EVERCERT_CAME_FROM_NETWORK"
RESOLV_CONF = "/etc/resolv.conf"
entered = False


def network():
    return os.readlink("/proc/self/ns/net")


def enter(addresses=(), resolvers=("127.0.0.1",)):
    """To be called first in a test file, before anything is made or started. In the namespace loopback is up with 127.0.0.0/8,
    ::1 and `addresses` ("2001:db8::53/128", or "127.0.0.2/8" where a server wants to see the address at an interface, as BIND
    does); `resolvers` is what /etc/resolv.conf names. Where there can be no namespace, the file ends as skipped."""
    global entered
    if os.environ.get(CAME_FROM, network()) == network():
        _once_more()
    del os.environ[CAME_FROM]
    for words in (["link", "set", "lo", "up"], *(["address", "add", address, "dev", "lo"] for address in addresses)):
        subprocess.run(["ip", *words], check=True, timeout=10)
    with tempfile.NamedTemporaryFile("w") as file:  # the mount keeps it when its name is gone
        os.chmod(file.name, 0o644)
        subprocess.run(["mount", "--bind", file.name, os.path.realpath(RESOLV_CONF)], check=True, timeout=10)
    entered = True
    set_resolvers(*resolvers)


def set_resolvers(*addresses, options=""):
    """What /etc/resolv.conf says from now on, in the namespace only."""
    if not entered:
        raise AssertionError("this is the machine's own /etc/resolv.conf: call enter first")
    with open(RESOLV_CONF, "w", encoding="ascii") as file:
        file.write("".join(f"nameserver {address}\n" for address in addresses) + (f"options {options}\n" if options else ""))


def _once_more():
    unshare = ["unshare", "--net", "--mount", *(["--map-root-user"] if os.getuid() else [])]
    tried = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False, timeout=10)
    if tried.returncode:
        print(f"NEEDS A NETWORK NAMESPACE: {' '.join(unshare)}: {tried.stderr.strip()}")
        sys.exit(77)
    os.environ[CAME_FROM] = network()
    os.environ["EVERCERT_OWNER"] = str(os.getuid())  # in there it may be another number
    sys.stdout.flush()
    os.execvp(unshare[0], [*unshare, sys.executable, *sys.orig_argv[1:]])
