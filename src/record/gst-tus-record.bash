# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion of gst-tus-record
_gst_tus_record() {
    local cur prev
    COMPREPLY=()
    cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    # "--to=gcore" comes as three words
    if [[ $cur == "=" ]]; then cur=; elif [[ $prev == "=" ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi
    case $prev in
        -t | --to) mapfile -t COMPREPLY < <(compgen -W "gcore https://" -- "$cur") ;;
        -c | --container) mapfile -t COMPREPLY < <(compgen -W "mp4 mkv ts webm" -- "$cur") ;;
        -w | --wait) mapfile -t COMPREPLY < <(compgen -W "none pending viewable ready" -- "$cur") ;;
        -a | --audio) mapfile -t COMPREPLY < <(compgen -W "none" -- "$cur") ;;
        --every | --duration) mapfile -t COMPREPLY < <(compgen -W "10s 10m 30m 1h" -- "$cur") ;;
        -b | --bitrate) mapfile -t COMPREPLY < <(compgen -W "800k 2M 4M 8M" -- "$cur") ;;
        -n | --name) ;;
        --copy) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        *)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "--to --name --copy --every --duration --audio \
                    --bitrate --container --wait --list --dry-run --version --help" -- "$cur")
            else
                mapfile -t COMPREPLY < <(
                    compgen -W "test screen camera microphone rtsp://" -- "$cur"
                    compgen -f -- "$cur"
                )
            fi
            ;;
    esac
}
complete -o filenames -F _gst_tus_record gst-tus-record
