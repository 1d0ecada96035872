# shellcheck shell=dash
# What scripts save: lines "NAME =VALUE_IN_BASE64 DIGEST". The digest is of the value that the operator's files
# had for the name when it was saved, or "-": as long as those say the same, what was saved is newer; once the
# operator changes them, they are.
_ev_is_name() { case $1 in '' | [0-9]* | *[!A-Za-z0-9_]*) return 1 ;; esac }
_ev_digest_of() { printf '%s' "$1" | sha256sum | cut -c 1-32; }
# Values that acme.sh itself wrote may be wrapped.
_ev_unwrapped() {
    case $1 in
        __ACME_BASE64__START_*__ACME_BASE64__END_)
            _ev_text=${1#__ACME_BASE64__START_}
            printf '%s' "${_ev_text%__ACME_BASE64__END_}" | base64 -d
            ;;
        *) printf '%s' "$1" ;;
    esac
}

# FILE NAME [VALUE]: without a value the name is taken out
_ev_put() {
    _ev_is_name "$2" || return 1
    (
        if _exists flock; then
            exec 9>"$1.lock"
            flock 9
        fi
        {
            [ ! -f "$1" ] || grep -v -e "^$2 " "$1"
            [ "$#" -lt 3 ] || printf '%s =%s %s\n' "$2" "$(printf '%s' "$3" | base64 -w 0)" "$4"
        } >"$1.new"
        mv -f "$1.new" "$1"
    )
}
# FILE NAME FIELD
_ev_field() { [ ! -f "$1" ] || grep -e "^$2 " "$1" | head -n 1 | cut -d ' ' -f "$3"; }
# What the operator's files say, and not what was filled in from an earlier run.
_ev_theirs() {
    case $_ev_filled in
        *" $1 "*) ;;
        *) eval "printf '%s' \"\${$1-}\"" ;;
    esac
}
# FILE NAME
_ev_read() {
    _ev_is_name "$2" || return 1
    _ev_their=$(_ev_theirs "$2")
    _ev_mark=$(_ev_field "$1" "$2" 3)
    if [ -n "$_ev_mark" ] && { [ -z "$_ev_their" ] || [ "$_ev_mark" = "$(_ev_digest_of "$_ev_their")" ]; }; then
        _ev_field "$1" "$2" 2 | cut -c 2- | base64 -d
    else
        _ev_unwrapped "$_ev_their"
    fi
}
# FILE NAME VALUE
_ev_save() {
    _ev_is_name "$2" || return 1
    _ev_their=$(_ev_theirs "$2")
    if [ -z "$_ev_their" ]; then
        _ev_put "$1" "$2" "$3" -
    elif [ "$(_ev_unwrapped "$_ev_their")" = "$3" ]; then
        _ev_put "$1" "$2" # their files have it: no second copy of a secret
    else
        _ev_put "$1" "$2" "$3" "$(_ev_digest_of "$_ev_their")"
    fi
}

_saveaccountconf() { _ev_save "$ACCOUNT_CONF_PATH" "$1" "${2-}"; }
_readaccountconf() { _ev_read "$ACCOUNT_CONF_PATH" "$1"; }
_clearaccountconf() { _ev_put "$ACCOUNT_CONF_PATH" "$1"; }
_saveaccountconf_mutable() {
    _saveaccountconf "SAVED_$1" "${2-}"
    _clearaccountconf "$1"
}
_readaccountconf_mutable() { _readaccountconf "SAVED_$1"; }
_clearaccountconf_mutable() {
    _clearaccountconf "SAVED_$1"
    _clearaccountconf "$1"
}
_savedomainconf() { _ev_save "$DOMAIN_CONF" "$1" "${2-}"; }
_readdomainconf() { _ev_read "$DOMAIN_CONF" "$1"; }
_cleardomainconf() { _ev_put "$DOMAIN_CONF" "$1"; }

# Old scripts save a variable and expect to find it set the next time.
_ev_filled=" "
if [ -f "$ACCOUNT_CONF_PATH" ]; then
    while read -r _ev_name _ev_coded _ev_mark; do
        if _ev_is_name "$_ev_name" && eval "[ -z \"\${$_ev_name-}\" ]"; then
            _ev_text=$(printf '%s' "${_ev_coded#=}" | base64 -d)
            eval "$_ev_name=\$_ev_text"
            _ev_filled="$_ev_filled$_ev_name "
        fi
    done <"$ACCOUNT_CONF_PATH"
fi
