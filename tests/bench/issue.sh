#!/usr/bin/env bash
# How long issuance takes: evercertd and, side by side in the same run, Apache's mod_md, on the same names against one
# Pebble without its artificial delays.   usage: tests/bench/issue.sh [CERTIFICATES]       default 200
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/setup.sh
tests/pebble.sh
mkdir -p build/release
{ cmake --preset release && cmake --build --preset release --target evercertd evercert; } >build/release/bench-build.log 2>&1 ||
    { tail -n 30 build/release/bench-build.log >&2; exit 1; }
exec python3 -B tests/bench/issue.py "${1:-200}"
