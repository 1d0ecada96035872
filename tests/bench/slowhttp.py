"""What slowhttp.sh measures: what slowhttptest says of the listener, and what a client sees that asks for a token meanwhile."""
import re
import subprocess
import sys

from token_server import PATH, Prober, TokenServer, descriptors, seconds_until
from harness.workspace import Workspace
from process import memory

CONNECTIONS = 1000
SLOWEST = 50  # milliseconds for 99 of 100
ATTACKS = (("slow headers", ("-H", "-i", "1", "-x", "24", "-t", "GET")),
           ("slow bodies", ("-B", "-i", "1", "-s", "8192", "-x", "24", "-t", "POST")),
           ("slow reading", ("-X", "-w", "1", "-y", "64", "-n", "1", "-z", "8", "-k", "8", "-t", "GET")))


def attack(space, name, options, seconds):
    server = TokenServer(space)
    before, files = memory(server.pid), descriptors(server.pid)
    prober = Prober(server.port, 0.02)
    argv = ["slowhttptest", *options, "-c", str(CONNECTIONS), "-r", "500", "-l", str(seconds), "-p", "3",
            "-u", f"http://127.0.0.1:{server.port}{PATH}"]
    said = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 60, check=False)
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", said.stdout + said.stderr)
    prober.end()
    back = seconds_until(lambda: descriptors(server.pid) <= files, 30)
    states = re.findall(r"service available:\s*(\w+)", text)
    ended = re.search(r"Exit status:\s*(.*)", text)
    lasted = re.search(r"Test ended on (\d+)", text)
    available = bool(states) and set(states) == {"YES"}
    print(f"  {name:<14}{'YES' if available else 'NO':>10}{lasted[1] if lasted else '?':>8} s"
          f"{f'{len(prober.times)} / {prober.failed}':>16}{prober.percentile(0.5):>9.2f}{prober.percentile(0.99):>9.2f}"
          f"{prober.percentile(1.0):>9.2f}{f'{back:.1f}' if back is not None else 'never':>10}"
          f"{memory(server.pid, 'VmHWM') - before:>9.1f}  {ended[1].strip() if ended else text[-300:]}", flush=True)
    server.process.stop()
    return available and not prober.failed and prober.percentile(0.99) < SLOWEST and back is not None and back <= 5


def main():
    seconds = int(sys.argv[1])
    print(f"slowhttptest, {CONNECTIONS} connections, at most {seconds} s each; a token is fetched every 20 ms by another address:")
    print(f"  {'':<14}{'available':>10}{'lasted':>10}{'asked / failed':>16}{'p50 ms':>9}{'p99 ms':>9}{'slowest':>9}"
          f"{'fds back s':>10}{'RSS +MiB':>9}  how slowhttptest ended")
    good = []
    with Workspace("slowhttp") as space:
        for name, options in ATTACKS:
            good.append(attack(space, name, options, seconds))
    print(f"to be: available throughout, none failed, p99 below {SLOWEST} ms, descriptors back within 5 s")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
