# shellcheck shell=dash
# Text. Patterns are basic regular expressions, as dnsapi scripts write them.
_contains() { printf '%s\n' "$1" | grep -q -e "$2" 2>/dev/null; }
_startswith() { printf '%s\n' "$1" | grep -q -e "^$2" 2>/dev/null; }
_endswith() { printf '%s\n' "$1" | grep -q -e "$2\$" 2>/dev/null; }
_egrep_o() { grep -E -o -e "$1" 2>/dev/null; }
_head_n() { head -n "$1"; }
_tail_n() { tail -n "$1"; }
_lower_case() { tr '[:upper:]' '[:lower:]'; }
_upper_case() { tr '[:lower:]' '[:upper:]'; }
# TEXT NUMBER [SEPARATOR]
_getfield() { printf '%s\n' "$1" | cut -d "${3:-,}" -f "${2:-1}"; }

# Lines become one; blanks go at their beginning and around a colon before a string, an object or an array.
_normalizeJson() {
    sed -e 's/^[[:blank:]]*//' -e 's/"[[:blank:]]*:[[:blank:]]*\(["[{]\)/":\1/g' | tr -d '\r\n'
}
_json_encode() {
    sed -e 's/["\\]/\\&/g' -e "s/$(printf '\t')/\\\\t/g" -e "s/$(printf '\r')/\\\\r/g" |
        awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }'
}
_json_decode() {
    awk '{
        text = NR > 1 ? "\n" $0 : $0
        while ((at = index(text, "\\")) > 0) {
            next_one = substr(text, at + 1, 1)
            printf "%s%s", substr(text, 1, at - 1), next_one == "n" ? "\n" : next_one == "t" ? "\t" : \
                next_one == "r" ? "\r" : next_one == "u" ? "\\u" : next_one
            text = substr(text, at + 2)
        }
        printf "%s", text
    }'
}

# Percent-encoding of all but letters, digits and "-._~"; small hex digits unless "upper-hex" is given.
_url_encode() {
    od -An -v -tx1 | awk -v upper="${1-}" '
        BEGIN {
            plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
            for (i = 33; i < 127; i++) {
                letter = sprintf("%c", i)
                if (index(plain, letter)) { as_it_is[sprintf("%02x", i)] = letter }
            }
        }
        {
            for (i = 1; i <= NF; i++) {
                if ($i in as_it_is) { printf "%s", as_it_is[$i] }
                else { printf "%%%s", upper == "upper-hex" ? toupper($i) : $i }
            }
        }'
}
# base64 to base64url
_url_replace() { tr '/+' '_-' | tr -d '= '; }
_durl_replace_base64() {
    _ev_text=$(tr -d '\r\n' | tr '_-' '/+')
    case $((${#_ev_text} % 4)) in
        2) _ev_text=$_ev_text== ;;
        3) _ev_text=$_ev_text= ;;
    esac
    printf '%s' "$_ev_text"
}

_isIPv4() { printf '%s\n' "$1" | grep -Eq '^[0-9]{1,3}(\.[0-9]{1,3}){3}$'; }
_isIPv6() { printf '%s\n' "$1" | grep -Eq '^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$'; }
# Names come as A-labels.
_is_idn() { ! printf '%s' "$1" | LC_ALL=C grep -q '^[ -~]*$'; }
_idn() { printf '%s\n' "$1"; }

_math() { printf '%s' "$(($*))"; }
_time() { date -u +%s; }
_utc_date() { date -u '+%Y-%m-%d %H:%M:%S'; }
_date2time() { date -u -d "$(printf '%s' "$1" | tr -d 'Z' | tr 'T' ' ')" +%s; }
_sleep() { sleep "$1"; }
_exists() { command -v "$1" >/dev/null 2>&1; }
_mktemp() { mktemp "$_ev_tmp/file.XXXXXXXXXX"; }
