#!/usr/bin/env bash
# Boots a Debian with systemd in a container and lets evercert live there: installed, upgraded, removed as a package.
# usage: tests/system/run.sh [boot|features|readme] [unittest option or name ...]        needs root
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
story=boot
case ${1:-} in boot | features | readme) story=$1 && shift ;; esac
if [ "$(id -u)" != 0 ]; then
    echo "tests/system/run.sh: only root can boot a container: run it with sudo" >&2
    exit 1
fi
for program in mmdebstrap systemd-nspawn nsenter systemd-analyze; do
    command -v "$program" >/dev/null && continue
    echo "tests/system/run.sh: $program is missing: run tests/setup.sh" >&2
    exit 1
done
# All mounts are in a namespace of their own, which ends with us however we end.
exec unshare --mount --propagation private python3 -B "$here/test_$story.py" "$@"
