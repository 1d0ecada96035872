#!/usr/bin/env bash
# How many tokens a second one core serves: the http-01 listener and, side by side in the same run, nginx with the same bytes
# in a file.   usage: tests/bench/token_rate.sh [ROUNDS]       default 5; needs the package wrk
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x "$(command -v wrk)" ] || { echo "the package wrk is not installed" >&2; exit 2; }
tests/setup.sh
mkdir -p build/release
{ cmake --preset release && cmake --build --preset release --target serve_token; } >build/release/bench-build.log 2>&1 ||
    { tail -n 30 build/release/bench-build.log >&2; exit 1; }
exec python3 -B tests/bench/token_rate.py "${1:-5}"
