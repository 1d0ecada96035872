#!/usr/bin/env bash
# Installs the packages that building, testing and the demo need, on Debian 12 (bookworm) and 13 (trixie).
# usage: tests/setup.sh [--build] [--tools]
#   --build   only what building, packaging and the demo need
#   --tools   clang, clang-format, clang-tidy and libFuzzer besides
# Silent when all is well. Does nothing, and needs no root, when every package is there already.
set -euo pipefail

packages=(
    build-essential cmake ninja-build ccache pkg-config dpkg-dev file
    libssl-dev rapidjson-dev libyaml-cpp-dev libsystemd-dev libcli11-dev libfmt-dev libidn2-dev libpsl-dev libseccomp-dev libldns-dev
    prometheus-cpp-dev catch2 ca-certificates openssl python3 nginx procps curl
)
for_tests=(
    apache2 libnginx-mod-stream haproxy bind9 bind9-utils bind9-dnsutils knot pdns-server pdns-backend-sqlite3
    postfix dovecot-imapd dovecot-pop3d certbot
    libjemalloc-dev strace gdb faketime mount util-linux iproute2 e2fsprogs xfsprogs
    lintian devscripts mandoc man-db groff-base zsh fish python3-jsonschema python3-yaml
    mmdebstrap systemd-container debian-archive-keyring
    prometheus # promtool
)
tests=yes
for argument in "$@"; do
    case "$argument" in
        --build) tests=no ;;
        --tools) packages+=(clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev llvm-19) ;;
        *) echo "usage: tests/setup.sh [--build] [--tools]" >&2; exit 2 ;;
    esac
done
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
# Debian 12's default Boost is 1.74; 1.81 is there under its own name. Debian 13's default is new enough.
if [ "$codename" = bookworm ]; then packages+=(libboost1.81-dev); else packages+=(libboost-dev); fi

if [ "$tests" = yes ]; then
    packages+=("${for_tests[@]}")
    # For the status page in a browser. Any will do: node often comes from elsewhere, and Debian's npm would not go with it.
    command -v node >/dev/null || packages+=(nodejs)
    command -v npm >/dev/null || packages+=(npm)
    command -v chromium >/dev/null || packages+=(chromium)
fi

missing=()
for package in "${packages[@]}"; do
    # shellcheck disable=SC2016  # the format is dpkg's, not the shell's
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
    echo "tests/setup.sh: packages are missing and only root can install them. Run:" >&2
    echo "    sudo apt-get install ${missing[*]}" >&2
    exit 1
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
made_policy=no
clean_up() {
    rm -f "$log"
    [ "$made_policy" = no ] || rm -f "$policy"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The servers are wanted as programs, not as services: the tests start their own, on ports of their own.
if [ ! -e "$policy" ]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 0755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
run() {
    "$@" >>"$log" 2>&1 </dev/null && return
    echo "tests/setup.sh: this failed: $*" >&2
    tail -n 25 "$log" >&2
    exit 1
}
# Postfix asks what kind of mail server this is to be. None: the tests configure their own.
answers=$(mktemp)
echo 'postfix postfix/main_mailer_type select No configuration' >"$answers"
run debconf-set-selections "$answers"
rm -f "$answers"
run apt-get -o DPkg::Lock::Timeout=120 update
run apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "${missing[@]}"
# certbot is wanted as a program too: it has no lineages here, but its timer would look for some twice a day.
if [ -d /run/systemd/system ] && [[ " ${missing[*]} " == *" certbot "* ]]; then
    run systemctl disable --now certbot.timer
fi
