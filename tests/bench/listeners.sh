#!/usr/bin/env bash
# What a thousand stalled connections cost the two challenge listeners and who asks beside them.   usage: tests/bench/listeners.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/setup.sh
tests/pebble.sh
mkdir -p build/release
{ cmake --preset release && cmake --build --preset release --target evercertd serve_token; } >build/release/bench-build.log 2>&1 ||
    { tail -n 30 build/release/bench-build.log >&2; exit 1; }
exec python3 -B tests/bench/listeners.py
