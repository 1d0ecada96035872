#!/usr/bin/env bash
# The main job, before your eyes: evercertd gets certificates from a real ACME CA (Pebble, the CA authors' test server),
# nginx serves them, a renewal replaces one, a revocation ends one. Everything runs on loopback, on free ports, under
# build/demo; nothing of the machine's own servers is touched.
# usage: daemon/demo.sh           shows it, cleans up; exit 0 when everything was as it should be
#        daemon/demo.sh --keep    leaves it running and says how to look around
#        daemon/demo.sh --stop    ends what --keep left
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
demo=$root/build/demo
bin=$root/build/release
keep=no

stop_all() {
    # Newest first; the test CA's process ends its own children.
    [ -f "$demo/pids" ] || return 0
    tac "$demo/pids" | while read -r name pid; do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$name" ] || continue # long gone, the number may be another's
        kill "$pid"
        for _ in $(seq 150); do [ -d "/proc/$pid" ] && sleep 0.1 || break; done
    done
    rm -f "$demo/pids"
}
case "${1:-}" in
    "") ;;
    --keep) keep=yes ;;
    --stop) stop_all; exit 0 ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

say() { printf '%s\n' "$*"; }
heading() { printf '\n== %s\n' "$*"; }
give_up() {
    say "demo: FAILED: $*" >&2
    say "demo: logs are in $demo; the daemon's ends with:" >&2
    tail -n 15 "$demo/evercertd.log" >&2 || :
    exit 1
}
wait_for() { # SECONDS WHAT COMMAND...
    local limit=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$limit" ] || give_up "waited in vain for: $what"
        sleep 0.1
    done
}
start() { # NAME COMMAND...: in the background, its output in NAME.log
    local name=$1
    shift
    "$@" >"$demo/$name.log" 2>&1 </dev/null &
    echo "$(basename "$1") $!" >>"$demo/pids"
    disown
}

say "evercert demo: preparing (packages, the test CA, the programs)"
tests/setup.sh --build
tests/pebble.sh
mkdir -p "$bin"
{ cmake --preset release && cmake --build --preset release --target evercertd evercert; } >"$bin/demo-build.log" 2>&1 ||
    { tail -n 40 "$bin/demo-build.log" >&2; exit 1; }

stop_all
rm -rf "$demo"
mkdir -p "$demo/nginx"
trap '[ $keep = yes ] || stop_all' EXIT
trap 'keep=no; exit 130' INT TERM

start python3 python3 -B tests/integration/ca.py run "$demo"
wait_for 20 "the test CA to start" test -s "$demo/ca.env"
# shellcheck source=/dev/null
. "$demo/ca.env"
say "The CA is Pebble $CA_VERSION at $CA_DIRECTORY; to it every name leads to 127.0.0.1."

data=$demo/data
evercert() { "$bin/evercert" --socket "$demo/control.sock" "$@"; }
write_config() { # DEPLOY
    cat >"$demo/evercert.yaml" <<YAML
email: ops@example.com
agree_to_terms: true
data_dir: $data
control: { socket: $demo/control.sock }
issuers:
  test-ca: { directory: "$CA_DIRECTORY", trust: $CA_TRUST }
challenges:
  http: { type: http-01, listen: ["127.0.0.1:$HTTP_PORT"] }
deployments:
  web:
    test:    [nginx, -p, $demo/nginx, -c, nginx.conf, -e, error.log, -t, -q]
    command: [nginx, -p, $demo/nginx, -c, nginx.conf, -e, error.log, -s, reload]
    verify:  "127.0.0.1:$HTTPS_PORT"
# The names are known to the test CA alone, so that looking them up beforehand would find nothing.
defaults: { issuers: [test-ca], deploy: [$1], preflight: off }
certificates:
  - names: [shop.test, www.shop.test, api.shop.test]
  - names: [blog.test]
YAML
}
serial() { cut -d= -f2 | tr A-F a-f; }
on_disk() { openssl x509 -in "$data/live/$1/cert.pem" -noout -serial | serial; }
served() { # NAME: serial of what nginx shows a stranger, verified from the CA's root down to the name
    openssl s_client -connect "127.0.0.1:$HTTPS_PORT" -servername "$1" -verify_hostname "$1" -verify_return_error \
        -CAfile "$demo/ca-roots.pem" </dev/null 2>/dev/null | openssl x509 -noout -serial | serial
}
live() { [ -s "$data/live/$1/fullchain.pem" ]; }
serves() { [ "$(served "$1")" = "$(on_disk "$1")" ]; }
renewed() { live "$1" && [ "$(on_disk "$1")" != "$2" ]; }
reloads() { grep -c 'SIGHUP) received from' "$demo/nginx/error.log" || :; }
ca_says() { python3 -B tests/integration/ca.py ask "$demo" "/cert-status-by-serial/$1" | grep -oE '"Status": ?"[A-Za-z]+"' | grep -oE '(Valid|Revoked)'; }

