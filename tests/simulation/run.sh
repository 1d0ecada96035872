#!/usr/bin/env bash
# The large simulated year: 100,000 certificates with all faults.   usage: tests/simulation/run.sh [option of simulate ...]
# One in two hundred follows the CA's renewal windows: what the others in small years show, 2,000 show here.
# Builds the release preset's simulator if need be. The time and the memory it took stand at the end.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -f build/release/build.ninja ] || cmake --preset release >/dev/null
cmake --build --preset release --target simulate >/dev/null
# A hundred thousand certificates lie all over the memory: in large pages they are found faster.
export MALLOC_CONF=thp:always,metadata_thp:always,narenas:1,dirty_decay_ms:-1,muzzy_decay_ms:-1
started=$(date +%s)
outcome=0
build/release/tests/simulate --certificates 100000 --days 365 --faults all --ari 0.005 "$@" || outcome=$?
echo "took $(($(date +%s) - started)) s"
exit "$outcome"
