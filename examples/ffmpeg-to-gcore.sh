#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# Uploads what ffmpeg makes, while it makes it, as one MPEG-TS file.
#
#   bash examples/ffmpeg-to-gcore.sh NAME FFMPEG-ARGUMENT...
#
#   bash examples/ffmpeg-to-gcore.sh door.m2ts -i rtsp://CAMERA/stream -c copy
#   bash examples/ffmpeg-to-gcore.sh talk.m2ts -i talk.mov -c:v libx264 -c:a aac
#
# The first Ctrl-C ends ffmpeg, and the upload is finished; the second one does not wait for it. When
# ffmpeg fails, or writes nothing, nothing is declared complete: what has been recorded until then is
# kept, and the line that finishes it is printed. Credentials: GCORE_API_KEY. Another sink:
# GST_TUS_SINK='tussink endpoint=https://tus.example.org/files/'.
#
# Exit status: 0 the server has everything; 1 the upload failed; 2 usage; 3 ffmpeg failed.
set -uo pipefail

if [ $# -lt 2 ]; then
    sed -n '2,/^[^#]/{/^# SPDX-/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
    [ "${1-}" = --help ] && exit 0
    exit 2
fi
name=$1
shift
for program in ffmpeg gst-launch-1.0; do
    command -v "$program" > /dev/null || {
        echo "$program is not installed" >&2
        exit 2
    }
done

folder=$(mktemp -d) || exit 1
mkfifo "$folder/pipe" || exit 1
upload='' ffmpeg='' interrupts=0

clean_up() {
    rm -rf "$folder"
}
trap clean_up EXIT

# Both in sessions of their own: what Ctrl-C means for which is said here. What bash starts in the
# background ignores it, if it is not told otherwise.
alone() {
    exec setsid env --default-signal=INT "$@"
}

# Without -e an interruption is no end of the stream: the sink keeps what it has, declares nothing.
start_upload() {
    local sink
    read -r -a sink <<< "${GST_TUS_SINK:-gcoresink}"
    alone gst-launch-1.0 fdsrc fd=0 blocksize=65536 ! "${sink[@]}" "location=$name" on-stop=keep \
        < "$folder/pipe" &
    upload=$!
    exec 3> "$folder/pipe" # held open until it is known how ffmpeg ended
}

start_ffmpeg() {
    alone ffmpeg -hide_banner -nostdin -loglevel warning -abort_on empty_output "$@" \
        -f mpegts pipe:1 <&0 >&3 3>&- &
    ffmpeg=$!
}

interrupted() {
    interrupts=$((interrupts + 1))
    if [ "$interrupts" -eq 1 ] && [ -n "$ffmpeg" ]; then
        kill -INT "$ffmpeg" 2> /dev/null
    else
        [ -z "$ffmpeg" ] || kill -KILL "$ffmpeg" 2> /dev/null
        kill -INT "$upload" 2> /dev/null
    fi
}
trap interrupted INT TERM HUP

# The exit status of a process of ours; a trap ends bash's wait, not the process.
ended() { # PID
    local status
    while :; do
        wait "$1"
        status=$?
        kill -0 "$1" 2> /dev/null || return "$status"
    done
}

start_upload
start_ffmpeg "$@"
ended "$ffmpeg"
made=$?
ffmpeg=''
# It says 255 after an interruption that ended it as it should.
if [ "$made" -eq 255 ] && [ "$interrupts" -eq 1 ]; then
    made=0
fi
if ! jobs -rp | grep -qx "$upload"; then # what ffmpeg wrote went nowhere: it is not to blame
    ended "$upload"
    echo "The upload failed (exit status $?)." >&2
    exit 1
fi
if [ "$made" -ne 0 ]; then
    echo "ffmpeg failed (exit status $made): the upload is not finished." >&2
    kill -INT "$upload" 2> /dev/null
    ended "$upload" # before the end of the file, which would be the end of the recording
    exit 3
fi
exec 3>&- # the end of the file
ended "$upload"
uploaded=$?
if [ "$uploaded" -ne 0 ] || [ "$interrupts" -gt 1 ]; then
    echo "The upload failed (exit status $uploaded)." >&2
    exit 1
fi
echo "ffmpeg and the upload have ended well: $name is at the server."
