#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# Records a live test picture with sound straight to a server, and checks what arrived there.
#
#   bash examples/quickstart.sh [--seconds N] [--container mp4|mkv|ts] [--outage] [--open]
#
# Without an account: the server is gcore-standin, started here on a loopback port.
# With GCORE_API_KEY set: the recording becomes a video in that Gcore account.
#
#   --seconds N     how long to record (10; with --outage 30)
#   --container C   mp4 (fragmented, the default), mkv or ts
#   --outage        take the server away in the middle: the recording goes on, nothing is lost
#   --open          open the server's page in a browser, and keep the server up after the recording,
#                   until Ctrl-C: watch, let something go wrong
#
# Installs what is missing (apt, as root or with sudo) and builds into build/; the second time it
# only records. What was recorded is left in build/quickstart/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. examples/install-dependencies.sh

usage() {
    sed -n '2,/^[^#]/{/^# SPDX-/d;s/^# \{0,1\}//p}' examples/quickstart.sh
}

seconds=
container=mp4
outage=
open=
while [ $# -gt 0 ]; do
    case "$1" in
        --seconds)
            [[ ${2-} =~ ^[1-9][0-9]*$ ]] || {
                echo "--seconds wants a number" >&2
                exit 2
            }
            seconds=$2
            shift
            ;;
        --container)
            [[ ${2-} =~ ^(mp4|mkv|ts)$ ]] || {
                echo "--container is mp4, mkv or ts" >&2
                exit 2
            }
            container=$2
            shift
            ;;
        --outage) outage=yes ;;
        --open) open=yes ;;
        --help | -h)
            usage
            exit 0
            ;;
        *)
            echo "unknown option: $1" >&2
            usage >&2
            exit 2
            ;;
    esac
    shift
done
seconds=${seconds:-$([ -n "$outage" ] && echo 30 || echo 10)}
if [ -n "$outage$open" ] && [ -n "${GCORE_API_KEY-}" ]; then
    echo "--outage and --open need the local stand-in: unset GCORE_API_KEY" >&2
    exit 2
fi

root=$PWD
build=$root/build
out=$build/quickstart
standin_pid=

stop_standin() {
    if [ -n "$standin_pid" ]; then
        kill "$standin_pid" 2> /dev/null || true
        wait "$standin_pid" 2> /dev/null || true
    fi
}
trap stop_standin EXIT

build_all() {
    local log=$build.log teller
    if [ -f "$build/build.ninja" ]; then
        # Usually there is nothing to do.
        { sleep 2 && echo "Building what has changed"; } &
        teller=$!
    else
        echo "Building (once, a minute or two)"
        teller=
    fi
    if ! { { [ -f "$build/build.ninja" ] || meson setup "$build"; } &&
        meson compile -C "$build" gsttus gcore-standin recorder; } > "$log" 2>&1; then
        tail -n 40 "$log" >&2
        echo "The build failed." >&2
        if [ -n "$teller" ]; then kill "$teller" 2> /dev/null || true; fi
        exit 1
    fi
    if [ -n "$teller" ]; then kill "$teller" 2> /dev/null || true; fi
    mv "$log" "$build/quickstart-build.log"
}

# The key is one for this run only. Sets api_url and page_url.
start_standin() {
    local options=() deadline=$((SECONDS + 10))
    # Counted from the start of the server: in the middle of the recording, and for half of it.
    [ -n "$outage" ] && options=(--fault "outage from $((seconds / 4 + 1)) s to $((seconds * 3 / 4)) s")
    GCORE_API_KEY="1\$$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')"
    export GCORE_API_KEY
    : > "$out/standin.log" # which is looked into before the server is there
    # In a session of its own: Ctrl-C ends the recording, not the server.
    setsid "$build/examples/standin/gcore-standin" --listen 127.0.0.1:0 --dir "$out/server" \
        --api-key "$GCORE_API_KEY" "${options[@]}" > "$out/standin.log" 2>&1 &
    standin_pid=$!
    until page_url=$(sed -n 's/^page at //p' "$out/standin.log") && [ -n "$page_url" ]; do
        if [ "$SECONDS" -ge "$deadline" ] || ! kill -0 "$standin_pid" 2> /dev/null; then
            cat "$out/standin.log" >&2
            echo "gcore-standin did not start." >&2
            exit 1
        fi
        sleep 0.05
    done
    api_url=$(sed -n 's/.*listening on \(http[^ ]*\).*/\1/p' "$out/standin.log")
}

# Whoever has no browser here opens the address somewhere else.
open_page() {
    command -v xdg-open > /dev/null || return 0
    [ -n "${DISPLAY-}${WAYLAND_DISPLAY-}" ] || return 0
    setsid xdg-open "$page_url" > /dev/null 2>&1 < /dev/null &
}

