#!/bin/bash
# certbot's --manual-cleanup-hook, which knows from the other hook what to take away.
set -euo pipefail
[ -n "$CERTBOT_AUTH_OUTPUT" ] || { echo "the authenticator left no word" >&2; exit 1; }
printf 'server %s %s\nupdate delete %s\nsend\n' "$NSUPDATE_SERVER" "$NSUPDATE_SERVER_PORT" "$CERTBOT_AUTH_OUTPUT" |
    nsupdate -k "$NSUPDATE_KEY"
