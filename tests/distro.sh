#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# Tries the README's two commands on bare machines: the quickstart and the test script, as root, and as
# a user with sudo in a folder with a space in its name. A machine is a chroot that debootstrap makes
# below $TMPDIR, from the mirror and with the settings that apt has here, and with the certificates that
# were added here. What is installed before the two commands are Debian's packages only.
#
#   bash tests/distro.sh NAME... [--as WHO] [-- OPTION...]
#
# NAME is debian-12, debian-13, debian-sid or debian-12-i386. WHO is root or someone (the user): only
# as that one, in half of the time. OPTION... are tests/run.sh's (-- --suite unit, say). As root, on
# Debian or Ubuntu. Prints a line for each; their output is in build-distro/. Mounts and processes end
# with it, however it ends.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. examples/install-dependencies.sh

usage() {
    sed -n '2,/^[^#]/{/^# SPDX-/d;s/^# \{0,1\}//p}' tests/distro.sh
}

names=()
who=(someone root)
while [ $# -gt 0 ]; do
    case "$1" in
        debian-12 | debian-13 | debian-sid | debian-12-i386) names+=("$1") ;;
        --help | -h)
            usage
            exit 0
            ;;
        --as)
            case "${2-}" in
                root | someone) who=("$2") ;;
                *)
                    echo "--as wants root or someone" >&2
                    exit 2
                    ;;
            esac
            shift
            ;;
        --)
            shift
            break
            ;;
        *)
            echo "unknown name: $1" >&2
            usage >&2
            exit 2
            ;;
    esac
    shift
done
if [ ${#names[@]} -eq 0 ]; then
    usage >&2
    exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "A chroot needs root." >&2
    exit 2
fi

# All mounts are in a namespace of our own, all processes in another: nothing of them outlives us, and
# what is left on the disk is removed from outside, where nothing of this machine's is mounted in it.
if [ -z "${GST_TUS_DISTRO_TOP-}" ]; then
    install_packages debootstrap
    GST_TUS_DISTRO_TOP=$(mktemp -d "${TMPDIR:-/tmp}/gst-tus-distro.XXXXXX")
    export GST_TUS_DISTRO_TOP
    inside=
    clean_up() {
        if [ -n "$inside" ]; then
            kill -KILL "$inside" 2> /dev/null || true
            wait "$inside" 2> /dev/null || true
        fi
        rm -rf --one-file-system "$GST_TUS_DISTRO_TOP"
    }
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    if [ ${#who[@]} -eq 1 ]; then names+=(--as "${who[0]}"); fi
    unshare --mount --propagation private --pid --fork --kill-child \
        bash tests/distro.sh "${names[@]}" -- "$@" &
    inside=$!
    status=0
    wait "$inside" || status=$?
    inside=
    exit "$status"
fi
top=$GST_TUS_DISTRO_TOP
unset GST_TUS_DISTRO_TOP

logs=$PWD/build-distro
bundle=/etc/ssl/certs/ca-certificates.crt
trust=() # what npm and pip must be told of it
failed=0

# Only what is on the disk itself: what is mounted there is this machine's.
remove() { # ROOT
    local point
    for point in dev/shm dev/pts dev sys proc; do
        if mountpoint -q "$1/$point"; then umount -l "$1/$point"; fi
    done
    rm -rf --one-file-system "$1"
}

# Where apt gets Debian's packages from here. A security archive has no base system.
mirror() {
    local found
    found=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        sed -n 's/^Debian \(.*\)/\1/p' | head -n 1)
    if [ -z "$found" ]; then
        echo "apt knows no mirror of Debian here: is apt-get update needed?" >&2
        return 1
    fi
    echo "$found"
}

bootstrap() { # NAME ROOT MIRROR
    local suite arch=()
    case "$1" in
        debian-12*) suite=bookworm ;;
        debian-13*) suite=trixie ;;
        debian-sid) suite=sid ;;
    esac
    if [[ $1 == *-i386 ]]; then arch=(--arch=i386); fi
    debootstrap --variant=minbase --include=ca-certificates,sudo "${arch[@]}" "$suite" "$2" "$3"
}

