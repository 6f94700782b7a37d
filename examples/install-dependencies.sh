#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs, by package name, what building and trying gst-tus needs on Debian 12/13 and Ubuntu 24.04.
# Run it, or source it and call install_packages. Does nothing, and needs no network, when all is there.
#
#   bash examples/install-dependencies.sh            what a build and the quickstart need
#   bash examples/install-dependencies.sh --tests    and what the whole test suite needs

build_packages=(
    g++ meson ninja-build pkg-config python3
    libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libsoup-3.0-dev libjson-glib-dev zlib1g-dev
    libgnutls28-dev libdeflate-dev
)
runtime_packages=(
    ca-certificates glib-networking gstreamer1.0-tools gstreamer1.0-plugins-base
    gstreamer1.0-plugins-base-apps gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
    gstreamer1.0-plugins-ugly gstreamer1.0-libav gstreamer1.0-x
)

# Prints the packages of the arguments that are not installed. Where a tool came from somewhere else
# than its Debian package (a newer Node.js, say), what counts is that the command is there.
missing_packages() {
    local package
    for package in "$@"; do
        case "$package" in
            golang-go) command -v go > /dev/null && continue ;;
            nodejs) command -v node > /dev/null && continue ;;
            npm | nginx | valgrind | clang | python3 | meson) command -v "$package" > /dev/null && continue ;;
            systemd) command -v systemd-analyze > /dev/null && continue ;;
            clang-format-14) clang_format_14 > /dev/null && continue ;;
            chromium) command -v chromium > /dev/null && continue ;;
            xvfb) command -v Xvfb > /dev/null && continue ;;
            ffmpeg) command -v ffprobe > /dev/null && continue ;;
            python3-venv) python3 -c 'import ensurepip, venv' 2> /dev/null && continue ;;
            curl) command -v curl > /dev/null && continue ;;
            g++) command -v g++ > /dev/null && continue ;;
            ninja-build) command -v ninja > /dev/null && continue ;;
            pkg-config) command -v pkg-config > /dev/null && continue ;;
        esac
        if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null)" != installed ]; then
            echo "$package"
        fi
    done
}

# Prints the clang-format that the layout of the sources is made with; fails where there is none.
clang_format_14() {
    local name
    for name in clang-format-14 clang-format; do
        if command -v "$name" > /dev/null && "$name" --version | grep -q 'version 14\.'; then
            echo "$name"
            return 0
        fi
    done
    return 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo "$@"
    else
        return 1
    fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@"
}

# install_packages PACKAGE...: installs those that are missing; fails when one cannot be had. With
# GST_TUS_INSTALL=no it only looks.
install_packages() {
    if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
        echo "This is neither Debian nor Ubuntu: install what these packages hold yourself: $*" >&2
        return 0
    fi
    local missing log
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "${GST_TUS_INSTALL-}" = no ]; then
        echo "Not installed: ${missing[*]}" >&2
        return 1
    fi
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo > /dev/null; then
        echo "Neither root nor sudo here. As root: apt-get update && apt-get install ${missing[*]}" >&2
        return 1
    fi
    echo "Installing: ${missing[*]}"
    log=$(mktemp)
    # The lists of a machine may be old or absent; only then is the update worth its time.
    if ! apt_install "${missing[@]}" > "$log" 2>&1; then
        if ! { as_root apt-get update -q && apt_install "${missing[@]}"; } > "$log" 2>&1; then
            tail -n 20 "$log" >&2
            rm -f "$log"
            echo "Could not install: ${missing[*]}" >&2
            return 1
        fi
    fi
    rm -f "$log"
}

# nginx is needed as a program only: its package starts a web server, which is not asked for here.
install_nginx() {
    command -v nginx > /dev/null && return 0
    [ -x /usr/sbin/nginx ] && return 0
    install_packages nginx || return 1
    if [ -d /run/systemd/system ]; then
        as_root systemctl disable --now nginx > /dev/null 2>&1 || true
    fi
}

install_build_dependencies() {
    install_packages "${build_packages[@]}" "${runtime_packages[@]}"
}

install_test_dependencies() {
    install_build_dependencies || return 1
    # What only the interop suite wants is worth having, but its lack is no reason to run nothing:
    # the cases that need it say so.
    install_packages ffmpeg || true
    install_packages xvfb || true
    install_packages nodejs npm || true
    install_packages golang-go || true
    # for a server from the Python index: Debian's python3 alone makes no virtual environment
    install_packages python3-venv || true
    # some commands of the pages
    install_packages curl || true
    install_nginx || true
    # For the page suite only, which is skipped without it.
    install_packages chromium || true
    # What the examples in Python and JavaScript want, and cameras for their tests.
    install_packages python3-gst-1.0 || true
    install_packages gjs gir1.2-gstreamer-1.0 || true
    install_packages gir1.2-gst-rtsp-server-1.0 || true
    # An RTMP server, which is a module of nginx.
    install_packages libnginx-mod-rtmp || true
    # Newer releases have other versions only.
    if apt-cache show clang-format-14 > /dev/null 2>&1; then
        install_packages clang-format-14 || true
    fi
    # What reads the plugin's metadata, and the manifest of Flatpak.
    install_packages appstream || true
    install_packages flatpak-builder || true
    # For systemd-analyze only: no systemd has to run.
    install_packages systemd || true
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -euo pipefail
    case "${1-}" in
        '') install_build_dependencies ;;
        --tests) install_test_dependencies ;;
        *)
            sed -n '2,/^[^#]/{/^# SPDX-/d;s/^# \{0,1\}//p}' "$0"
            [ "$1" = --help ] || exit 2
            ;;
    esac
fi