heading "(a) Two certificates, issued over HTTP-01"
write_config ""
sed 's/^/    /' "$demo/evercert.yaml"
start evercertd "$bin/evercertd" --config "$demo/evercert.yaml"
wait_for 60 "shop.test to be issued" live shop.test
wait_for 60 "blog.test to be issued" live blog.test
for name in shop.test blog.test; do
    say "$name: serial $(on_disk "$name"), $(openssl x509 -in "$data/live/$name/cert.pem" -noout -ext subjectAltName | tail -n 1 | xargs)"
    [ "$(ca_says "$(on_disk "$name")")" = Valid ] || give_up "the CA does not know $name's certificate as valid"
done

heading "(b) nginx serves each"
{
    say "pid nginx.pid; error_log error.log notice; events {}"
    say "http { access_log off;"
    for place in client_body proxy fastcgi uwsgi scgi; do say "    ${place}_temp_path $place;"; done
    for name in shop.test blog.test; do
        say "    server { listen 127.0.0.1:$HTTPS_PORT ssl; server_name $name *.$name; return 200 \"$name\\n\";"
        say "        ssl_certificate $data/live/$name/fullchain.pem; ssl_certificate_key $data/live/$name/privkey.pem; }"
    done
    say "}"
} >"$demo/nginx/nginx.conf"
start nginx nginx -p "$demo/nginx" -c nginx.conf -e error.log -g 'daemon off;'
wait_for 20 "nginx to serve shop.test" serves shop.test
write_config web
say "nginx is up; from now on evercertd deploys to it (deploy: [web] added, evercert reload):"
evercert reload
for name in shop.test www.shop.test api.shop.test blog.test; do
    say "TLS handshake for $name: serial $(served "$name"), chain and name verified"
done
serves shop.test && serves blog.test || give_up "nginx serves something else than what is live"
settled() { evercert status --json | python3 -c '
import json, sys
sys.exit(not all(c["state"] == "waiting" for c in json.load(sys.stdin)["certificates"]))'; }
wait_for 60 "both certificates to be deployed" settled

heading "(c) A forced renewal"
before=$(on_disk shop.test)
reloads_before=$(reloads)
evercert renew shop.test --now
wait_for 60 "a new certificate for shop.test" renewed shop.test "$before"
wait_for 60 "nginx to serve it" serves shop.test
wait_for 60 "everything to settle" settled
say "shop.test: serial $before became $(served shop.test), as nginx serves it"
count=$(($(reloads) - reloads_before))
say "nginx reloads: $count"
[ "$count" = 1 ] || give_up "exactly one reload was expected"

heading "(d) A revocation"
before=$(on_disk blog.test)
evercert revoke blog.test --reason superseded
status=$(ca_says "$before")
say "The CA says of serial $before: $status"
[ "$status" = Revoked ] || give_up "the CA does not say Revoked"
wait_for 60 "a replacement for blog.test" renewed blog.test "$before"
wait_for 60 "nginx to serve the replacement" serves blog.test
say "evercertd replaced it by itself: blog.test now has serial $(served blog.test), $(ca_says "$(on_disk blog.test)") at the CA"
wait_for 60 "everything to settle" settled

heading "(e) evercert status"
evercert status

if [ $keep = yes ]; then
    heading "Left running. Look around:"
    say "    alias evercert='$bin/evercert --socket $demo/control.sock'"
    say "    evercert status;  evercert show shop.test;  evercert renew shop.test --now"
    say "    openssl s_client -connect 127.0.0.1:$HTTPS_PORT -servername shop.test -CAfile $demo/ca-roots.pem </dev/null"
    say "    tail -f $demo/evercertd.log        less $demo/evercert.yaml        find $data"
    say "Stop it:"
    say "    daemon/demo.sh --stop"
else
    heading "Done: all as it should be (daemon/demo.sh --keep leaves it running)"
fi
