"""nginx and Apache on ports of their own, with the server's own view of how often it was reloaded."""
import os

from .tls import MiniRoot
from .workspace import answers, read_text, wait_until


class Server:
    """Serves `sites`: name -> folder that holds fullchain.pem and privkey.pem."""

    def __init__(self, space, name, sites=None):
        self.space, self.name, self.sites = space, name, dict(sites or {})
        self.more_keys = ()  # key types whose files lie there too, as fullchain.rsa-2048.pem
        self.folder = space.make_folder(name)
        self.port = space.port()
        self.config = f"{self.folder}/{name}.conf"
        self.error_log = f"{self.folder}/error.log"
        self.process = None

    def start(self):
        self.write()
        self.process = self.space.spawn(f"{self.name}-main", self.foreground())
        wait_until(f"{self.name} answers", lambda: self.alive() and self.ready())
        return self

    def ready(self):
        return answers(self.port)

    def alive(self):
        if not self.process.running():
            raise AssertionError(f"{self.name} ended: {self.process.log()}\n{self.errors()}")
        return True

    def errors(self):
        return read_text(self.error_log) if os.path.exists(self.error_log) else ""

    def verify(self):
        return f"127.0.0.1:{self.port}"

    def deployment(self, **more):
        """The entry under `deployments` an operator writes for it."""
        return {"test": self.test(), "command": self.reload(), "verify": self.verify(), "timeout": "10s", **more}

    def self_signed(self, name):
        """A folder with a pair as distributions ship it, for a site that waits for its first certificate."""
        folder = self.space.make_folder(self.name, f"own-{name}")
        certificate, key = MiniRoot(f"{folder}/root").issue(name, f"DNS:{name}")
        os.replace(certificate, f"{folder}/fullchain.pem")
        os.replace(key, f"{folder}/privkey.pem")
        return folder

    def write(self):
        self.space.write(self.config, self.render())


class WebServer(Server):
    """One that logs its reloads."""

    def reloads(self):
        return sum(self.reload_line in line for line in self.errors().splitlines())


class Nginx(WebServer):
    reload_line = "(SIGHUP) received from"

    def __init__(self, space, sites=None, name="nginx"):
        super().__init__(space, name, sites)

    def base(self):
        return ["nginx", "-p", self.folder, "-e", self.error_log, "-c", self.config]

    def foreground(self):
        return [*self.base(), "-g", "daemon off;"]

    def test(self):
        return [*self.base(), "-t", "-q"]

    def reload(self):
        return [*self.base(), "-s", "reload"]

    def pairs(self, folder):
        return "\n".join(f"""        ssl_certificate {folder}/fullchain{kind}.pem;
        ssl_certificate_key {folder}/privkey{kind}.pem;""" for kind in ("", *(f".{key}" for key in self.more_keys)))

    def render(self):
        sites = "".join(f"""
    server {{
        listen 127.0.0.1:{self.port} ssl;
        server_name {name};
{self.pairs(folder)}
        return 200 "{name} by nginx\\n";
    }}""" for name, folder in self.sites.items())
        places = "".join(f"\n    {kind}_temp_path {self.folder}/{kind};"
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""pid {self.folder}/nginx.pid;
error_log {self.error_log} notice;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;{places}{sites}
}}
"""


class Apache(WebServer):
    reload_line = "Doing graceful restart"

    def __init__(self, space, sites=None, name="apache"):
        super().__init__(space, name, sites)

    def base(self):
        return ["apache2", "-d", self.folder, "-f", self.config]

    def foreground(self):
        return [*self.base(), "-D", "FOREGROUND"]

    def test(self):
        return [*self.base(), "-t"]

    def reload(self):
        return [*self.base(), "-k", "graceful"]

    def render(self):
        modules = "".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so\n"
                          for m in ("mpm_event", "authz_core", "ssl", *self.modules()))
        account = "User www-data\nGroup www-data\n" if os.getuid() == 0 else ""
        sites = "".join(f"""<VirtualHost 127.0.0.1:{self.port}>
    ServerName {name}
    SSLEngine on
    SSLCertificateFile {folder}/fullchain.pem
    SSLCertificateKeyFile {folder}/privkey.pem
</VirtualHost>
""" for name, folder in self.sites.items())
        return f"""{modules}{account}ServerName localhost
DefaultRuntimeDir {self.folder}
PidFile {self.folder}/apache.pid
ErrorLog {self.error_log}
LogLevel notice
DocumentRoot {self.folder}
Listen 127.0.0.1:{self.port}
StartServers 1
ThreadsPerChild 8
MaxRequestWorkers 8
{sites}{self.more()}"""

    def modules(self):
        return ()

    def more(self):
        return ""
