#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a test program with GStreamer's leaks tracer, and fails when an object outlives it.
#
#   tests/support/leaks.sh PROGRAM ARGUMENT...     (meson test --wrapper; tests/run.sh --leaks)
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# mp4mux itself loses a buffer where what is behind it fails.
set -- "$@" -s /muxers/rewriting/mp4-then-finalise

GST_TRACERS=leaks GST_DEBUG=GST_TRACER:7,leaks:7 GST_DEBUG_NO_COLOR=1 GST_DEBUG_FILE=$log "$@"
status=$?
# It looks at its end only.
if grep -q 'object-alive.class' "$log" && ! grep -q 'checking for leaks' "$log"; then
    echo "the tracer was not asked at the end: does the program call gst_deinit()?" >&2
    [ "$status" -ne 0 ] || status=1
fi
alive=$(sed -n '/new format string/d; s/.* object-alive, //p' "$log" | head -n 40)
if [ -n "$alive" ]; then
    printf 'still alive at the end:\n%s\n' "$alive" >&2
    [ "$status" -ne 0 ] || status=1
fi
exit "$status"
