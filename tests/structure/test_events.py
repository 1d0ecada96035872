#!/usr/bin/env python3
"""The table of events (daemon/log/EVENTS.md) has every id that the sources emit, and no other."""
import os
import re
import sys
import unittest

ROOT = os.path.abspath(sys.argv.pop() if len(sys.argv) > 1 and os.path.isdir(sys.argv[-1])
                       else os.path.join(os.path.dirname(__file__), "../.."))
TABLE = "daemon/log/EVENTS.md"
# Where an id stands for certain. The choice in front of a "?" is one of two ids.
FOR_CERTAIN = re.compile(r"""(?:\b(?:emit|tell|say|report|warn|remember)\s*\([^;"]*?|\bid\s*=\s*(?:[^";]*\?\s*\(?[^";]*)?)"""
                         r"""["]([a-z]+\.[a-z_]+)["]""")
ANY = re.compile(r'"([a-z]+\.[a-z_]+)"')
# Look like ids and are something else: configuration keys, files, words of other programs.
NO_IDS = re.compile(r"^(control\.(group|socket)|log\.(level|format)|defaults\..*|issuers\..*|eab\..*|acme\.sh|notify\.json"
                    r"|.*\.(pem|json|key|com|service|test|example))$|^acme\.(account|order)_$")


def sources():
    for room in ("core", "solvers", "daemon", "systemd", "config"):
        for folder, _, files in os.walk(os.path.join(ROOT, room)):
            for name in files:
                if name.endswith((".cpp", ".hpp")):
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8") as file:
                        yield os.path.relpath(path, ROOT), re.sub(r"//[^\n]*", "", file.read())


def rows():
    with open(os.path.join(ROOT, TABLE), encoding="utf-8") as file:
        return [tuple(cell.strip() for cell in line.strip().strip("|").split("|")) for line in file if line.startswith("| `")]


class Events(unittest.TestCase):
    def setUp(self):
        self.table = [row[0].strip("`") for row in rows()]

    def test_each_stands_there_once_in_order_and_says_something(self):
        self.assertEqual(self.table, sorted(set(self.table)))
        for row in rows():
            self.assertEqual(len(row), 4, row)
            self.assertRegex(row[1], r"^(debug|info|warning|error)(, (debug|info|warning|error))*$")
            self.assertGreater(len(row[2]), 8, row)

    def test_every_id_in_the_sources_is_in_the_table(self):
        prefixes = {name.split(".")[0] for name in self.table}
        for path, text in sources():
            certain = set(FOR_CERTAIN.findall(text))
            likely = {name for name in ANY.findall(text) if name.split(".")[0] in prefixes}
            for name in sorted(certain | likely):
                if not NO_IDS.match(name):
                    self.assertIn(name, self.table, f"{path} emits it; {TABLE} has to say what it means")

    def test_every_id_of_the_table_is_in_the_sources(self):
        known = {name for _, text in sources() for name in ANY.findall(text)}
        for name in self.table:
            self.assertIn(name, known, f"nothing emits it any more: take it out of {TABLE}")

    def test_a_new_id_is_found(self):
        for line in ('emit("odd.thing_happened", severity::info, who);', 'event e{.id = "odd.thing_happened",',
                     'x.id = "odd.thing_happened";', 'tell(talk, "odd.thing_happened", "words");'):
            self.assertEqual(FOR_CERTAIN.findall(line), ["odd.thing_happened"], line)


if __name__ == "__main__":
    unittest.main()
