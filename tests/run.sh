#!/usr/bin/env bash
# Sets up, builds and runs every test.
# usage: tests/run.sh [release|debug|asan|tsan] [ctest option ...]      default: release, all suites
# Says little when all is well; what failed is shown in full. Whole logs are in build/<preset>/Testing.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=release
case "${1:-}" in release | debug | asan | tsan) preset=$1; shift ;; esac
build=build/$preset

tests/setup.sh
tests/pebble.sh

quietly() {
    local log=$build/$1.log
    shift
    "$@" >"$log" 2>&1 && return
    echo "tests/run.sh: this failed: $*" >&2
    grep -nE 'error|Error|FAILED' "$log" | head -n 20 >&2 || :
    tail -n 40 "$log" >&2
    exit 1
}
mkdir -p "$build"
echo "evercert: building ($preset)"
quietly configure cmake --preset "$preset" -DEVERCERT_WERROR=ON -DEVERCERT_TESTS=ON
quietly build cmake --build --preset "$preset"

# No leak of a test may hide behind another: every error ends its test.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}

echo "evercert: testing"
outcome=0
ctest --preset "$preset" --parallel "$(nproc)" "$@" >"$build/ctest.log" 2>&1 || outcome=$?
[ "$outcome" = 0 ] || sed -n '/Test project/,$p' "$build/ctest.log" >&2
python3 -B tests/summary.py "$build/Testing/Temporary/LastTest.log" "$build/ctest.log"
echo "pebble: $(cat build/pebble/version); the distribution's: $(cat build/pebble-distribution/version)"
grep -E '^[0-9]+% tests passed' "$build/ctest.log" || tail -n 1 "$build/ctest.log"
exit "$outcome"
