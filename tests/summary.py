#!/usr/bin/env python3
"""What a ctest run did, suite by suite: counts, times, and anything skipped by name.   usage: summary.py LastTest.log"""
import re
import sys
from collections import defaultdict

BLOCK = re.compile(r"^\d+/\d+ Testing: (?P<name>\S+)\n(?P<body>.*?)^\"(?P=name)\" end time", re.S | re.M)
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
    groups, skipped = defaultdict(list), []
    for block in BLOCK.finditer(text):
        name, body = block["name"], block["body"]
        cases, detail = next((say(m) for pattern, say in COUNTS if (m := pattern.search(body))), (0, "no count given"))
        took = re.search(r"Test time =\s*([\d.]+) sec", body)
        outcome = "ok" if "Test Passed." in body else "skipped" if "Test Skipped" in body or "Skipped" in body else "FAILED"
        groups[name.split(".")[0]].append((name, cases, detail, float(took[1]) if took else 0.0, outcome))
        skipped += [f"{name}: {line.strip()}" for line in re.findall(r"^.*\.\.\. skipped .*$", body, re.M)]
    for group in sorted(groups, key=("unit", "fuzz", "structure", "simulation", "integration", "browser", "package", "system").index):
        rows = sorted(groups[group])
        print(f"{group}: {len(rows)} suites, {sum(row[1] for row in rows)} tests")
        for name, cases, detail, took, outcome in rows:
            print(f"  {name:<28}{cases:>5} tests {took:>7.1f} s  {outcome}{'  ' + detail if detail else ''}")
    for line in skipped:
        print(f"SKIPPED {line}")


if __name__ == "__main__":
    main()
