#!/usr/bin/env python3
"""What a ctest run did, suite by suite: counts, times, and anything skipped by name.   usage: summary.py LastTest.log CTEST.LOG

The first has what each suite said, the second, which is what ctest printed, how it ended: to the first a suite that was skipped
or could not be started has passed."""
import re
import sys
from collections import defaultdict

BLOCK = re.compile(r"^\d+/\d+ Testing: (?P<name>\S+)\n(?P<body>.*?)^\"(?P=name)\" end time", re.S | re.M)
ENDED = re.compile(r"^ *\d+/\d+ Test +#\d+: (\S+) \.*(?:\*\*\*| +)(\w[\w ]*?)  ", re.M)
OUTCOMES = {"Passed": "ok", "Skipped": "skipped"}
# How suites say that something was not looked at: one of their tests, or the whole.
NOT_LOOKED_AT = re.compile(r"^(?:.*\.\.\. skipped .*|(?:SKIPPED|NEEDS)\b.*)$", re.M)
COUNTS = [  # what the test frameworks say at their end, and how to put it
    (re.compile(r"All tests passed \((\d+) assertions? in (\d+) test cases?\)"), lambda m: (int(m[2]), f"{m[1]} assertions")),
    (re.compile(r"^test cases:\s*(\d+).*\nassertions:\s*(\d+)", re.M), lambda m: (int(m[1]), f"{m[2]} assertions")),
    (re.compile(r"^Ran (\d+) tests? in", re.M), lambda m: (int(m[1]), "")),
    (re.compile(r"^simulated (\d+) years of (\d+) certificates, (\d+) checks", re.M), lambda m: (int(m[1]), f"{m[3]} checks")),
    (re.compile(r"^replayed (\d+) inputs", re.M), lambda m: (int(m[1]), "")),
    (re.compile(r"^checked (\d+) files, (\d+) includes", re.M), lambda m: (1, f"{m[1]} files, {m[2]} includes")),
]


def main():
    with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
        text = file.read()
    with open(sys.argv[2], encoding="utf-8", errors="replace") as file:
        ended = dict(ENDED.findall(file.read()))
    groups, skipped = defaultdict(list), []
    for block in BLOCK.finditer(text):
        name, body = block["name"], block["body"]
        cases, detail = next((say(m) for pattern, say in COUNTS if (m := pattern.search(body))), (0, "no count given"))
        took = re.search(r"Test time =\s*([\d.]+) sec", body)
        outcome = OUTCOMES.get(ended.get(name), "FAILED")
        groups[name.split(".")[0]].append((name, cases, detail, float(took[1]) if took else 0.0, outcome))
        reasons = [line.strip().removeprefix("SKIPPED: ") for line in NOT_LOOKED_AT.findall(body)]
        skipped += [f"{name}: {line}" for line in reasons or (["the whole suite"] if outcome == "skipped" else [])]
    known = ("unit", "fuzz", "structure", "simulation", "integration", "browser", "package", "system")
    for group in sorted(groups, key=lambda name: known.index(name) if name in known else len(known)):
        rows = sorted(groups[group])
        print(f"{group}: {len(rows)} suites, {sum(row[1] for row in rows)} tests")
        for name, cases, detail, took, outcome in rows:
            print(f"  {name:<28}{cases:>5} tests {took:>7.1f} s  {outcome}{'  ' + detail if detail else ''}")
    for line in skipped:
        print(f"SKIPPED {line}")


if __name__ == "__main__":
    main()
