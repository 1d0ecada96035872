# shellcheck shell=dash
# Bytes and digests. Keys are in variables and pipes only: `openssl -hmac KEY` would show them to everybody.
_hex_dump() { od -An -v -tx1 | tr -d '\n'; }
_ascii_hex() { _hex_dump | tr -d ' '; }
# Hex digits to bytes
_h2b() {
    # shellcheck disable=SC2059  # octal escapes only
    printf "$(tr -d ' \r\n' | awk '
        BEGIN { digits = "0123456789abcdef" }
        {
            line = tolower($0)
            for (i = 1; i < length(line); i += 2) {
                printf "\\%03o", (index(digits, substr(line, i, 1)) - 1) * 16 + index(digits, substr(line, i + 1, 1)) - 1
            }
        }')"
}
# [multiline]
_base64() { if [ -n "${1-}" ]; then base64 -w 64; else base64 -w 0; fi; }
_dbase64() { base64 -d; }

# ALGORITHM [hex]: base64, or hex digits
_digest() {
    case ${1-} in
        md5 | sha1 | sha224 | sha256 | sha384 | sha512) ;;
        *) _err "the digest '${1-}' is not known here" || return 1 ;;
    esac
    if [ -n "${2-}" ]; then
        "$1sum" | cut -d ' ' -f 1
    else
        "$1sum" | cut -d ' ' -f 1 | _h2b | _base64
    fi
}
_hash() { _digest "$@"; }

# The key's hex digits filled up to a block and combined with one byte (RFC 2104). KEY BLOCK BYTE
_ev_pad() {
    printf '%s\n' "$1" | awk -v block="$2" -v byte="$3" '
        function differ(a, b,   sum, bit) {
            for (bit = 1; bit < 256; bit *= 2) { if ((int(a / bit) + int(b / bit)) % 2) { sum += bit } }
            return sum + 0
        }
        BEGIN { digits = "0123456789abcdef" }
        {
            for (i = 1; i <= 2 * block; i += 2) {
                key = 0
                if (i < length($0)) {
                    key = (index(digits, substr($0, i, 1)) - 1) * 16 + index(digits, substr($0, i + 1, 1)) - 1
                }
                printf "%02x", differ(key, byte)
            }
        }' | _h2b
}
# ALGORITHM KEY_IN_HEX [hex]: bytes, or hex digits
_hmac() {
    case ${1-} in
        sha384 | sha512) _ev_block=128 ;;
        *) _ev_block=64 ;;
    esac
    _ev_key=$(printf '%s' "${2-}" | tr -d ' \r\n' | tr 'A-F' 'a-f')
    if [ "${#_ev_key}" -gt "$((2 * _ev_block))" ]; then
        _ev_key=$(printf '%s' "$_ev_key" | _h2b | _digest "$1" hex)
    fi
    _ev_inner=$({
        _ev_pad "$_ev_key" "$_ev_block" 54
        cat
    } | _digest "$1" hex) || return 1
    _ev_outer=$({
        _ev_pad "$_ev_key" "$_ev_block" 92
        printf '%s' "$_ev_inner" | _h2b
    } | _digest "$1" hex)
    if [ -n "${3-}" ]; then printf '%s\n' "$_ev_outer"; else printf '%s' "$_ev_outer" | _h2b; fi
}
# KEYFILE ALGORITHM: the signature of what is read, in base64
_sign() { "$ACME_OPENSSL_BIN" dgst -"$2" -sign "$1" | _base64; }
