#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small application around gcoresink (or tussink), as recorder.cpp is, in Python.

Records a live test picture with sound and shows how much has arrived at the server. Ctrl-C ends the
recording, not the upload; a second one does not wait for the server any longer. Lines on standard
input do more: p pauses the recording and goes on with it, u the upload only, q ends the recording,
c cancels it: what is not at the server by then is kept on disk, or removed with the sink's
on-stop=terminate.

    recorder.py [--seconds N] [--container mp4|mkv|ts] ["gcoresink video-name=x"]

Exit status: 0 the server has everything, 1 it does not, 2 usage.
Needs python3-gst-1.0. Knows GStreamer and the messages of the sinks, nothing of gst-tus itself.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import IO, Optional

import gi

gi.require_version("Gst", "1.0")
# pylint: disable=wrong-import-position
from gi.repository import GLib, Gst  # noqa: E402

from sink_messages import Listener, Terminal, field, megabytes, stop  # noqa: E402

# Containers that can be written without going back: what is sent cannot be changed any more.
MUXERS = {"mp4": "mp4mux fragment-duration=1000", "mkv": "matroskamux", "ts": "mpegtsmux latency=2000000000"}
AUDIO = ("avenc_aac ! aacparse", "voaacenc ! aacparse", "opusenc")


def installed(element: str) -> bool:
    return Gst.ElementFactory.find(element.split()[0]) is not None


def description(arguments: argparse.Namespace) -> str:
    audio = next((one for one in AUDIO if installed(one)), AUDIO[-1])
    clock = 'timeoverlay font-desc="Sans 36" ! ' if installed("timeoverlay") else ""
    text = (
        "videotestsrc is-live=true ! video/x-raw,format=I420,width=1280,height=720,framerate=30/1 "
        f"! {clock}x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 "
        f"bitrate={arguments.bitrate} ! h264parse ! queue ! mux. "
        "audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=48000,channels=2 ! audioconvert "
        f"! {audio} ! queue ! mux. {MUXERS[arguments.container]} name=mux ! "
    )
    if not arguments.copy:
        return text + arguments.sink
    # The upload first: the muxer's question whether it may go back is answered by the first branch.
    path = str(arguments.copy).replace("\\", "\\\\").replace('"', '\\"')
    return f'{text}tee name=t t. ! queue ! {arguments.sink} t. ! queue ! filesink location="{path}"'


class Recorder:
    """One recording, from PLAYING to its end."""

    def __init__(self, pipeline: Gst.Element, report: Optional[IO[str]]) -> None:
        self.pipeline = pipeline
        self.sink = find_sink(pipeline)
        self.terminal = Terminal()
        self.listener = Listener(self.terminal, report=report)
        self.loop = GLib.MainLoop()
        self.paused = False
        self.ending = False
        self.cancelled = False

    def record(self, length: int) -> bool:
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message", self.on_message)
        for number in (signal.SIGINT, signal.SIGTERM):
            GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, self.on_interrupt)
        if length:
            GLib.timeout_add_seconds(length, self.on_time_over)
        GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN, self.on_input)
        # A failed state change posts its reason on the bus, too.
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        self.terminal.end_line()
        bus.remove_signal_watch()
        stop(self.pipeline, self.listener)
        return self.listener.complete and not self.listener.failed and not self.cancelled

    def on_message(self, _bus: Gst.Bus, message: Gst.Message) -> None:
        self.listener.take(message)
        if message.type == Gst.MessageType.EOS:  # the server has every byte
            self.loop.quit()
        elif message.type == Gst.MessageType.ERROR:
            self.loop.quit()
        elif message.type == Gst.MessageType.ELEMENT:
            fields = message.get_structure()
            if fields.get_name() == "tus-upload-progress":
                self.show_progress(fields)

    def show_progress(self, fields: Gst.Structure) -> None:
        there, position = self.pipeline.query_position(Gst.Format.TIME)
        minutes, rest = divmod(position // Gst.SECOND if there else 0, 60)
        doing = "finishing" if self.ending else "recording"
        self.terminal.status(
            f"{doing} {minutes:02d}:{rest:02d}  "
            f"recorded {megabytes(field(fields, 'bytes-rendered', 0))}  "
            f"at the server {megabytes(field(fields, 'bytes-acked', 0))}  "
            f"waiting {megabytes(field(fields, 'bytes-pending', 0))}  "
            f"{field(fields, 'upload-rate', 0) / 1e6:.1f} Mbit/s"
        )

    def end(self) -> None:
        """Ends the recording, not the upload: EOS goes through encoders and muxer to the sink."""
        if self.ending:
            return
        self.ending = True
        self.pipeline.set_state(Gst.State.PLAYING)  # a paused one would not come to its end
        self.pipeline.send_event(Gst.Event.new_eos())

    def cancel(self) -> None:
        self.cancelled = True
        self.loop.quit()

    def on_time_over(self) -> bool:
        self.end()
        return GLib.SOURCE_REMOVE

    def on_interrupt(self) -> bool:
        if self.ending:  # the second time: stop waiting for the server
            self.cancel()
        self.end()
        return GLib.SOURCE_CONTINUE

    def on_input(self, source: int, _condition: GLib.IOCondition) -> bool:
        typed = os.read(source, 4096)
        if not typed:  # nobody there
            return GLib.SOURCE_REMOVE
        for command in typed.decode(errors="replace").split():
            self.obey(command)
        return GLib.SOURCE_CONTINUE

    def obey(self, command: str) -> None:
        if command == "p" and not self.ending:
            self.paused = not self.paused
            self.pipeline.set_state(Gst.State.PAUSED if self.paused else Gst.State.PLAYING)
            self.terminal.line(f"The recording {'is paused' if self.paused else 'goes on'}.")
        elif command == "u":
            paused = not self.sink.get_property("upload-paused")
            self.sink.set_property("upload-paused", paused)
            self.terminal.line(f"The upload {'is paused' if paused else 'goes on'}.")
        elif command == "q":
            self.end()
        elif command == "c":
            self.cancel()
        else:
            self.terminal.line(f"{command}? p: pause, u: pause the upload, q: end, c: cancel")


def find_sink(pipeline: Gst.Bin) -> Gst.Element:
    """The element that uploads."""
    for element in pipeline.iterate_sinks():
        if element.find_property("upload-paused"):
            return element
    raise ValueError("the SINK does not upload: gcoresink and tussink do")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", "-s", type=int, default=0, metavar="N",
                        help="how long to record; without: until Ctrl-C")  # fmt: skip
    parser.add_argument("--container", "-c", choices=MUXERS, default="mp4")
    parser.add_argument("--bitrate", "-b", type=int, default=4000, metavar="KBIT",
                        help="of the picture")  # fmt: skip
    parser.add_argument("--copy", type=Path, metavar="FILE",
                        help="keep what is uploaded in a local file, too")  # fmt: skip
    parser.add_argument("--report", type=argparse.FileType("w"), metavar="FILE",
                        help="write the results as NAME=VALUE lines")  # fmt: skip
    parser.add_argument("sink", nargs="?", default="gcoresink", metavar="SINK",
                        help='default: gcoresink; "gcoresink video-name=x" …')  # fmt: skip
    arguments = parser.parse_args()
    Gst.init(None)
    try:
        recorder = Recorder(Gst.parse_launch(description(arguments)), arguments.report)
    except (GLib.Error, ValueError) as error:
        print(f"Error: {getattr(error, 'message', error)}", file=sys.stderr)
        return 1
    return 0 if recorder.record(arguments.seconds) else 1


if __name__ == "__main__":
    sys.exit(main())