# What a bare machine has besides: a network, no services, and somebody who may use sudo.
furnish() { # ROOT
    local root=$1 file
    mount -t proc proc "$root/proc"
    mount --bind /sys "$root/sys"
    mount --bind /dev "$root/dev"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
    mount -t tmpfs tmpfs "$root/dev/shm"
    for file in resolv.conf hosts; do
        rm -f "$root/etc/$file"
        cp -L "/etc/$file" "$root/etc/$file"
    done
    apt-config dump | grep -E '^Acquire::(Check-|http|ftp|Retries)' \
        > "$root/etc/apt/apt.conf.d/90this-machine" || true
    # Whom this machine trusts, where it reaches others through a proxy of its own.
    if compgen -G '/usr/local/share/ca-certificates/*.crt' > /dev/null; then
        cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
        chroot "$root" update-ca-certificates > /dev/null 2>&1
        trust=(NODE_EXTRA_CA_CERTS="$bundle" PIP_CERT="$bundle")
    fi
    printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
    chmod +x "$root/usr/sbin/policy-rc.d"
    chroot "$root" useradd --create-home --shell /bin/bash someone
    echo 'someone ALL=(ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/someone"
}

# What git has or would have.
copy_sources() { # FOLDER
    mkdir -p "$1"
    git -c safe.directory="$PWD" ls-files -z --cached --others --exclude-standard |
        tar -c --null --ignore-failed-read -T - 2> /dev/null | tar -x -C "$1"
}

# One line. What the command said last is part of it.
try() { # NAME ROOT WHO FOLDER COMMAND...
    local name=$1 root=$2 who=$3 folder=$4 start=$SECONDS status=0 home log said
    shift 4
    home=$(chroot "$root" getent passwd "$who" | cut -d: -f6)
    log=$logs/$name-$who-$(basename "$2" .sh).log
    local personality=()
    if [[ $name == *-i386 ]]; then personality=(setarch i686); fi
    "${personality[@]}" chroot "$root" setpriv --reuid="$who" --regid="$who" --init-groups \
        env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME="$home" USER="$who" TERM=dumb ${http_proxy:+http_proxy="$http_proxy"} \
        ${https_proxy:+https_proxy="$https_proxy"} "${trust[@]}" \
        bash -c 'cd "$1" && shift && exec "$@"' bash "$folder" "$@" \
        > "$log" 2>&1 < /dev/null || status=$?
    said=$(tail -n 1 "$log")
    printf '%-15s %-8s %-24s %s, %d s: %s\n' "$name" "$who" "$2" \
        "$([ "$status" -eq 0 ] && echo passed || echo "FAILED ($status)")" \
        $((SECONDS - start)) "$said"
    [ "$status" -eq 0 ] || failed=1
}

try_machine() { # NAME RUN-OPTION...
    local name=$1 root=$top/$1 from one folder
    shift
    from=$(mirror)
    if ! bootstrap "$name" "$root" "$from" > "$logs/$name-debootstrap.log" 2>&1; then
        printf '%-15s FAILED: debootstrap: %s\n' "$name" "$(tail -n 1 "$logs/$name-debootstrap.log")"
        failed=1
        return 0
    fi
    furnish "$root"
    # The user first: the machine is bare for sudo, too.
    for one in "${who[@]}"; do
        folder=/root/gst-tus
        if [ "$one" = someone ]; then folder="/home/someone/a folder/gst-tus"; fi
        copy_sources "$root$folder"
        chroot "$root" chown -R "$one:$one" "${folder%/gst-tus}"
        try "$name" "$root" "$one" "$folder" bash examples/quickstart.sh
        try "$name" "$root" "$one" "$folder" bash tests/run.sh "$@"
    done
    remove "$root"
}

mkdir -p "$logs"
for name in "${names[@]}"; do
    try_machine "$name" "$@"
done
exit "$failed"
