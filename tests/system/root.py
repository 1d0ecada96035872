"""The Debian that is booted: this machine's own release with servers to deploy to."""
from harness import debian

# Beside what the programs link: servers to deploy to, and what a test looks through.
PACKAGES = ["acl", "apache2", "bind9", "bind9-dnsutils", "ca-certificates", "certbot", "curl", "dbus", "debconf", "dovecot-imapd",
            "haproxy", "iproute2", "nginx", "openssl", "postfix", "procps", "systemd", "systemd-sysv"]
# Those of them that would start with the machine.
SERVERS = ["apache2", "dovecot", "haproxy", "named", "nginx", "postfix"]


def ready(deb):
    """The folder of a root with PACKAGES and what the package needs installed. To be read only."""
    return debian.root("system-root", {*PACKAGES, *debian.dependencies(deb)}, "directory")
