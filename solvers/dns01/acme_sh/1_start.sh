# Stands in for acme.sh around one of its dnsapi scripts. Our own work, from what such scripts expect of the
# functions and variables around them. POSIX shell, beside coreutils, grep, sed, awk and curl.
# Arguments: SCRIPT NAME_OF_API add|rm FULLDOMAIN VALUE. Secrets come in the environment and never go into the
# arguments of a program: what is built in (printf) or fed through a pipe can be seen by nobody.
# shellcheck shell=dash disable=SC2034

# A script written for bash gets bash, as it would if its author had installed acme.sh there.
IFS= read -r _ev_line <"$1"
case $_ev_line in
    '#!'*bash*)
        if [ -z "${BASH_VERSION-}" ] && [ -x /bin/bash ]; then
            # shellcheck disable=SC2016  # expanded by the shell that is started
            exec /bin/bash -c 'eval "$EVERCERT_ACME_SH"' "$0" "$@"
        fi
        ;;
esac

umask 077
_ev_tmp=$(mktemp -d "${TMPDIR:-/tmp}/evercert-dnsapi.XXXXXXXXXX") || exit 1
trap 'rm -rf "$_ev_tmp"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

_ev_state=${EVERCERT_STATE:-$_ev_tmp/state}
_ev_domain=$EVERCERT_DOMAIN
unset EVERCERT_ACME_SH EVERCERT_STATE EVERCERT_DOMAIN
case $_ev_domain in
    '' | .* | *[!A-Za-z0-9._-]*) _ev_domain=unnamed ;;
esac
mkdir -p "$_ev_state/domains" || exit 1

# What scripts look at themselves.
HTTP_HEADER=$_ev_tmp/http.header
: >"$HTTP_HEADER"
LE_WORKING_DIR=$_ev_state
LE_CONFIG_HOME=$_ev_state
ACCOUNT_CONF_PATH=$_ev_state/account
DOMAIN_CONF=$_ev_state/domains/$_ev_domain
Le_Domain=$_ev_domain
USER_AGENT=${USER_AGENT:-evercert}
ACME_OPENSSL_BIN=${ACME_OPENSSL_BIN:-openssl}
NO_VALUE=no

# Notes: to people, and for those who set DEBUG. Two arguments are a name and its value.
_ev_note() {
    if [ "$#" -gt 1 ]; then printf "%s='%s'\n" "$1" "$2"; else printf '%s\n' "${1-}"; fi
}
_info() { _ev_note "$@"; }
_err() {
    _ev_note "$@" >&2
    return 1
}
_ev_debug() {
    _ev_level=$1
    shift
    case ${DEBUG:-0} in *[!0-9]*) DEBUG=1 ;; esac
    [ "${DEBUG:-0}" -lt "$_ev_level" ] || _ev_note "$@" >&2
}
_debug() { _ev_debug 1 "$@"; }
_debug2() { _ev_debug 2 "$@"; }
_debug3() { _ev_debug 3 "$@"; }
_ev_secure_debug() {
    # One argument alone may be the secret itself.
    if [ "$#" -gt 2 ]; then _ev_debug "$1" "$2" "[hidden]"; else _ev_debug "$1" "[hidden]"; fi
}
_secure_debug() { _ev_secure_debug 1 "$@"; }
_secure_debug2() { _ev_secure_debug 2 "$@"; }
_secure_debug3() { _ev_secure_debug 3 "$@"; }
__green() { printf '%s' "${1-}"; }
__red() { printf '%s' "${1-}"; }
__yellow() { printf '%s' "${1-}"; }
