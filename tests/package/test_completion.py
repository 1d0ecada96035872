"""Completion in the shells themselves, the program answering."""
import os
import pty
import select
import subprocess
import tempfile
import time
import unittest

from package import BUILD, PACKAGING, run

BASH, ZSH, FISH = (f"{PACKAGING}/completions/evercert.{shell}" for shell in ("bash", "zsh", "fish"))
ENVIRONMENT = {"PATH": f"{BUILD}:{os.environ['PATH']}", "HOME": "/nonexistent", "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def in_bash(*words):
    """What is offered for the last word."""
    script = ('. "$0"; COMP_WORDS=(evercert "$@"); COMP_CWORD=$#; _evercert evercert "${!#}" ""; '
              '[ ${#COMPREPLY[@]} = 0 ] || printf "%s\\n" "${COMPREPLY[@]}"')
    done = run("bash", "--norc", "-c", script, BASH, *words, env=ENVIRONMENT, cwd=PACKAGING)
    assert done.stderr == "", done.stderr
    return done.stdout.splitlines()


def typed(keys, wanted, timeout=20):
    """What an interactive bash shows after the keys, until `wanted` is in it."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(PACKAGING)
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {**ENVIRONMENT, "PS1": "ready> "})
    seen, sent, deadline = "", 0, time.monotonic() + timeout
    steps = [f". {BASH}\n", keys]
    try:
        while time.monotonic() < deadline and wanted not in seen:
            if sent < len(steps) and seen.count("ready> ") > sent:
                os.write(terminal, steps[sent].encode())
                sent += 1
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 4096).decode(errors="replace")
    finally:
        os.close(terminal)
        os.kill(child, 9)
        os.waitpid(child, 0)
    return seen


class Completion(unittest.TestCase):
    def test_they_parse(self):
        for shell, path in (("bash", BASH), ("zsh", ZSH), ("fish", FISH)):
            done = run(shell, "-n", path, env=ENVIRONMENT)
            self.assertEqual(done.stdout + done.stderr, "", shell)

    def test_bash_offers_all_commands(self):
        text = run(f"{BUILD}/evercert", "--help").stdout.partition("\nSubcommands:")[2]
        commands = {line.split()[0] for line in text.splitlines() if line.startswith("  ") and line[2] != " "}
        self.assertEqual(set(in_bash("")), commands)
        self.assertGreater(len(commands), 10)

    def test_bash_completes_commands_options_and_values(self):
        self.assertEqual(in_bash("snip"), ["snippet"])
        self.assertEqual(in_bash("account", "roll"), ["rollover"])
        self.assertEqual(in_bash("revoke", "--rea"), ["--reason"])
        self.assertEqual(in_bash("revoke", "--reason", "key"), ["keyCompromise"])
        self.assertEqual(in_bash("schema", "--format", ""), ["json", "example", "man"])
        self.assertIn("letsencrypt-staging", in_bash("account", "show", "let"))
        self.assertEqual(in_bash("check", "READ"), ["README.md"])
        self.assertEqual(in_bash("--config", "CMake"), ["CMakeLists.txt"])
        for option in ("--output", "--data-dir", "--trust"):
            self.assertEqual(in_bash("import", "certbot", option, "READ"), ["README.md"], option)

    def test_no_daemon_is_no_names_and_no_noise(self):
        begin = time.monotonic()
        self.assertEqual(in_bash("--socket", "/nonexistent.sock", "show", ""), [])
        self.assertLess(time.monotonic() - begin, 10)

    def test_a_daemon_is_asked_for_names(self):
        with tempfile.TemporaryDirectory(prefix="evercert-names-") as folder:
            config = f"{folder}/evercert.yaml"
            with open(config, "w", encoding="utf-8") as file:
                file.write(f"agree_to_terms: true\ndata_dir: {folder}/data\nissuers: {{ corp: {{ directory: 'https://127.0.0.1:1/' }} }}\n"
                           f"challenges: {{ http: {{ type: http-01, webroot: {folder} }} }}\n"
                           "defaults: { issuers: [corp], preflight: off }\n"
                           "certificates: [{ names: [a.example] }, { names: [a.example.net] }, { names: [b.example] }]\n")
            with subprocess.Popen([f"{BUILD}/evercertd", "--config", config], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as daemon:
                try:
                    deadline = time.monotonic() + 30
                    while not (names := in_bash("--config", config, "show", "")) and time.monotonic() < deadline:
                        time.sleep(0.05)
                    self.assertEqual(names, ["a.example", "a.example.net", "b.example"])
                    self.assertEqual(in_bash("--config", config, "renew", "b"), ["b.example"])
                    self.assertEqual(in_bash("--config", config, "show", "a.example"), ["a.example", "a.example.net"])
                    self.assertEqual(in_bash("--config", config, "account", "show", "c"), ["corp"])
                finally:
                    daemon.terminate()

    def test_a_word_is_no_command(self):
        with tempfile.TemporaryDirectory(prefix="evercert-word-") as folder:
            for word in (f"$(touch {folder}/here)", f"`touch {folder}/here`", f"a;touch {folder}/here"):
                self.assertEqual(in_bash(word), [])
            self.assertEqual(os.listdir(folder), [])

    def test_bash_at_a_terminal(self):
        self.assertIn("evercert snippet ", typed("evercert sni\t", "evercert snippet "))

    def test_fish_completes(self):
        done = run("fish", "--no-config", "-c", f"source {FISH}; complete -C 'evercert revoke --reason s'", env=ENVIRONMENT)
        self.assertEqual(done.stdout.split(), ["superseded"])
        done = run("fish", "--no-config", "-c", f"source {FISH}; complete -C 'evercert sta'", env=ENVIRONMENT)
        self.assertEqual(done.stdout.split("\t")[0], "status")

    def test_zsh_collects_what_it_offers(self):
        script = ('compdef() { : }; _describe() { print -l -- ${(P)4} }; _files() { print files }; . $1; '
                  'words=(evercert "${@[2,-1]}"); CURRENT=$#words; _evercert')
        done = run("zsh", "-f", "-c", script, "zsh", ZSH, "stat", env=ENVIRONMENT)
        self.assertEqual(done.stdout.strip().split(":")[0], "status", done)
        done = run("zsh", "-f", "-c", script, "zsh", ZSH, "check", "", env=ENVIRONMENT)
        self.assertEqual(done.stdout.strip(), "files")


if __name__ == "__main__":
    unittest.main(verbosity=2)
