#!/usr/bin/env bash
# Fetches Pebble, the CA authors' test server, as Debian packages unpacked under build/; nothing is installed.
#   build/pebble               2.10 or newer, from Debian sid; if that cannot be had, the distribution's own, and loudly so
#   build/pebble-distribution  the distribution's own (2.4.0 on Debian 12)
# Each holds usr/bin/{pebble,pebble-challtestsrv} and a file `version`. Nothing is fetched twice. The machine's own apt
# sources and lists are read, never changed: sid is looked at through a private sources file and a private state folder.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$PWD/build
mkdir -p "$build"
exec 9>"$build/.pebble.lock"
flock 9

log=$(mktemp)
work=$(mktemp -d)
trap 'rm -rf "$log" "$work"' EXIT

complete() { [ -s "$build/$1/version" ] && [ -x "$build/$1/usr/bin/pebble" ]; }

# unpack FOLDER NOTE: the one .deb in $work/deb becomes build/FOLDER, complete or not at all.
unpack() {
    local deb=("$work"/deb/pebble_*.deb)
    rm -rf "${build:?}/$1" "$work/tree"
    dpkg-deb -x "${deb[0]}" "$work/tree"
    # 2.4 has no -version: starting at all, to the point of refusing an option, is the proof that it runs here.
    "$work/tree/usr/bin/pebble" -help >"$work/help" 2>&1 || :
    grep -q -e -strict "$work/help" || { echo "the fetched pebble does not run here"; cat "$work/help"; return 1; }
    echo "$(dpkg-deb -f "${deb[0]}" Version)$2" >"$work/tree/version"
    mv "$work/tree" "$build/$1"
}

fetch_distribution() {
    mkdir -p "$work/deb" && rm -f "$work"/deb/*
    (cd "$work/deb" && apt-get -o APT::Sandbox::User=root download pebble) || return 1
    unpack pebble-distribution ""
}

fetch_sid() {
    local mirror keyring release=sid
    # Where this machine gets Debian itself from: the same mirror has sid.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' \
        'Component: main' | head -n 1)
    [ -n "$mirror" ] || { echo "apt knows no Debian archive here (apt-get indextargets names none)"; return 1; }
    for keyring in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do [ -r "$keyring" ] && break; done
    [ -r "$keyring" ] || { echo "no Debian archive keyring under /usr/share/keyrings"; return 1; }
    mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/deb"
    rm -f "$work"/deb/*
    echo "deb [signed-by=$keyring] $mirror $release main" >"$work/apt/sources.list"
    local options=(
        -o Dir::Etc::SourceList="$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
        -o Dir::State::Lists="$work/apt/lists" -o Dir::Cache="$work/apt/cache"
        -o Acquire::Languages=none -o APT::Sandbox::User=root -o APT::Default-Release=
    )
    # A snapshot or a mirror that lags behind is fine here: what counts is Debian's signature.
    options+=(-o Acquire::Check-Valid-Until=false)
    apt-get "${options[@]}" update || return 1
    (cd "$work/deb" && apt-get "${options[@]}" download "pebble/$release") || return 1
    unpack pebble ""
}

# A fresh root may have no package lists yet; without them neither mirror nor package can be named.
# shellcheck disable=SC2016  # the format is apt's, not the shell's
if ! { complete pebble && complete pebble-distribution; } && [ "$(id -u)" = 0 ] &&
    [ -z "$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | head -n 1)" ]; then
    apt-get update >"$log" 2>&1 || { tail -n 15 "$log" >&2; exit 1; }
fi

if ! complete pebble-distribution && ! fetch_distribution >"$log" 2>&1; then
    echo "tests/pebble.sh: the distribution's own pebble could not be fetched:" >&2
    tail -n 15 "$log" >&2
    exit 1
fi
# A fallback is tried again each time: the newer one may be within reach by now.
if ! complete pebble || grep -q fallback "$build/pebble/version"; then
    if ! fetch_sid >"$log" 2>&1; then
        {
            echo "************************************************************************************************"
            echo "** WARNING: pebble could not be fetched from Debian sid; the distribution's own is used instead: $(cat "$build/pebble-distribution/version")"
            echo "** Tests that need a newer one say so and do not count as passed. What apt said:"
            tail -n 15 "$log" | sed 's/^/**   /'
            echo "************************************************************************************************"
        } >&2
        rm -rf "$build/pebble"
        cp -a "$build/pebble-distribution" "$build/pebble"
        echo "$(cat "$build/pebble-distribution/version") (fallback: the distribution's own)" >"$build/pebble/version"
    fi
fi
