"""--check: every mistake in one go, each at its place."""
import re

from harness import suite
from harness.daemon import run

# Line by line: the mistake on it, and the column it is at.
TEN_MISTAKES = """\
email: ops@example.com
agree_to_terms: perhaps
colour: blue
data_dir: [a, b]
log: { level: loud }
issuers:
  corp: { directory: "http://pki.corp/dir" }
challenges:
  http: { type: http-01, listen: ["127.0.0.1:99999"] }
deployments:
  web: { command: [/bin/true], timeout: 3 parsecs }
certificates:
  - names: [example.com, "bad name.example.com"]
    challenge: smoke
  - names: [other.example.com]
    issuers: [letsencript]
  - { names: [example.com] }
"""
PLACES = [(2, 17), (3, 1), (4, 11), (5, 15), (7, 22), (9, 35), (11, 41), (13, 26), (14, 16), (16, 15)]


class Check(suite.Stand):
    def check(self, text):
        self.file = self.space.write("evercert.yaml", text)
        return run("evercertd", "--config", self.file, "--check")

    def test_ten_mistakes(self):
        text = TEN_MISTAKES.replace("  - { names: [example.com] }\n", "")
        answer = self.assert_exit(self.check(text), 2)
        lines = [line for line in (answer.out + answer.err).splitlines() if line.startswith(self.file)]
        places = [tuple(map(int, re.match(r":(\d+):(\d+): ", line[len(self.file):]).groups())) for line in lines]
        self.assertEqual(places, PLACES, answer)
        self.assertIn("letsencrypt", lines[9])

    def test_duplicates_are_mistakes_too(self):
        answer = self.assert_exit(self.check(TEN_MISTAKES), 2)
        self.assertIn(f"{self.file}:17:", answer.out + answer.err)

    def test_a_good_file(self):
        self.assert_exit(self.check("email: ops@example.com\nagree_to_terms: true\ncertificates:\n"
                                    "  - { names: [example.com, www.example.com], deploy: [nginx] }\n"), 0)

    def test_not_yaml_not_there_not_small(self):
        self.assert_exit(self.check("certificates: [\n"), 2)
        self.assert_exit(self.check(""), 2)
        self.assert_exit(run("evercertd", "--config", self.space.path("missing.yaml"), "--check"), 2)
        self.assert_exit(self.check("# " + "x" * 10_000_000), 2)
        bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9))
        self.assert_exit(self.check(bomb), 2)
        self.assert_exit(self.check("certificates: " + "[" * 100_000), 2)


if __name__ == "__main__":
    suite.main()
