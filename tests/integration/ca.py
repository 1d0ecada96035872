#!/usr/bin/env python3
"""A test CA for shell scripts.

usage: ca.py run FOLDER     starts Pebble and its DNS (every name is 127.0.0.1), writes FOLDER/ca.env (shell variables)
                            and FOLDER/ca-roots.pem, and stays until TERM; ends with its servers
       ca.py ask FOLDER PATH   what the CA's management interface says, for example /cert-status-by-serial/<hex>
PEBBLE_* variables reach Pebble; ports that the script may use for web servers are in ca.env too.
"""
import os
import shlex
import signal
import ssl
import sys
import urllib.request

from harness.ca import Pebble, version_of
from harness.workspace import Workspace, read_text


def run(folder):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Workspace("evercert-ca") as space:
        given = {name: value for name, value in os.environ.items() if name.startswith("PEBBLE_")}
        ca = Pebble(space, env=given, retry_after=0)
        values = {
            "CA_DIRECTORY": ca.directory, "CA_TRUST": ca.root.certificate, "CA_MANAGEMENT": ca.management,
            "CA_VERSION": version_of(), "CA_LOG": ca.process.log_path, "HTTP_PORT": ca.http_port, "HTTPS_PORT": space.port(),
            "SECOND_HTTPS_PORT": space.port(), "STATUS_PORT": space.port(), "DNS_PORT": ca.dns.port,
        }
        with open(f"{folder}/ca-roots.pem", "w", encoding="ascii") as file:
            file.write(ca.roots())
        with open(f"{folder}/ca.env.new", "w", encoding="ascii") as file:
            file.writelines(f"{name}={shlex.quote(str(value))}\n" for name, value in values.items())
        os.rename(f"{folder}/ca.env.new", f"{folder}/ca.env")
        signal.pause()


def ask(folder, path):
    values = dict(line.split("=", 1) for line in read_text(f"{folder}/ca.env").splitlines())
    trust = shlex.split(values["CA_TRUST"])[0]
    with urllib.request.urlopen(f"https://127.0.0.1:{values['CA_MANAGEMENT']}{path}",
                                context=ssl.create_default_context(cafile=trust), timeout=10) as answer:
        print(answer.read().decode())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run", where]:
            run(where)
        case ["ask", where, what]:
            ask(where, what)
        case _:
            sys.exit(__doc__)
