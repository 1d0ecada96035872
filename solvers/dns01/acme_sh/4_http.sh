# shellcheck shell=dash
# HTTP by curl. All of a request goes to it through a pipe, as a file of options: headers and URLs hold tokens.
_ev_quoted() { printf '%s' "$1" | tr -d '\r\n' | sed 's/["\\]/\\&/g'; }
_ev_quoted_body() {
    # The letter behind it keeps line ends that a command substitution would take away.
    _ev_text=$(printf '%sx' "$1" | sed -e 's/["\\]/\\&/g' -e "s/$(printf '\r')/\\\\r/g" |
        awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }')
    printf '%s' "${_ev_text%x}"
}

# METHOD URL SECONDS CONTENT_TYPE [BODY]
_ev_options() {
    printf 'silent\nshow-error\ngloboff\nconnect-timeout = 20\nmax-time = %s\n' "$3"
    printf 'dump-header = "%s"\nuser-agent = "%s"\n' "$(_ev_quoted "$HTTP_HEADER")" "$(_ev_quoted "$USER_AGENT")"
    [ -n "${ACME_HTTP_NO_REDIRECTS-}" ] || printf 'location\n'
    [ -z "${HTTPS_INSECURE-}" ] || printf 'insecure\n'
    [ -z "${CA_BUNDLE-}" ] || printf 'cacert = "%s"\n' "$(_ev_quoted "$CA_BUNDLE")"
    [ -z "${CA_PATH-}" ] || printf 'capath = "%s"\n' "$(_ev_quoted "$CA_PATH")"
    [ -z "$4" ] || printf 'header = "Content-Type: %s"\n' "$(_ev_quoted "$4")"
    for _ev_header in "${_H1-}" "${_H2-}" "${_H3-}" "${_H4-}" "${_H5-}"; do
        [ -z "$_ev_header" ] || printf 'header = "%s"\n' "$(_ev_quoted "$_ev_header")"
    done
    case $1 in
        GET) ;;
        HEAD) printf 'head\n' ;;
        *) printf 'request = "%s"\n' "$(_ev_quoted "$1")" ;;
    esac
    if [ "$#" -gt 4 ] && [ "$1" != HEAD ]; then
        printf 'data-raw = "%s"\n' "$(_ev_quoted_body "$5")"
    fi
    printf 'url = "%s"\n' "$(_ev_quoted "$2")"
}
_ev_request() {
    if ! _exists curl; then
        _err "curl is needed to run scripts of acme.sh: install the package curl"
        return 1
    fi
    : >"$HTTP_HEADER"
    {
        _ev_options "$@" | curl -q --config -
        echo "$?" >"$_ev_tmp/status"
    } | head -c 4194304
    _ev_status=$(cat "$_ev_tmp/status")
    [ "$_ev_status" = 0 ] || _err "curl ended with $_ev_status"
    return "$_ev_status"
}

# URL [ONLY_HEADERS] [SECONDS]
_get() {
    if [ -n "${2-}" ]; then set -- HEAD "$1" "${3:-60}"; else set -- GET "$1" "${3:-60}"; fi
    _ev_request "$1" "$2" "$3" ""
}
# BODY URL [RESPONSE_IN_BASE64] [METHOD] [CONTENT_TYPE]
_post() {
    if [ -n "${3-}" ]; then
        _ev_answer=$({
            _ev_request "${4:-POST}" "$2" 60 "${5-}" "$1"
            echo "$?" >"$_ev_tmp/post"
        } | _base64)
        printf '%s' "$_ev_answer"
        return "$(cat "$_ev_tmp/post")"
    fi
    _ev_request "${4:-POST}" "$2" 60 "${5-}" "$1"
}
_inithttp() { :; }
