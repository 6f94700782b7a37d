#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the soak records, in one process: one long recording, one that is cut into files of two
seconds, and one after the other of a few seconds, some of them stopped without an end. Prints a
line of JSON for each upload that is complete. Must not know what is
measured, nor that servers go away.

soak_recorder.py ENDPOINT SECONDS
"""

import itertools
import json
import sys

import gi

gi.require_version("Gst", "1.0")
# pylint: disable=wrong-import-position
from gi.repository import GLib, Gst  # noqa: E402

PICTURE = (
    "videotestsrc is-live=true pattern=snow ! video/x-raw,width=320,height=240,framerate=15/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast bitrate=1500 key-int-max=15 ! h264parse "
)
SHORT = 4  # seconds
LIMITS = "flush-interval=200,max-memory=(guint64)2097152"


class Soak:
    """Three pipelines, until the time is over and all of them have ended."""

    def __init__(self, endpoint, seconds):
        sink = f"tussink {LIMITS.replace(',', ' ').replace('(guint64)', '')} endpoint={endpoint}"
        self.loop = GLib.MainLoop()
        self.created = 0
        self.good = True
        self.over = False
        self.running = set()
        self.sink = sink
        self.numbers = itertools.count(1)
        GLib.timeout_add(int(seconds * 1000), self.end)
        self.add(f"{PICTURE} ! mpegtsmux ! {sink} location=long.ts")
        self.add(
            f"{PICTURE} ! splitmuxsink location=part%06d.ts max-size-time=2000000000 "
            "async-finalize=true send-keyframe-requests=false muxer-factory=mpegtsmux "
            f'sink-factory=tussink sink-properties="properties,{LIMITS},endpoint={endpoint}"'
        )
        self.record_short()

    def add(self, description):
        pipeline = Gst.parse_launch(description)
        bus = pipeline.get_bus()
        bus.add_signal_watch()
        handler = bus.connect("message", self.on_message, pipeline)
        self.running.add(pipeline)
        pipeline.handler = handler
        pipeline.set_state(Gst.State.PLAYING)
        return pipeline

    def record_short(self):
        number = next(self.numbers)
        pipeline = self.add(f"{PICTURE} ! matroskamux ! {self.sink} location=short{number}.mkv")
        GLib.timeout_add_seconds(SHORT, self.end_short, pipeline, number)

    def end_short(self, pipeline, number):
        if pipeline in self.running:
            if number % 4:
                pipeline.send_event(Gst.Event.new_eos())
            else:
                self.remove(pipeline)  # without an end: finished within stop-timeout, or kept
        if not self.over:
            self.record_short()
        return GLib.SOURCE_REMOVE

    def on_message(self, _bus, message, pipeline):
        if message.type == Gst.MessageType.EOS:
            self.remove(pipeline)
        elif message.type == Gst.MessageType.ERROR:
            print(message.parse_error(), file=sys.stderr)
            self.good = False
            self.remove(pipeline)
        elif message.type == Gst.MessageType.ELEMENT:
            self.tell(message.get_structure())

    def tell(self, fields):
        if fields.get_name() == "tus-upload-created":
            self.created += 1
        elif fields.get_name() == "tus-upload-kept":
            self.created -= 1  # stopped in an outage: nobody waits for it
        elif fields.get_name() == "tus-upload-complete":
            say("complete", url=fields.get_value("upload-url"), bytes=fields.get_value("bytes"),
                sha256=fields.get_value("sha256"))  # fmt: skip

    def remove(self, pipeline):
        bus = pipeline.get_bus()
        bus.remove_signal_watch()
        bus.disconnect(pipeline.handler)
        pipeline.set_state(Gst.State.READY)
        while message := bus.pop():
            if message.type == Gst.MessageType.ELEMENT:
                self.tell(message.get_structure())
        pipeline.set_state(Gst.State.NULL)
        self.running.discard(pipeline)
        if self.over and not self.running:
            self.loop.quit()

    def end(self):
        self.over = True
        for pipeline in list(self.running):
            pipeline.send_event(Gst.Event.new_eos())
        return GLib.SOURCE_REMOVE


def say(kind, **fields):
    print(json.dumps({"kind": kind, **fields}), flush=True)


def main():
    Gst.init(None)
    soak = Soak(sys.argv[1], float(sys.argv[2]))
    soak.loop.run()
    say("ended", created=soak.created)
    return 0 if soak.good else 1


if __name__ == "__main__":
    sys.exit(main())
