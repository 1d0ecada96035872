"""What token_rate.sh measures. Server and client have a core of their own each; the servers take turns, the order changes."""
import re
import statistics
import subprocess
import sys

from token_server import ANSWER, HOST, PATH, TokenServer
from harness.workspace import Workspace, answers, wait_until
from process import cpu

SERVER_CORE, CLIENT_CORE = "0", "1"
# A connection to the listener lives for 5 s, whatever happens on it.
SECONDS, CONNECTIONS = 4, 64
LEAST = 1.0
KINDS = (("keep-alive", ()), ("a connection per request", ("-H", "Connection: close")))


class Nginx:
    """One worker, no access log, sendfile; all else as it comes, but for connections that last as long as ours."""

    def __init__(self, space):
        self.port = space.port()
        folder = space.make_folder("nginx")
        space.write(f"nginx/www{PATH}", ANSWER)
        text = f"""worker_processes 1;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 10000000;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{self.port} backlog=4096; server_name {HOST}; root {folder}/www; }}
}}
"""
        argv = ["taskset", "-c", SERVER_CORE, "/usr/sbin/nginx", "-p", folder, "-c", space.write("nginx/nginx.conf", text)]
        self.process = space.spawn("nginx-server", argv)
        wait_until("nginx answers", lambda: answers(self.port))

    @property
    def pid(self):
        return self.process.pid


def ask(server, more):
    """Requests a second, and requests for each second of CPU that the server used."""
    before = cpu(server.pid)
    argv = ["taskset", "-c", CLIENT_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-H", f"Host: {HOST}", *more,
            f"http://127.0.0.1:{server.port}{PATH}"]
    said = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS + 30, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise AssertionError(f"not all was answered:\n{said}")
    used = cpu(server.pid) - before
    return float(re.search(r"Requests/sec:\s*([\d.]+)", said)[1]), int(re.search(r"(\d+) requests in", said)[1]) / used


def compare(ours, theirs, rounds, more):
    """For each of the two figures the servers' medians, and our ratio in each round: what is asked in turn sees the same machine."""
    seen = {ours: [], theirs: []}
    for number in range(rounds):
        for server in (ours, theirs) if number % 2 == 0 else (theirs, ours):
            seen[server].append(ask(server, more))
    for figure in range(2):
        mine, nginx = ([each[figure] for each in seen[server]] for server in (ours, theirs))
        yield statistics.median(mine), statistics.median(nginx), [a / b for a, b in zip(mine, nginx)]


def main():
    rounds = int(sys.argv[1])
    good = True
    with Workspace("token-rate") as space:
        ours, theirs = TokenServer(space, ("taskset", "-c", SERVER_CORE)), Nginx(space)
        print(f"{rounds} rounds of {SECONDS} s, {CONNECTIONS} connections, each server on one core and wrk on another; medians")
        print(f"  {'':<46}{'evercert':>10}{'nginx':>10}{'ratio':>8}{'from':>8}{'to':>8}")
        for name, more in KINDS:
            for unit, (mine, nginx, ratios) in zip(("second", "second of CPU"), compare(ours, theirs, rounds, more)):
                print(f"  {f'{name}, requests a {unit}':<46}{mine:>10.0f}{nginx:>10.0f}{statistics.median(ratios):>8.2f}"
                      f"{min(ratios):>8.2f}{max(ratios):>8.2f}", flush=True)
                good = good and (unit == "second" or statistics.median(ratios) >= LEAST)
    print(f"by the second of CPU the ratio is to be at least {LEAST}; by the clock it may be wrk that is slow")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
