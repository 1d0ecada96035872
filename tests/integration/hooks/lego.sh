#!/bin/sh
# lego's exec provider: PROGRAM present|cleanup NAME. VALUE
set -eu
case $1 in
present) change="update add $2 120 IN TXT \"$3\"" ;;
cleanup) change="update delete $2 IN TXT \"$3\"" ;;
*) exit 0 ;;
esac
nsupdate -k "$NSUPDATE_KEY" <<EOT
server $NSUPDATE_SERVER $NSUPDATE_SERVER_PORT
$change
send
EOT
