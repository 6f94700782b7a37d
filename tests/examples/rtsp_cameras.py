#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""RTSP cameras for tests: as many as asked for, each at
rtsp://127.0.0.1:PORT/cameraN, and one with sound at /stream.

rtsp_cameras.py COUNT [PORT]: prints "listening on rtsp://127.0.0.1:PORT/"; ends with its input.
SIGSTOP and SIGCONT freeze the cameras; killed and started again on the port they were away.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
# pylint: disable=wrong-import-position
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PICTURE = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast bitrate=300 key-int-max=15 "
    "! h264parse ! rtph264pay name=pay0 pt=96 )"
)
SOUND = (
    "audiotestsrc is-live=true ! audioconvert ! avenc_aac ! aacparse ! rtpmp4gpay name=pay1 pt=97 )"
)


def main():
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[2] if len(sys.argv) > 2 else "0")
    for number in range(int(sys.argv[1])):
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(PICTURE)
        factory.set_shared(True)
        server.get_mount_points().add_factory(f"/camera{number}", factory)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"{PICTURE[:-1]} {SOUND}")
    factory.set_shared(True)
    server.get_mount_points().add_factory("/stream", factory)
    if not server.attach(None):
        sys.exit("rtsp_cameras.py: can not listen")
    print(f"listening on rtsp://127.0.0.1:{server.get_bound_port()}/", flush=True)
    loop = GLib.MainLoop()
    GLib.io_add_watch(
        0, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP,
        lambda *_: loop.quit(),
    )  # fmt: skip
    loop.run()


if __name__ == "__main__":
    main()
