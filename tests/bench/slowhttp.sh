#!/usr/bin/env bash
# slowhttptest (slow headers, slow bodies, slow reading) against the http-01 listener while a token is fetched.
# usage: tests/bench/slowhttp.sh [SECONDS]       default 60; needs the package slowhttptest
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x "$(command -v slowhttptest)" ] || { echo "the package slowhttptest is not installed" >&2; exit 2; }
tests/setup.sh
mkdir -p build/release
{ cmake --preset release && cmake --build --preset release --target serve_token; } >build/release/bench-build.log 2>&1 ||
    { tail -n 30 build/release/bench-build.log >&2; exit 1; }
exec python3 -B tests/bench/slowhttp.py "${1:-60}"
