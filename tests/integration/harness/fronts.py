"""Web servers on the port that the CA connects to, with the daemon behind them or beside them."""
import os

from .workspace import answers, read_text, wait_until


class Front:
    """Plain http on `port`: what `evercert snippet` prints stands in its configuration, or it serves `webroot`."""

    def __init__(self, space, name, port, snippet="", webroot=None, tcp=False):
        self.space, self.name, self.port, self.snippet, self.webroot, self.tcp = space, name, port, snippet, webroot, tcp
        self.folder = space.make_folder(f"{name}-front")
        self.config = f"{self.folder}/{name}.conf"
        self.process = None

    def start(self):
        self.space.write(self.config, self.render())
        self.process = self.space.spawn(f"{self.name}-front", self.argv())
        wait_until(f"{self.name} answers", lambda: self.alive() and answers(self.port))
        return self

    def alive(self):
        if not self.process.running():
            errors = f"{self.folder}/error.log"
            raise AssertionError(f"{self.name} ended: {self.process.log()}\n{read_text(errors) if os.path.exists(errors) else ''}")
        return True


class NginxFront(Front):
    def argv(self):
        return ["nginx", "-p", self.folder, "-e", f"{self.folder}/error.log", "-c", self.config, "-g", "daemon off;"]

    def render(self):
        places = "".join(f"\n    {kind}_temp_path {self.folder}/{kind};"
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.getuid() == 0 else ""  # the folders of a test are closed to others
        return f"""{user}pid {self.folder}/nginx.pid;
error_log {self.folder}/error.log notice;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;{places}
    server {{
        listen 127.0.0.1:{self.port};
        {f"root {self.webroot};" if self.webroot else ""}
        {self.snippet}
    }}
}}
"""


class NginxStreamFront(NginxFront):
    """A machine's nginx with ports as everywhere: sites at 127.0.0.1:8443 for `name`, with the self-signed pair in `folder`, and
    what is printed for tls-alpn-01 beside them. Wants a network of its own."""

    MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"

    def __init__(self, space, snippet, name, folder):
        super().__init__(space, "nginx", 443, snippet)
        self.site = f"""
    server {{
        listen 127.0.0.1:8443 ssl;
        server_name {name};
        ssl_certificate {folder}/fullchain.pem;
        ssl_certificate_key {folder}/privkey.pem;
        return 200 "{name} by nginx\\n";
    }}
}}
"""

    def render(self):
        plain, _, _ = super().render().partition("    server {")
        return f"load_module {self.MODULE};\n{plain}{self.site}{self.snippet}"


class ApacheFront(Front):
    def argv(self):
        return ["apache2", "-d", self.folder, "-f", self.config, "-D", "FOREGROUND"]

    def render(self):
        modules = "".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so\n"
                          for m in ("mpm_event", "authz_core", "proxy", "proxy_http"))
        account = "User www-data\nGroup www-data\n" if os.getuid() == 0 else ""
        return f"""{modules}{account}ServerName localhost
DefaultRuntimeDir {self.folder}
PidFile {self.folder}/apache.pid
ErrorLog {self.folder}/error.log
DocumentRoot {self.webroot or self.folder}
Listen 127.0.0.1:{self.port}
StartServers 1
ThreadsPerChild 8
MaxRequestWorkers 8
{self.snippet}"""


class HaproxyFront(Front):
    def argv(self):
        return ["haproxy", "-db", "-f", self.config]

    def render(self):
        times = "    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n"
        return f"""defaults
    mode {"tcp" if self.tcp else "http"}
{times}
frontend http
    bind 127.0.0.1:{self.port}
{self.snippet}"""
