#!/usr/bin/env sh
# A dnsapi script for acme.sh. Settings: NSUPDATE_SERVER, NSUPDATE_SERVER_PORT, NSUPDATE_KEY.

#Usage: dns_updates_add   _acme-challenge.www.domain.com   "value"
dns_updates_add() {
  fulldomain=$1
  txtvalue=$2
  NSUPDATE_SERVER="${NSUPDATE_SERVER:-$(_readaccountconf_mutable NSUPDATE_SERVER)}"
  NSUPDATE_SERVER_PORT="${NSUPDATE_SERVER_PORT:-$(_readaccountconf_mutable NSUPDATE_SERVER_PORT)}"
  NSUPDATE_KEY="${NSUPDATE_KEY:-$(_readaccountconf_mutable NSUPDATE_KEY)}"
  _updates_key || return 1

  # save the settings to the account conf file.
  _saveaccountconf_mutable NSUPDATE_SERVER "$NSUPDATE_SERVER"
  _saveaccountconf_mutable NSUPDATE_SERVER_PORT "$NSUPDATE_SERVER_PORT"
  _saveaccountconf_mutable NSUPDATE_KEY "$NSUPDATE_KEY"

  _info "adding ${fulldomain}. 60 in txt \"${txtvalue}\""
  _updates_send "update add ${fulldomain}. 60 in txt \"${txtvalue}\"" || return 1
  return 0
}

#Usage: dns_updates_rm   _acme-challenge.www.domain.com   "value"
dns_updates_rm() {
  fulldomain=$1
  txtvalue=$2
  NSUPDATE_SERVER="${NSUPDATE_SERVER:-$(_readaccountconf_mutable NSUPDATE_SERVER)}"
  NSUPDATE_SERVER_PORT="${NSUPDATE_SERVER_PORT:-$(_readaccountconf_mutable NSUPDATE_SERVER_PORT)}"
  NSUPDATE_KEY="${NSUPDATE_KEY:-$(_readaccountconf_mutable NSUPDATE_KEY)}"
  _updates_key || return 1
  _info "removing ${fulldomain}. txt \"${txtvalue}\""
  _updates_send "update delete ${fulldomain}. txt \"${txtvalue}\""
}

####################  Private functions below ##################################

_updates_key() {
  if [ -z "$NSUPDATE_KEY" ]; then
    _err "you must specify a path to the nsupdate key file"
    return 1
  fi
  if [ ! -r "$NSUPDATE_KEY" ]; then
    _err "key $NSUPDATE_KEY is unreadable"
    return 1
  fi
}

_updates_send() {
  _debug change "$1"
  nsupdate -k "$NSUPDATE_KEY" <<EOT
server $NSUPDATE_SERVER $NSUPDATE_SERVER_PORT
$1
send
EOT
  if [ $? -ne 0 ]; then
    _err "error updating domain"
    return 1
  fi
}
