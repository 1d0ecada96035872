"""The package under test."""
import os
import re
import shutil
import subprocess

from harness.workspace import BUILD, SOURCE
from root import call

STAGED = {"evercertd": "usr/sbin", "evercert": "usr/bin", "evercert-deploy": "usr/libexec/evercert"}


def libraries():
    """The packages that what the programs link lies in."""
    paths = set()
    for program in STAGED:
        path = os.path.join(BUILD, program)
        if os.path.exists(path):
            paths |= set(re.findall(r"=> (/\S+)", call("ldd", path)))
    owners = set()
    for path in sorted(paths):
        real = os.path.realpath(path)
        # Where /lib is a link to usr/lib, dpkg may know a file by either name.
        for name in (path, real, real.removeprefix("/usr")):
            done = subprocess.run(["dpkg", "-S", name], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                owners.add(done.stdout.split(":")[0])
                break
    return sorted(owners)


POSTINST = """#!/bin/sh
set -e
systemd-sysusers evercert.conf
install -d -m 0755 /etc/evercert
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
systemctl -q enable evercertd.service evercert-deploy.socket
[ -z "$2" ] || systemctl try-restart evercertd.service
"""
PRERM = """#!/bin/sh
set -e
[ "$1" != remove ] || systemctl stop evercertd.service evercert-deploy.socket
systemctl stop evercert-deploy.service
"""
POSTRM = """#!/bin/sh
set -e
[ "$1" != purge ] || rm -rf /var/lib/evercert
[ ! -d /run/systemd/system ] || systemctl daemon-reload
"""


def make(folder, revision):
    """A .deb of this build, its version ending in -REVISION."""
    tree = os.path.join(folder, f"tree-{revision}")
    for program, place in STAGED.items():
        target = os.path.join(tree, place)
        os.makedirs(target, exist_ok=True)
        call("strip", "-o", f"{target}/{program}", os.path.join(BUILD, program))
    units = os.path.join(tree, "usr/lib/systemd/system")
    os.makedirs(units)
    for name in os.listdir(os.path.join(SOURCE, "systemd")):
        if name.endswith((".service", ".socket")):
            shutil.copy(os.path.join(SOURCE, "systemd", name), units)
    texts = {"DEBIAN/control": f"Package: evercert\nVersion: 0.1.0-{revision}\nArchitecture: {call('dpkg', '--print-architecture')}"
                               f"Maintainer: nobody <nobody@example.com>\nDepends: {', '.join(libraries())}\n"
                               "Description: keeps TLS certificates alive\n",
             "DEBIAN/postinst": POSTINST, "DEBIAN/prerm": PRERM, "DEBIAN/postrm": POSTRM,
             "usr/lib/sysusers.d/evercert.conf": "u evercert - - /var/lib/evercert\n"}
    for name, text in texts.items():
        path = os.path.join(tree, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755 if "DEBIAN/p" in name else 0o644)
    call("dpkg-deb", "--build", "--root-owner-group", "-Znone", tree, folder)
    return os.path.join(folder, f"evercert_0.1.0-{revision}_{call('dpkg', '--print-architecture').strip()}.deb")
