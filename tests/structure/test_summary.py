#!/usr/bin/env python3
"""What tests/run.sh says at its end, of a real ctest run: nothing that was not looked at counts as good."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

SUMMARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../summary.py")
SUITES = {  # name: (the shell's line, how it ended, what is said of it besides)
    "unit.good": ("echo 'All tests passed (7 assertions in 3 test cases)'", "ok", ""),
    "unit.bad": ("echo Skipped; exit 1", "FAILED", ""),
    "unit.late": ("exec sleep 30", "FAILED", ""),
    "browser.away": ("echo SKIPPED: there is no npm >&2; exit 77", "skipped", "there is no npm"),
    "integration.mute": ("exit 77", "skipped", "the whole suite"),
    "integration.part": ("echo test_x ... 'skip''ped NEEDS PEBBLE'; echo Ran 2 tests in 1s", "ok", "test_x ... skipped NEEDS PEBBLE"),
    "other.group": ("true", "ok", ""),
}


def run(*argv, **options):
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=50, **options)


class Summary(unittest.TestCase):
    def test_each_as_it_ended(self):
        with tempfile.TemporaryDirectory(prefix="evercert-summary-") as folder:
            with open(f"{folder}/CTestTestfile.cmake", "w", encoding="ascii") as file:
                for name, (line, _, _) in SUITES.items():
                    file.write(f"add_test({name} sh -c [==[{line}]==])\n"
                               f"set_tests_properties({name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT {1 if name == 'unit.late' else 30})\n")
                file.write("add_test(unit.absent /nonexistent/test)\n")
            with open(f"{folder}/ctest.log", "w", encoding="utf-8") as log:
                log.write(run("ctest", "--test-dir", folder).stdout)
            done = run(sys.executable, "-B", SUMMARY, f"{folder}/Testing/Temporary/LastTest.log", log.name)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        told = dict(re.findall(r"^  (\S+) .* s  (\w+)", done.stdout, re.M))
        self.assertEqual(told, {"unit.absent": "FAILED", **{name: outcome for name, (_, outcome, _) in SUITES.items()}}, done.stdout)
        self.assertEqual(re.findall(r"^SKIPPED (\S+): (.*)$", done.stdout, re.M),
                         [(name, said) for name, (_, _, said) in SUITES.items() if said], done.stdout)
        self.assertIn("unit: 4 suites, 3 tests", done.stdout)


if __name__ == "__main__":
    unittest.main()
