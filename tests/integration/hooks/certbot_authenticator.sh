#!/bin/bash
# certbot's --manual-auth-hook. What it prints is CERTBOT_AUTH_OUTPUT of the cleanup hook.
set -euo pipefail
record="_acme-challenge.${CERTBOT_DOMAIN}. 60 IN TXT ${CERTBOT_VALIDATION}"
{
    echo "server $NSUPDATE_SERVER $NSUPDATE_SERVER_PORT"
    echo "update add $record"
    echo send
} | nsupdate -k "$NSUPDATE_KEY" >&2
# As published hooks do, only once: after the last of the names.
if [ "$CERTBOT_REMAINING_CHALLENGES" = 0 ]; then
    sleep 1
fi
echo "$record"
