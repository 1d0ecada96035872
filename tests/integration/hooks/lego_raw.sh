#!/bin/sh
# lego's exec provider with EXEC_MODE=RAW: PROGRAM present|cleanup -- DOMAIN TOKEN KEYAUTHORIZATION
set -eu
action=$1 domain=$3 key_authorization=$5
value=$(printf %s "$key_authorization" | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '=\n')
case $action in
present) change="add _acme-challenge.$domain. 120 IN TXT \"$value\"" ;;
cleanup) change="delete _acme-challenge.$domain. IN TXT \"$value\"" ;;
esac
printf 'server %s %s\nupdate %s\nsend\n' "$NSUPDATE_SERVER" "$NSUPDATE_SERVER_PORT" "$change" | nsupdate -k "$NSUPDATE_KEY"
