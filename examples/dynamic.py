#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A record button on a running preview: Enter starts a recording, and ends it; q ends the program.

The preview runs all the time. Each recording is a branch of its tee, with an encoder and an upload
of its own, whose time begins at 0. A branch that has been ended is off the tee at once, so that the
next recording may begin while it still uploads; it is removed when the server has every byte, or
when what is missing is kept on disk. An error of one recording stops neither the preview nor the
others.

    dynamic.py [--source "v4l2src ! videoconvert"] [--preview autovideosink] ["gcoresink …"]

Ctrl-C ends what is being recorded and waits for the uploads; a second one does not wait.
Exit status: 0 the server has everything, 1 it does not, 2 usage. Needs python3-gst-1.0.
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import sys
from datetime import datetime

import gi

gi.require_version("Gst", "1.0")
# pylint: disable=wrong-import-position
from gi.repository import GLib, Gst  # noqa: E402

from sink_messages import Listener, Terminal, stop  # noqa: E402

SOURCE = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=30/1"
ENCODER = (
    "queue max-size-time=2000000000 max-size-bytes=0 max-size-buffers=0 ! videoconvert "
    "! video/x-raw,format=I420 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=60 "
    "! h264parse ! mp4mux fragment-duration=1000"
)


class Branch:
    """One recording: a bin behind a pad of the tee."""

    def __init__(self, number: int, sink: str, terminal: Terminal) -> None:
        self.number = number
        self.listener = Listener(terminal, f"recording {number}")
        self.bin = Gst.parse_bin_from_description(f"{ENCODER} ! {sink} name=upload", True)
        self.bin.set_name(f"recording{number}")
        # What its own sink has ended is told: the EOS of the whole pipeline waits for the preview.
        self.bin.set_property("message-forward", True)
        upload = self.bin.get_by_name("upload")
        upload.set_property("location", datetime.now().strftime(f"%Y-%m-%dT%H-%M-%S-{number}.mp4"))
        # The pipeline runs already, and does not wait for the first byte of a new sink.
        upload.set_property("async", False)
        self.pad: Gst.Pad | None = None  # of the tee, while it is recorded

    def attach(self, pipeline: Gst.Pipeline, tee: Gst.Element) -> None:
        pipeline.add(self.bin)
        self.bin.sync_state_with_parent()
        self.pad = tee.request_pad_simple("src_%u")
        self.pad.add_probe(
            Gst.PadProbeType.BLOCK | Gst.PadProbeType.BUFFER, self.begin_at_zero, None
        )
        self.pad.link(self.bin.get_static_pad("sink"))

    def begin_at_zero(
        self, pad: Gst.Pad, info: Gst.PadProbeInfo, _data: None
    ) -> Gst.PadProbeReturn:
        """The first picture, on the preview's thread: it becomes the beginning of the recording."""
        segment = pad.get_sticky_event(Gst.EventType.SEGMENT, 0).parse_segment()
        now = segment.to_running_time(Gst.Format.TIME, info.get_buffer().pts)
        pad.set_offset(-now)
        return Gst.PadProbeReturn.REMOVE

    def let_go(self) -> None:
        """Nothing comes from the preview any more, and nothing that happens here goes back to it.
        From any thread."""
        pad = self.pad
        if pad:
            pad.add_probe(Gst.PadProbeType.BUFFER, lambda *_: Gst.PadProbeReturn.DROP)

    def detach(self, tee: Gst.Element) -> None:
        """Off the tee when no picture is on its way through the pad."""
        pad, self.pad = self.pad, None
        if not pad:
            return

        def idle(*_: object) -> Gst.PadProbeReturn:
            pad.unlink(self.bin.get_static_pad("sink"))
            GLib.idle_add(release)
            return Gst.PadProbeReturn.REMOVE

        def release() -> bool:
            tee.release_request_pad(pad)
            # What is in the branch goes to its end, and the upload with it.
            self.bin.get_static_pad("sink").send_event(Gst.Event.new_eos())
            return GLib.SOURCE_REMOVE

        pad.add_probe(Gst.PadProbeType.IDLE, idle)

    def remove(self, pipeline: Gst.Pipeline) -> None:
        self.bin.set_locked_state(True)
        stop(self.bin, self.listener)
        pipeline.remove(self.bin)


