#!/usr/bin/env bash
# clang-format and clang-tidy, version 19, over our sources.   usage: tests/lint.sh [FILE.cpp ...]    default: all
# Silent when there is nothing to say. clang-tidy over everything takes some 20 minutes on 2 processors.
set -euo pipefail
cd "$(dirname "$0")/.."
tests/setup.sh --tools
folders=(core config solvers systemd daemon)
sources=("$@")
[ ${#sources[@]} -gt 0 ] || mapfile -t sources < <(find "${folders[@]}" -name '*.cpp' | sort)

outcome=0
find "${folders[@]}" tests \( -name '*.cpp' -o -name '*.hpp' \) -print0 |
    xargs -0 clang-format-19 --dry-run --Werror || outcome=1

build=build/lint
mkdir -p "$build"
# Another compiler's precompiled header means nothing to clang-tidy: what is in it is included as text.
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER=clang++-19 -DEVERCERT_TESTS=OFF \
    -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >"$build/configure.log" 2>&1 || { tail -n 20 "$build/configure.log" >&2; exit 1; }
printf '%s\0' "${sources[@]}" |
    xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 -p "$build" --quiet --extra-arg=-include --extra-arg="$PWD/core/base/pch.hpp" 2>"$build/tidy.log" || outcome=1
exit $outcome
