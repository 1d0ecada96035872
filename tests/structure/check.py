#!/usr/bin/env python3
"""Holds the tree to rules.py.   usage: check.py [ROOT]     exit 0: all kept, 1: findings, one a line."""
import os
import re
import sys
from dataclasses import dataclass

import rules

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
# Comments and literals, longest forms first; raw strings too.
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^(\s]{0,16})\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.text}"


def blank(text, keep_strings):
    """Without comments (and literals), every line still in its place."""
    def replace(match):
        if keep_strings and not match.group().startswith(("//", "/*")):
            return match.group()
        return re.sub(r"[^\n]", " ", match.group())
    return NOISE.sub(replace, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def room_of(path):
    return next((room for room in rules.ARROWS if path.startswith(room + "/")), None)


def reachable(room, extra=()):
    seen, todo = {room}, [*rules.ARROWS[room], *extra]
    while todo:
        target = todo.pop()
        if target not in seen:
            seen.add(target)
            todo += rules.ARROWS[target]
    return seen


def files_below(root):
    for folder, names, files in os.walk(root):
        names[:] = sorted(n for n in names if n != "__pycache__" and not n.startswith(".")
                          and not (folder == root and n in rules.NOT_OURS))
        for name in sorted(files):
            if not name.startswith("."):
                yield os.path.relpath(os.path.join(folder, name), root)


def check_includes(root, path, text):
    room = room_of(path)
    extra = [t for prefix, targets in rules.EXTRA_ARROWS.items() if path.startswith(prefix) for t in targets]
    allowed = reachable(room, extra) if room else set()
    for match in INCLUDE.finditer(blank(text, keep_strings=True)):
        kind, name, line = match.group(1), match.group(2), line_of(text, match.start(1))
        if kind == '"':
            if ".." in name or not os.path.isfile(os.path.join(root, name)):
                yield Finding(path, line, "include", f'"{name}" is not a header named from the root')
            elif room and room_of(name) not in allowed:
                yield Finding(path, line, "arrow", f'{room} must not include {room_of(name) or name} ("{name}"); it may '
                              f"include {', '.join(sorted(allowed - {room})) or 'nothing of ours'}")
            continue
        door = next((d for d in sorted(rules.DOORS, key=len, reverse=True) if name.startswith(d)), None)
        if door is None and "/" in name and name.split("/")[0] not in rules.SYSTEM_FOLDERS:
            yield Finding(path, line, "door", f"<{name}> belongs to a library that has no door; add one to rules.py")
        elif door is not None and not path.startswith("tests/") and not path.startswith(tuple(rules.DOORS[door])):
            yield Finding(path, line, "door", f"<{name}> may be included only in {', '.join(rules.DOORS[door])}")


def check_real_time(path, text):
    bare = blank(text, keep_strings=False)
    for pattern, what, places in rules.REAL_TIME:
        if path.startswith(tuple(places) + (tuple(rules.REAL_TIME_TESTS))):
            continue
        for match in re.finditer(pattern, bare):
            yield Finding(path, line_of(bare, match.start()), "time",
                          f"{match.group().strip()} {what}: take it from time_source or random_source")


def check_miscompiled(path, text):
    bare = blank(text, keep_strings=False)
    for match in re.finditer(rules.MISCOMPILED, bare):
        if not re.match(r"(?:if|while)\s*\(\s*(?:const\s+)?auto\b", match.group()):
            yield Finding(path, line_of(bare, match.start()), "await", "g++ 12 miscompiles co_await in a condition: name "
                          "the value first")


def check_text(path, text):
    lines = text.count("\n")
    if lines > rules.MAX_LINES and path not in rules.LONGER_FILES and not path.endswith((".md", ".json")):
        yield Finding(path, lines, "size", f"{lines} lines: over {rules.MAX_LINES}, so more than one idea?")
    for pattern, rule, what in ((rules.MACHINE_PATHS, "machine", "a path of somebody's machine"),
                                (rules.UNFINISHED, "unfinished", "finish it or leave it out")):
        for match in re.finditer(pattern, text):
            yield Finding(path, line_of(text, match.start()), rule, f"{match.group()}: {what}")


def check_places(root):
    for name in sorted(os.listdir(root)):
        if name not in rules.TOP_LEVEL | rules.NOT_OURS and not name.startswith("."):
            yield Finding(name, 0, "top level", "the top level is fixed; this belongs in a room")
    for room in rules.ROOMS_WITH_README:
        if os.path.isdir(os.path.join(root, room)) and not os.path.isfile(os.path.join(root, room, "README.md")):
            yield Finding(f"{room}/README.md", 0, "readme", "every room says what it is for and what it must not know")


def check(root):
    """(findings, files looked at, includes looked at)"""
    findings, files, includes = list(check_places(root)), 0, 0
    for path in files_below(root):
        if not path.endswith(rules.TEXTS):
            continue
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            text = file.read()
        files += 1
        findings += check_text(path, text)
        if path.endswith(rules.SOURCES):
            includes += len(INCLUDE.findall(text))
            findings += check_includes(root, path, text)
            findings += check_real_time(path, text)
            findings += check_miscompiled(path, text)
            if path.endswith(".hpp") and "#pragma once" not in text:
                findings.append(Finding(path, 1, "header", "no #pragma once"))
    return findings, files, includes


def main():
    root = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../.."))
    findings, files, includes = check(root)
    for finding in findings:
        print(finding)
    print(f"checked {files} files, {includes} includes: {len(findings)} findings")
    if files < 20 or includes < 50:
        print("that is too little to be the whole tree: wrong ROOT?")
        return 1
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