class Studio:
    """The preview, and the recordings that there are at the moment."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.sink = arguments.sink
        self.terminal = Terminal()
        self.pipeline = Gst.parse_launch(
            f"{arguments.source} ! tee name=t allow-not-linked=true "
            f"t. ! queue leaky=downstream ! {arguments.preview}"
        )
        self.tee = self.pipeline.get_by_name("t")
        self.loop = GLib.MainLoop()
        self.numbers = itertools.count(1)
        self.recording: Branch | None = None
        self.branches: list[Branch] = []
        self.quitting = False
        self.good = True

    def run(self) -> bool:
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message", self.on_message)
        bus.enable_sync_message_emission()
        bus.connect("sync-message::error", self.on_error_at_once)
        for number in (signal.SIGINT, signal.SIGTERM):
            GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, self.on_interrupt)
        GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN, self.on_input)
        self.terminal.line("Enter starts and ends a recording, q ends the program.")
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        for branch in list(self.branches):  # those that nobody waits for any more
            self.remove(branch)
        self.pipeline.set_state(Gst.State.NULL)
        return self.good

    def press(self) -> None:
        if self.recording:
            self.recording.listener.say("ends; the upload goes on")
            self.recording.detach(self.tee)
            self.recording = None
            return
        self.recording = Branch(next(self.numbers), self.sink, self.terminal)
        self.branches.append(self.recording)
        self.recording.attach(self.pipeline, self.tee)
        self.recording.listener.say("begins")

    def quit(self) -> None:
        self.quitting = True
        if self.recording:
            self.press()
        self.leave_if_idle()

    def leave_if_idle(self) -> None:
        if self.quitting and not self.branches:
            self.loop.quit()

    def branch_of(self, element: Gst.Object) -> Branch | None:
        for one in self.branches:
            if element == one.bin or element.has_as_ancestor(one.bin):
                return one
        return None

    def on_error_at_once(self, _bus: Gst.Bus, message: Gst.Message) -> None:
        """On the thread where it happens, before the failure can go back to the tee."""
        branch = self.branch_of(message.src)
        if branch:
            branch.let_go()

    def on_message(self, _bus: Gst.Bus, message: Gst.Message) -> None:
        branch = self.branch_of(message.src)
        if not branch:
            if message.type == Gst.MessageType.ERROR:
                self.terminal.line(f"The preview: {message.parse_error()[0].message}", sys.stderr)
                self.good = False
                self.loop.quit()
            return
        branch.listener.take(message)
        fields = message.get_structure()
        ended = fields and fields.get_name() == "GstBinForwarded" and (
            fields.get_value("message").type == Gst.MessageType.EOS
        )  # fmt: skip
        if ended or message.type == Gst.MessageType.ERROR:
            self.remove(branch)
            self.leave_if_idle()

    def remove(self, branch: Branch) -> None:
        if branch == self.recording:
            self.recording = None
        branch.let_go()
        branch.detach(self.tee)
        branch.remove(self.pipeline)
        self.branches.remove(branch)
        self.good = self.good and branch.listener.complete and not branch.listener.failed

    def on_interrupt(self) -> bool:
        if self.quitting:  # the second time: stop waiting for the server
            self.loop.quit()
        self.quit()
        return GLib.SOURCE_CONTINUE

    def on_input(self, source: int, _condition: GLib.IOCondition) -> bool:
        typed = os.read(source, 4096).decode(errors="replace")
        for line in typed.splitlines():
            if line.strip() == "q":
                self.quit()
            elif not self.quitting:
                self.press()
        return bool(typed)  # nobody there: the signals remain


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--source", default=SOURCE, help="what is shown and recorded")
    parser.add_argument("--preview", default="autovideosink", help="where it is shown")
    parser.add_argument("sink", nargs="?", default="gcoresink", metavar="SINK",
                        help='default: gcoresink; "tussink endpoint=…"')  # fmt: skip
    arguments = parser.parse_args()
    Gst.init(None)
    try:
        studio = Studio(arguments)
    except GLib.Error as error:
        print(f"Error: {error.message}", file=sys.stderr)
        return 1
    return 0 if studio.run() else 1


if __name__ == "__main__":
    sys.exit(main())
