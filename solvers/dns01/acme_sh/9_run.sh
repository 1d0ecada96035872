# shellcheck shell=dash disable=SC2154
_ev_script=$1
_ev_api=$2
_ev_verb=$3
_ev_fulldomain=$4
_ev_value=$5
set --
# shellcheck disable=SC1090
. "$_ev_script"
if ! command -v "${_ev_api}_$_ev_verb" >/dev/null 2>&1; then
    if [ "$_ev_verb" = rm ] && command -v "${_ev_api}_add" >/dev/null 2>&1; then
        exit 0 # the function is optional
    fi
    _err "$_ev_script has no function ${_ev_api}_$_ev_verb: is it a dnsapi script of acme.sh?"
    exit 1
fi
"${_ev_api}_$_ev_verb" "$_ev_fulldomain" "$_ev_value"
exit "$?"
