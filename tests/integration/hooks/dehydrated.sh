#!/usr/bin/env bash
# A hook of dehydrated, with and without HOOK_CHAIN: deploy_challenge|clean_challenge, then DOMAIN TOKEN VALUE, once or oftener.
set -e

update() {
    local action="$1"
    shift
    {
        printf 'server %s %s\n' "${NSUPDATE_SERVER}" "${NSUPDATE_SERVER_PORT}"
        while [ $# -ge 3 ]; do
            if [ "${action}" = add ]; then
                printf 'update add _acme-challenge.%s. 300 IN TXT "%s"\n' "${1}" "${3}"
            else
                printf 'update delete _acme-challenge.%s. TXT "%s"\n' "${1}" "${3}"
            fi
            shift 3
        done
        printf 'send\n'
    } | nsupdate -k "${NSUPDATE_KEY}"
}

deploy_challenge() { update add "$@"; }
clean_challenge() { update delete "$@"; }

HANDLER="$1"
shift
if [[ "${HANDLER}" =~ ^(deploy_challenge|clean_challenge)$ ]]; then
    "${HANDLER}" "$@"
fi
