# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion of gst-tus-recover
_gst_tus_recover() {
    local cur prev
    COMPREPLY=()
    cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    if [[ $cur == "=" ]]; then cur=; elif [[ $prev == "=" ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi
    case $prev in
        --ca-file | --cert-file | --key-file) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        -d | --delete | --send-again)
            mapfile -t COMPREPLY < <(compgen -W "$(gst-tus-recover --list --json 2> /dev/null |
                sed -n 's/.*"id":"\([^"]*\)".*/\1/p')" -- "$cur")
            ;;
        -t | --to) mapfile -t COMPREPLY < <(compgen -W "gcore https://" -- "$cur") ;;
        --on-complete | --on-failure) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
        -k | --api-key | --api-url | --authorization | -H | --header | -u | --url | -m | --metadata | \
            --proxy | --max-rate | --command-timeout | --outage-timeout) ;;
        *)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "--list --watch --delete --send-again --to --json \
                    --on-complete --on-failure --command-timeout --outage-timeout --max-rate \
                    --version --api-key --api-url --authorization --header --url --metadata \
                    --ca-file --cert-file --key-file --proxy --insecure --help" -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -d -- "$cur")
            fi
            ;;
    esac
}
complete -o filenames -F _gst_tus_recover gst-tus-recover
