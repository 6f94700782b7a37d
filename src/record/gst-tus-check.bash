# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion of gst-tus-check
_gst_tus_check() {
    local cur prev
    COMPREPLY=()
    cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    if [[ $cur == "=" ]]; then cur=; elif [[ $prev == "=" ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi
    case $prev in
        -k | --api-key | --api-url | --timeout) ;;
        *)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "--api-key --api-url --timeout --json --version \
                    --help" -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -W "https:// http://" -- "$cur")
            fi
            ;;
    esac
}
complete -o nospace -F _gst_tus_check gst-tus-check
