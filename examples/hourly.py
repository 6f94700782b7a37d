#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records for days, a file for each hour of the clock, each uploaded while it is made.

    hourly.py [--name door] [--every SECONDS] [--source "v4l2src ! …"] [--sink "gcoresink"]

Files begin at the full hour (--every 3600), at the next key frame, and are named after the moment:
door-2026-11-26T20-00-00.mp4. SOURCE ends with H.264 in front of a muxer. An upload that takes
longer than the next hour holds nothing up: splitmuxsink gives each file a muxer and a sink of its
own (async-finalize).

Ctrl-C ends the recording and waits for the uploads; a second one does not wait any longer: what is
missing is kept on disk. Exit status: 0 the server has everything, 1 it does not, 2 usage.
Needs python3-gst-1.0.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from datetime import datetime

import gi

gi.require_version("Gst", "1.0")
# pylint: disable=wrong-import-position
from gi.repository import GLib, Gst  # noqa: E402

from sink_messages import Listener, Terminal, stop  # noqa: E402

SOURCE = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=640,height=360,"
    "framerate=30/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! h264parse"
)


def next_boundary(now: float, every: int) -> float:
    """The next full hour of the local clock, or whatever else --every divides the day into."""
    local = time.localtime(now).tm_gmtoff
    return ((now + local) // every + 1) * every - local


class Hourly:
    """One recording of many files."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.name, self.every = arguments.name, arguments.every
        factory, *properties = arguments.sink.split()
        structure = ",".join(["properties", *properties])
        if not Gst.ElementFactory.find(factory):  # splitmuxsink would only warn
            raise GLib.Error(f"no element {factory}")
        self.pipeline = Gst.parse_launch(
            f"{arguments.source} ! queue ! splitmuxsink name=split async-finalize=true "
            'muxer-factory=mp4mux muxer-properties="properties,fragment-duration=1000" '
            f'sink-factory={factory} sink-properties="{structure}"'
        )
        self.split = self.pipeline.get_by_name("split")
        self.split.connect("format-location-full", self.on_format_location)
        self.listener = Listener(Terminal(), self.name)
        self.loop = GLib.MainLoop()
        self.ending = self.cancelled = False
        self.boundary = next_boundary(time.time(), self.every)

    def record(self) -> bool:
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message", self.on_message)
        for number in (signal.SIGINT, signal.SIGTERM):
            GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, self.on_interrupt)
        # Looked at anew each time: clocks are set, and machines sleep.
        GLib.timeout_add(200, self.on_tick)
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        bus.remove_signal_watch()
        stop(self.pipeline, self.listener)
        return self.listener.complete and not self.listener.failed and not self.cancelled

    def on_format_location(self, _split: Gst.Element, _number: int, first: Gst.Sample) -> str:
        """The name of the file that begins with this picture; on the thread that records."""
        moment = time.time()
        if first and first.get_buffer():
            began = first.get_segment().to_running_time(Gst.Format.TIME, first.get_buffer().pts)
            moment -= (self.pipeline.get_current_running_time() - began) / Gst.SECOND
        return datetime.fromtimestamp(moment).strftime(f"{self.name}-%Y-%m-%dT%H-%M-%S.mp4")

    def on_tick(self) -> bool:
        now = time.time()
        following = next_boundary(now, self.every)
        if following != self.boundary and now >= self.boundary:
            self.split.emit("split-now")
        self.boundary = following
        return GLib.SOURCE_CONTINUE

    def on_message(self, _bus: Gst.Bus, message: Gst.Message) -> None:
        self.listener.take(message)
        if message.type in (Gst.MessageType.EOS, Gst.MessageType.ERROR):
            self.loop.quit()

    def on_interrupt(self) -> bool:
        if self.ending:  # the second time: stop waiting for the server
            self.cancelled = True
            self.loop.quit()
        else:
            self.ending = True
            self.pipeline.send_event(Gst.Event.new_eos())
        return GLib.SOURCE_CONTINUE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--name", default="recording", help="what the names begin with")
    parser.add_argument("--every", type=int, default=3600, metavar="SECONDS")
    parser.add_argument("--source", default=SOURCE, help="to h264parse; default: a test picture")
    parser.add_argument("--sink", default="gcoresink",
                        help='default: gcoresink; "tussink endpoint=…"')  # fmt: skip
    arguments = parser.parse_args()
    if arguments.every < 1 or "/" in arguments.name:
        parser.error("--every is a number of seconds, --name has no slash")
    Gst.init(None)
    try:
        hourly = Hourly(arguments)
    except GLib.Error as error:
        print(f"Error: {error.message}", file=sys.stderr)
        return 1
    return 0 if hourly.record() else 1


if __name__ == "__main__":
    sys.exit(main())
