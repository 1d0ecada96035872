#!/usr/bin/env bash
# What many certificates at rest cost: start-up, memory and idle CPU of evercertd with N certificates that are issued and
# not due.   usage: tests/bench/scale.sh [CERTIFICATES]       default 1000; 100,000 need 4 GB below TMPDIR
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/setup.sh
mkdir -p build/release
{ cmake --preset release && cmake --build --preset release --target evercertd evercert populate; } >build/release/bench-build.log 2>&1 ||
    { tail -n 30 build/release/bench-build.log >&2; exit 1; }
exec python3 -B tests/bench/scale.py "${1:-1000}"
