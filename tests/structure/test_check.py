#!/usr/bin/env python3
"""The checker is checked: each broken snippet must be found, by the right rule on the right line, and clean ones not."""
import os
import tempfile
import unittest

import check
import rules

HEADER = "#pragma once\n"


class tree:
    """A tiny clean tree in a temporary folder, to which one file is added."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        for room in rules.ROOMS_WITH_README:
            self.write(f"{room}/README.md", "# a room\n")
            self.write(f"{room}/thing.hpp", HEADER)
        self.write("daemon/wiring/build.hpp", HEADER)
        self.write("CMakeLists.txt", "project(x)\n")

    def write(self, path, text):
        full = os.path.join(self.folder.name, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def found(self):
        return [(f.path, f.line, f.rule) for f in check.check(self.folder.name)[0]]


class checker(unittest.TestCase):
    def setUp(self):
        self.tree = tree()
        self.addCleanup(self.tree.folder.cleanup)

    def expect(self, path, text, *findings):
        """Adds one file and expects just these (line, rule); then takes it away again."""
        with self.subTest(path=path, text=text):
            self.tree.write(path, text)
            self.assertEqual(self.tree.found(), [(path, line, rule) for line, rule in findings])
            os.remove(os.path.join(self.tree.folder.name, path))

    def test_miscompiled_awaits(self):
        for bad in ("if (co_await f(x)) {", "while (co_await f(x)) {", "if (!co_await f(x)) {", "if (a && co_await f(x)) {"):
            self.expect("core/acme/a.cpp", f"void g() {{\n    {bad}\n    }}\n}}\n", (2, "await"))
        for good in ("if (auto r = co_await f(x); !r) {", "if (const auto r = co_await f(x)) {", "co_await f((x));",
                     "if (x) {\n co_await f();", "const bool r = co_await f(x);\n if (r) {"):
            self.expect("core/acme/a.cpp", f"void g() {{\n    {good}\n    }}\n}}\n")

    def test_clean_tree(self):
        self.assertEqual(self.tree.found(), [])

    def test_arrows(self):
        allowed = [("core/model", "core/base"), ("core/ports", "core/base"), ("core/acme", "core/ports"),
                   ("core/acme", "core/model"), ("core/store", "core/json"), ("core/lifecycle", "core/acme"),
                   ("core/backends", "core/net"), ("solvers", "core/net"), ("solvers", "core/dns"), ("solvers", "core/json"), ("config", "core/model"),
                   ("core/preflight", "core/net"), ("core/preflight", "core/dns"), ("core/dns", "core/net"),
                   ("systemd", "core/base"), ("daemon", "config"), ("daemon", "core/lifecycle"), ("daemon", "solvers"),
                   ("tests", "core/acme"), ("daemon/wiring", "core/backends")]
        forbidden = [("core/base", "core/model"), ("core/model", "core/ports"), ("core/json", "core/crypto"),
                     ("core/acme", "core/net"), ("core/acme", "core/store"), ("core/store", "core/acme"),
                     ("core/lifecycle", "core/backends"), ("core/net", "core/crypto"), ("core/net", "core/dns"), ("core/acme", "core/dns"), ("core/acme", "daemon"),
                     ("core/preflight", "core/acme"), ("core/preflight", "solvers"), ("core/lifecycle", "core/preflight"),
                     ("solvers", "core/acme"), ("solvers", "core/store"), ("solvers", "core/lifecycle"),
                     ("config", "core/crypto"), ("config", "daemon"), ("systemd", "core/model"),
                     ("daemon", "core/backends"), ("daemon/control", "core/backends"), ("core/base", "tests")]
        for room, target in allowed:
            self.expect(f"{room}/a.cpp", f'#include "{target}/thing.hpp"\n')
        for room, target in forbidden:
            self.expect(f"{room}/a.cpp", f'\n#include "{target}/thing.hpp"\n', (2, "arrow"))
        self.expect("core/acme/a.cpp", '// #include "core/net/thing.hpp"\n/* \n#include "daemon/thing.hpp"\n*/\n')

    def test_headers_are_named_from_the_root(self):
        self.expect("core/acme/a.cpp", '#include "thing.hpp"\n', (1, "include"))
        self.expect("core/acme/a.cpp", '#include "../json/thing.hpp"\n', (1, "include"))
        self.expect("core/acme/a.hpp", '#include "core/acme/thing.hpp"\n', (1, "header"))

    def test_doors(self):
        for room, header in [("core/acme", "openssl/evp.h"), ("daemon", "rapidjson/document.h"), ("daemon", "yaml-cpp/yaml.h"),
                             ("daemon", "systemd/sd-daemon.h"), ("solvers", "boost/beast/http.hpp"), ("core/model", "idn2.h"),
                             ("core/lifecycle", "boost/asio/ssl.hpp"), ("config", "boost/asio.hpp"), ("core/base", "CLI/CLI.hpp"),
                             ("core/net", "curl/curl.h"), ("core/dns", "ldns/ldns.h"), ("core/base", "catch2/catch.hpp"), ("core/lifecycle", "libpsl.h")]:
            self.expect(f"{room}/a.cpp", f"#include <vector>\n#include <{header}>\n", (2, "door"))
        for room, header in [("core/crypto", "openssl/evp.h"), ("core/net", "boost/beast/http.hpp"), ("config", "idn2.h"),
                             ("core/net", "boost/asio/ssl.hpp"), ("systemd", "systemd/sd-daemon.h"), ("config", "fmt/format.h"),
                             ("core/backends", "sys/stat.h"), ("daemon", "CLI/CLI.hpp"), ("core/json", "rapidjson/reader.h")]:
            self.expect(f"{room}/a.cpp", f"#include <{header}>\n")

    def test_real_time(self):
        for line in ["auto t = std::chrono::system_clock::now();", "auto t = std::chrono::steady_clock::now();",
                     "auto t = clock::now();", "time_t t = time(nullptr);", "time_t t = std::time(0);", "time(&t);",
                     "std::this_thread::sleep_for(1s);", "gettimeofday(&tv, nullptr);", "clock_gettime(CLOCK_REALTIME, &t);",
                     "std::random_device seed;", "int r = rand();", "usleep(3);", "::sleep(3);", "sleep(3);",
                     "boost::asio::steady_timer t(x);", "std::mt19937 g;", "getrandom(p, n, 0);", "RAND_bytes(p, n);"]:
            self.expect("core/lifecycle/a.cpp", f"int a;\n{line}\n", (2, "time"))
            self.expect("tests/core/lifecycle/a.cpp", f"int a;\n{line}\n", (2, "time"))
        for line in ["auto t = time.now();", "co_await sleep_for(time_, seconds(3));", "// rand() and system_clock::now()",
                     'log("system_clock::now()");', "wall_time steady_now() const;", "std::chrono::steady_clock::time_point t;",
                     "auto n = random.below(3);", "lifetime(nullptr);"]:
            self.expect("core/lifecycle/a.cpp", f"{line}\n")
        self.expect("core/base/system_time.cpp", "auto t = std::chrono::system_clock::now();\n")
        self.expect("core/net/a.cpp", "boost::asio::steady_timer t(x);\n")
        self.expect("core/net/a.cpp", "auto t = std::chrono::system_clock::now();\n", (1, "time"))

    def test_places_sizes_and_leftovers(self):
        self.expect("core/acme/a.cpp", "\n" * 400)
        self.expect("core/acme/a.cpp", "\n" * 401, (401, "size"))
        self.expect("core/acme/a.cpp", "// TO" "DO\n", (1, "unfinished"))
        self.expect("tests/a.py", 'x = 1\np = "/wo' 'rk/x"\n', (2, "machine"))
        self.expect("tests/a.sh", "cat /ho" "me/me/x\n", (1, "machine"))
        self.tree.write("scripts/a.sh", "")
        self.assertEqual(self.tree.found(), [("scripts", 0, "top level")])
        os.remove(os.path.join(self.tree.folder.name, "core/json/README.md"))
        self.assertIn(("core/json/README.md", 0, "readme"), self.tree.found())

    def test_arrows_have_no_circle(self):
        for room in rules.ARROWS:
            for target in check.reachable(room) - {room}:
                self.assertNotIn(room, check.reachable(target), f"{room} and {target} include each other")


if __name__ == "__main__":
    unittest.main(verbosity=1)