# Until Ctrl-C; the recording has been checked by then.
keep_up() {
    echo "The page stays at $page_url until Ctrl-C."
    trap 'echo; exit 0' INT TERM
    wait "$standin_pid" || true
}

result() { # NAME: of the recorder's report
    sed -n "s/^$1=//p" "$out/report" | tail -n 1
}

# Hashes must not differ: exit status 1 if they do.
compare_files() { # STORED
    local here there
    here=$(sha256sum < "$copy") && there=$(sha256sum < "$1")
    printf '%-14s %12s bytes\n  SHA-256 %s\n' \
        "recorded here" "$(stat -c %s "$copy")" "${here%% *}" \
        "at the server" "$(stat -c %s "$1")" "${there%% *}"
    if [ "$here" != "$there" ]; then
        echo "THE FILES DIFFER" >&2
        return 1
    fi
    echo "The same, byte for byte; complete $(result drain-seconds) s after the end of the recording."
}

# Says what the stored file is to a player, and that it plays to the end.
discover() { # FILE
    local pictures
    echo "gst-discoverer-1.0 says of the stored file:"
    gst-discoverer-1.0 "$1" > "$out/discoverer.txt" 2>&1 || {
        cat "$out/discoverer.txt" >&2
        return 1
    }
    grep -E '^ +(Duration|container|video|audio|Width|Height|Frame rate)' "$out/discoverer.txt"
    # The header of what is written from front to back cannot know how long it will be.
    mapfile -t pictures < <(gst-launch-1.0 -v filesrc "location=$1" ! parsebin ! video/x-h264 \
        ! fakesink silent=false sync=false 2>&1 | grep -o 'pts: [0-9:.]*' | sort)
    [ ${#pictures[@]} -gt 0 ] || {
        echo "No picture in it." >&2
        return 1
    }
    echo "It plays ${#pictures[@]} pictures, up to ${pictures[-1]#pts: }."
}

show_gcore_video() {
    VIDEO_ID=$(result video-id) python3 - << 'PY'
import json, os, urllib.request

url = os.environ.get("GCORE_BASE_URL", "https://api.gcore.com").rstrip("/")
request = urllib.request.Request(
    f"{url}/streaming/videos/{os.environ['VIDEO_ID']}",
    headers={"Authorization": "APIKey " + os.environ["GCORE_API_KEY"]},
)
with urllib.request.urlopen(request, timeout=30) as answer:
    video = json.load(answer)
print("Video", video["id"], "status", video["status"], video.get("error") or "")
for name in ("iframe_url", "hls_url", "dash_url"):
    if video.get(name):
        print(f"{name:12}", video[name])
PY
}

install_build_dependencies
build_all
rm -rf "$out"
mkdir -p "$out/server"
export GST_PLUGIN_PATH=$build/plugin${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}
export GST_REGISTRY=$build/registry.bin
# Gcore knows MPEG-TS files by this ending.
name=quickstart.${container/#ts/m2ts}
copy=$out/$name
sink="gcoresink location=$name drain-timeout=600"
if [ -n "${GCORE_API_KEY-}" ]; then
    at=Gcore
    sink="$sink wait-status=pending"
else
    start_standin
    at="gcore-standin at $api_url"
    sink="$sink api-url=$api_url wait-status=ready"
fi

if [ -n "$standin_pid" ]; then
    echo "Watch it arrive: $page_url"
    if [ -n "$open" ]; then open_page; fi
fi
echo "Recording $seconds s of live picture and sound ($container) to $at. Ctrl-C ends it earlier."
status=0
"$build/examples/recorder" --seconds "$seconds" --container "$container" \
    --copy "$copy" --report "$out/report" "$sink" || status=$?
if [ "$status" -ne 0 ]; then
    echo "The recorder failed (exit status $status)." >&2
    exit 1
fi

if [ -n "$standin_pid" ]; then
    stored=$(find "$out/server" -maxdepth 1 -type f -name "$(result video-id)-*")
    compare_files "$stored"
    if [ -n "$outage" ]; then
        echo "The server was away for $(result outage-seconds) s meanwhile."
    fi
    discover "$stored"
    echo "The recording: ${stored#"$root"/}"
    if [ -n "$open" ]; then keep_up; fi
else
    here=$(sha256sum < "$copy")
    printf 'recorded here %12s bytes\n  SHA-256 %s\n' "$(stat -c %s "$copy")" "${here%% *}"
    printf 'at the server %12s bytes, complete %s s after the end of the recording\n' \
        "$(result bytes)" "$(result drain-seconds)"
    show_gcore_video
fi
