"""Postfix, Dovecot and HAProxy on ports of their own, each reloaded through a script that counts."""
import imaplib
import os
import poplib
import smtplib
import socket
import ssl
import subprocess

from .servers import Server
from .tls import Certificate
from .workspace import read_text


class Named(ssl.SSLContext):
    """The mail libraries of Python ask for the host they connect to; this asks for `name`."""

    name = None

    def wrap_socket(self, *arguments, **options):
        return super().wrap_socket(*arguments, **{**options, "server_hostname": self.name})


def starttls(how, port, name):
    """The certificate that a mail client is shown for `name`."""
    context = Named(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode, context.name = False, ssl.CERT_NONE, name
    if how == "smtp":
        client = smtplib.SMTP("127.0.0.1", port, timeout=5)
        client.starttls(context=context)
    elif how == "imap":
        client = imaplib.IMAP4("127.0.0.1", port, timeout=5)
        client.starttls(ssl_context=context)
    else:
        client = poplib.POP3("127.0.0.1", port, timeout=5)
        client.stls(context=context)
    try:
        return Certificate(ssl.DER_cert_to_PEM_cert(client.sock.getpeercert(binary_form=True)))
    finally:
        client.sock.close()


class Counted(Server):
    """Reloaded by a script that leaves a line for each time it was run. The first site is for whoever asks for no other."""

    def reload(self):
        path = self.space.write(f"{self.folder}/reload", f"#!/bin/sh\nset -e\necho reload >> {self.folder}/reloads\n{self.script()}\n")
        os.chmod(path, 0o755)
        return [path]

    def reloads(self):
        path = f"{self.folder}/reloads"
        return read_text(path).count("reload") if os.path.exists(path) else 0

    def deployment(self, **more):
        return super().deployment(**{"timeout": "20s", **more})


class Postfix(Counted):
    def __init__(self, space, sites, name="postfix"):
        super().__init__(space, name, sites)
        self.config = f"{self.folder}/main.cf"
        self.level, self.first = "may", None

    def foreground(self):
        return ["postfix", "-c", self.folder, "start-fg"]

    def test(self):
        return ["postfix", "-c", self.folder, "check"]

    def script(self):
        # The map holds copies of the pairs, as its documentation warns.
        return f"postmap -c {self.folder} -F hash:{self.folder}/sni\npostfix -c {self.folder} reload"

    def verify(self):
        return f"smtp://127.0.0.1:{self.port}"

    def write(self):
        super().write()
        self.space.write(f"{self.folder}/master.cf", f"""127.0.0.1:{self.port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
anvil unix - - n - 1 anvil
error unix - - n - - error
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
""")
        self.space.write(f"{self.folder}/sni", "".join(
            f"{name} {folder}/privkey.pem, {folder}/fullchain.pem\n" for name, folder in self.sites.items()))
        if not os.path.exists(f"{self.folder}/sni.db"):
            subprocess.run(["postmap", "-c", self.folder, "-F", f"hash:{self.folder}/sni"], check=True, timeout=30)
        for part in ("data", "queue"):
            if not os.path.isdir(f"{self.folder}/{part}"):
                os.mkdir(f"{self.folder}/{part}")
        subprocess.run(["chown", "postfix", f"{self.folder}/data"], check=True, timeout=10)

    def render(self):
        first = self.first or next(iter(self.sites.values()))
        return f"""compatibility_level = 3.6
queue_directory = {self.folder}/queue
data_directory = {self.folder}/data
maillog_file = {self.error_log}
maillog_file_prefixes = {self.space.folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.test
mydestination =
local_recipient_maps =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
smtpd_tls_security_level = {self.level}
smtpd_tls_chain_files = {first}/privkey.pem, {first}/fullchain.pem
tls_server_sni_maps = hash:{self.folder}/sni
"""


class Dovecot(Counted):
    def __init__(self, space, sites, name="dovecot"):
        super().__init__(space, name, sites)
        self.pop3_port = space.port()
        self.extra = ""

    def foreground(self):
        return ["dovecot", "-F", "-c", self.config]

    def test(self):
        return ["doveconf", "-x", "-c", self.config, "protocols"]

    def script(self):
        return f"doveadm -c {self.config} reload"

    def verify(self):
        return [f"imap://127.0.0.1:{self.port}", f"pop3://127.0.0.1:{self.pop3_port}"]

    @staticmethod
    def since_24():
        said = subprocess.run(["dovecot", "--version"], capture_output=True, text=True, check=True, timeout=10).stdout
        return tuple(int(part) for part in said.split()[0].split(".")[:2]) >= (2, 4)

    def pair(self, folder):
        if self.since_24():
            return f"ssl_server_cert_file = {folder}/fullchain.pem\nssl_server_key_file = {folder}/privkey.pem\n"
        return f"ssl_cert = <{folder}/fullchain.pem\nssl_key = <{folder}/privkey.pem\n"

    def users(self):
        if self.since_24():
            return "passdb static {\n  password = x\n}\nuserdb static {\n  fields {\n    uid = nobody\n    gid = nogroup\n" \
                   f"    home = {self.folder}/home\n  }}\n}}\n"
        return "passdb {\n  driver = static\n  args = password=x\n}\nuserdb {\n  driver = static\n" \
               f"  args = uid=nobody gid=nogroup home={self.folder}/home\n}}\n"

    def render(self):
        first, *_ = self.sites.values()
        head = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n" if self.since_24() else ""
        listeners = "".join(f"""service {kind}-login {{
  chroot =
  process_limit = 200
  inet_listener {kind} {{
    port = {port}
  }}
  inet_listener {kind}s {{
    port = 0
  }}
}}
""" for kind, port in (("imap", self.port), ("pop3", self.pop3_port)))
        names = "".join(f"local_name {name} {{\n{self.pair(folder)}}}\n" for name, folder in self.sites.items())
        return f"""{head}protocols = imap pop3
listen = 127.0.0.1
base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self.error_log}
ssl = yes
{self.pair(first)}{self.users()}{listeners}{names}{self.extra}"""


class Haproxy(Counted):
    """A master and one worker. `sites` are single files, key and chain in one, as HAProxy has them; it is given their folder."""

    def __init__(self, space, certificates, name="haproxy"):
        super().__init__(space, name, {})
        self.certificates, self.socket = certificates, f"{self.folder}/admin.sock"
        self.level, self.extra = "admin", ""

    def foreground(self):
        return ["haproxy", "-W", "-db", "-f", self.config, "-p", f"{self.folder}/pid"]

    def test(self):
        return ["haproxy", "-c", "-f", self.config]

    def script(self):
        return f'kill -USR2 "$(head -n 1 {self.folder}/pid)"'

    def ready(self):
        return super().ready() and os.path.exists(f"{self.folder}/pid")

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as runtime:
            runtime.settimeout(5)
            runtime.connect(self.socket)
            runtime.sendall(command.encode() + b"\n")
            said = b""
            while block := runtime.recv(65536):
                said += block
        return said.decode()

    def worker(self):
        """The process id of the worker that answers."""
        return next(line for line in self.ask("show info").splitlines() if line.startswith("Pid:"))

    def render(self):
        return f"""global
    stats socket {self.socket} mode 600 level {self.level}
    maxconn 500
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend web
    bind 127.0.0.1:{self.port} ssl crt {self.certificates}
    http-request return status 200
{self.extra}"""


def combine(space, folder):
    """The deployment that writes key and chain into FOLDER/NAME.pem, for HAProxy."""
    script = space.write("combine", f"""#!/bin/sh
set -e
umask 077
cat "$EVERCERT_LIVE_DIRECTORY/privkey.pem" "$EVERCERT_LIVE_DIRECTORY/fullchain.pem" > "{space.folder}/$EVERCERT_CERTIFICATE.new"
mv "{space.folder}/$EVERCERT_CERTIFICATE.new" "{folder}/$EVERCERT_CERTIFICATE.pem"
""")
    os.chmod(script, 0o755)
    return {"command": [script]}
