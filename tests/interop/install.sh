#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# Gets the real servers and the real client of the interop suite: tusd, also the last one of its first
# version, from the Go module proxy and aiohttp-tus from the Python index into a cache folder,
# @tus/server, tus-node-server and tus-js-client from the npm registry beside this script (package.json
# puts a small package in place of the two large ones that tus-node-server needs for clouds only). Does
# nothing when they are there. What cannot be had is said aloud; the cases that need it are skipped.

tusd_versions=(github.com/tus/tusd/v2@v2.10.0 github.com/tus/tusd@v1.13.0)
tusd_go=1.25.8 # what the newest of them asks for

interop_cache=${XDG_CACHE_HOME:-$HOME/.cache}/gst-tus
interop_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Prints the module's folder in the module cache.
module_folder() { # GO MODULE@VERSION
    local answer
    answer=$("$1" mod download -json "$2") || true
    sed -n 's/^\t"Error": "\(.*\)".*/\1/p' <<< "$answer" >&2
    sed -n 's/^\t"Dir": "\(.*\)".*/\1/p' <<< "$answer"
}

# Prints a go command that is new enough. Go is itself a module of the proxy, so an older go can
# fetch it; Debian 12's is too old to do that by itself.
go_for_tusd() {
    local have folder platform
    have=$(go env GOVERSION) && have=${have#go}
    if [ "$(printf '%s\n' "$tusd_go" "${have%% *}" | sort -V | head -n 1)" = "$tusd_go" ]; then
        command -v go
        return 0
    fi
    platform=$(go env GOOS)-$(go env GOARCH)
    folder=$(module_folder go "golang.org/toolchain@v0.0.1-go$tusd_go.$platform")
    [ -n "$folder" ] || return 1
    # A module has no executable files.
    chmod -R u+x "$folder/bin" "$folder/pkg/tool"
    echo "$folder/bin/go"
}

install_tusd() { # MODULE@VERSION
    local tusd_version=${1#*@} go folder log
    local target=$interop_cache/tusd-$tusd_version
    [ -x "$target" ] && return 0
    if ! command -v go > /dev/null; then
        echo "tusd $tusd_version: no Go here, its cases will be skipped"
        return 0
    fi
    echo "Building tusd $tusd_version (once, some minutes)"
    mkdir -p "$interop_cache"
    log=$(mktemp)
    # From the module's own folder: tusd's own go.sum says what its dependencies are.
    if ! { go=$(go_for_tusd) &&
        export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false &&
        folder=$(module_folder "$go" "$1") && [ -n "$folder" ] &&
        (cd "$folder" && timeout 1200 "$go" build -mod=readonly -o "$target.part" ./cmd/tusd) &&
        mv "$target.part" "$target"; } 2> "$log"; then
        sed '/^go: downloading/d' "$log" | tail -n 5
        echo "tusd $tusd_version: could not be built, its cases will be skipped"
    fi
    rm -f "$log"
}

# npm 9, which Debian 12 and 13 have, fails where one package stands in for another (package.json).
npm_ci() {
    local npm=(npm)
    case "$(npm --version)" in
        [1-9].*) npm=(npm exec --yes --package=npm@10.9.4 -- npm) ;;
    esac
    cd "$interop_folder" && timeout 600 "${npm[@]}" ci --no-audit --no-fund
}

install_node_packages() {
    local stamp=$interop_folder/node_modules/.installed-from log
    cmp -s "$interop_folder/package-lock.json" "$stamp" && return 0
    if ! command -v npm > /dev/null; then
        echo "@tus/server, tus-node-server, tus-js-client: no npm here, their cases will be skipped"
        return 0
    fi
    log=$(mktemp)
    if (npm_ci) > "$log" 2>&1; then
        cp "$interop_folder/package-lock.json" "$stamp"
    else
        tail -n 5 "$log"
        echo "@tus/server, tus-node-server, tus-js-client: npm ci failed, their cases will be skipped"
    fi
    rm -f "$log"
}

install_python_packages() {
    local folder=$interop_cache/python log
    cmp -s "$interop_folder/requirements.txt" "$folder/.installed-from" && return 0
    log=$(mktemp)
    rm -rf "$folder"
    mkdir -p "$interop_cache"
    if { python3 -m venv "$folder" &&
        timeout 300 "$folder/bin/pip" install -q -r "$interop_folder/requirements.txt"; } > "$log" 2>&1; then
        cp "$interop_folder/requirements.txt" "$folder/.installed-from"
    else
        tail -n 3 "$log"
        echo "aiohttp-tus: could not be installed, its cases will be skipped"
    fi
    rm -f "$log"
}

install_interop() {
    local version
    for version in "${tusd_versions[@]}"; do
        (install_tusd "$version")
    done
    install_node_packages
    install_python_packages
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -euo pipefail
    install_interop
fi
