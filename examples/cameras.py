#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records RTSP cameras, as many as there are, in one process; each camera has an upload of its own.

    cameras.py [--every SECONDS] [--sink "gcoresink"] door=rtsp://CAMERA/stream yard=rtsp://…

A camera that goes away, or is silent for --silence seconds, ends its recording; the upload of what
there was is finished while the camera is called again (after 1 s, then less and less often, 30 s at
most), and goes on as another recording. With --every a recording is cut into files of that length,
which upload independently of each other (splitmuxsink with async-finalize).

Ctrl-C ends all recordings and waits for the uploads; a second one does not wait any longer: what is
missing is kept on disk. Exit status: 0 the server has everything, 1 it does not, 2 usage.
Needs python3-gst-1.0.
"""

from __future__ import annotations

import argparse
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Callable

import gi

gi.require_version("Gst", "1.0")
# pylint: disable=wrong-import-position
from gi.repository import GLib, Gst  # noqa: E402

from sink_messages import Listener, Terminal, stop  # noqa: E402

MUXER = "fragment-duration=1000"
LONGEST_PAUSE = 30


def file_name(camera: str) -> str:
    return datetime.now().strftime(f"{camera}-%Y-%m-%dT%H-%M-%S.mp4")


def upload_part(sink: str, every: int) -> str:
    """From the muxer on. A sink that splitmuxsink makes takes its properties as a structure."""
    if not every:
        return f"mp4mux {MUXER} ! {sink} name=upload"
    factory, *properties = sink.split()
    structure = ",".join(["properties", *properties])
    return (
        f"splitmuxsink name=upload async-finalize=true max-size-time={every * Gst.SECOND} "
        f'muxer-factory=mp4mux muxer-properties="properties,{MUXER}" '
        f'sink-factory={factory} sink-properties="{structure}" send-keyframe-requests=false'
    )


class Session:
    """One connection to a camera, and the recording that it gives, to the end of its upload."""

    def __init__(
        self, camera: Camera, arguments: argparse.Namespace, gone: Callable[[Session], None],
        over: Callable[[Session], None],
    ) -> None:  # fmt: skip
        self.listener = Listener(camera.terminal, camera.name)
        self.gone, self.over = gone, over  # no more comes from the camera; the upload has ended
        self.began = self.ending = False
        self.pipeline = Gst.parse_launch(
            f"rtspsrc name=source protocols=tcp latency=200 "
            "! application/x-rtp,media=video,encoding-name=H264 ! rtph264depay "
            "! h264parse name=parse config-interval=-1 "
            f"! watchdog timeout={arguments.silence * 1000} "
            f"! {upload_part(arguments.sink, arguments.every)}"
        )
        self.source = self.pipeline.get_by_name("source")
        self.source.set_property("location", camera.url)
        self.parse = self.pipeline.get_by_name("parse")
        self.parse.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, self.on_first_picture)
        upload = self.pipeline.get_by_name("upload")
        if arguments.every:
            upload.connect("format-location", lambda *_: file_name(camera.name))
        else:
            upload.set_property("location", file_name(camera.name))
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message", self.on_message)

    def start(self) -> None:
        self.pipeline.set_state(Gst.State.PLAYING)

    def on_first_picture(self, *_: object) -> Gst.PadProbeReturn:
        self.began = True
        return Gst.PadProbeReturn.REMOVE

    def end(self) -> None:
        """No more comes from the camera: what there is goes to its end, and the upload with it."""
        if self.ending:
            return
        self.ending = True
        self.gone(self)
        if self.began:
            self.parse.get_static_pad("sink").send_event(Gst.Event.new_eos())
        else:
            self.close()

    def close(self) -> None:
        """Takes up to the sink's stop-timeout when the server does not have everything."""
        self.pipeline.get_bus().remove_signal_watch()
        stop(self.pipeline, self.listener)
        self.over(self)

    def on_message(self, _bus: Gst.Bus, message: Gst.Message) -> None:
        if message.type == Gst.MessageType.EOS:
            self.end_of_camera("has ended its stream")
            self.close()
        elif message.type == Gst.MessageType.ERROR and self.is_of_camera(message.src):
            self.end_of_camera(f"is gone: {message.parse_error()[0].message}")
        else:
            self.listener.take(message)
            if message.type == Gst.MessageType.ERROR:
                self.end_of_camera("is recorded anew")
                self.close()

    def end_of_camera(self, what: str) -> None:
        if not self.ending:
            self.listener.say(f"the camera {what}")
            if self.began:
                self.end()
            else:
                # Not from within a message of this pipeline.
                GLib.idle_add(lambda: self.end() or GLib.SOURCE_REMOVE)

    def is_of_camera(self, element: Gst.Object) -> bool:
        return element == self.source or element.has_as_ancestor(self.source) or (
            element.get_factory().get_name() == "watchdog"
        )  # fmt: skip


class Camera:
    """Calls a camera again and again."""

    def __init__(self, name: str, url: str, arguments: argparse.Namespace, house: House) -> None:
        self.name, self.url = name, url
        self.arguments, self.house = arguments, house
        self.terminal = house.terminal
        self.pause = 1
        self.session: Session | None = None

    def call(self) -> bool:
        if not self.house.leaving:
            self.session = Session(self, self.arguments, self.on_gone, self.house.on_over)
            self.house.sessions.append(self.session)
            self.session.start()
        return GLib.SOURCE_REMOVE

    def on_gone(self, session: Session) -> None:
        self.session = None
        self.pause = 1 if session.began else min(2 * self.pause, LONGEST_PAUSE)
        if not self.house.leaving:
            GLib.timeout_add_seconds(self.pause, self.call)


class House:
    """All cameras, and the sessions whose uploads have not ended."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.terminal = Terminal()
        self.loop = GLib.MainLoop()
        self.sessions: list[Session] = []
        self.leaving = False
        self.good = True
        self.recordings = 0
        self.cameras = [
            Camera(name, url, arguments, self) for name, url in arguments.cameras
        ]  # fmt: skip

    def run(self) -> bool:
        for number in (signal.SIGINT, signal.SIGTERM):
            GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, self.on_interrupt)
        for camera in self.cameras:
            camera.call()
        self.loop.run()
        # Those that nobody waits for any more, all at the same time.
        waiting = list(self.sessions)
        if waiting:
            with ThreadPoolExecutor(len(waiting)) as pool:
                list(pool.map(Session.close, waiting))
        return self.good and self.recordings > 0

    def on_interrupt(self) -> bool:
        if self.leaving:  # the second time: stop waiting for the server
            self.loop.quit()
        self.leaving = True
        for session in list(self.sessions):
            session.end()
        if not self.sessions:
            self.loop.quit()
        return GLib.SOURCE_CONTINUE

    def on_over(self, session: Session) -> None:
        listener = session.listener
        self.recordings += listener.completed
        if session.began or listener.failed:
            self.good = self.good and listener.complete and not listener.failed
        self.sessions.remove(session)
        if self.leaving and not self.sessions:
            self.loop.quit()


def camera_argument(text: str) -> tuple[str, str]:
    name, equals, url = text.partition("=")
    if not equals or "://" not in url or "/" in name:
        raise argparse.ArgumentTypeError(f"{text}: a camera is NAME=rtsp://…")
    return name, url


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--every", type=int, default=0, metavar="SECONDS",
                        help="cut into files of that length; 0: not at all")  # fmt: skip
    parser.add_argument("--silence", type=int, default=10, metavar="SECONDS",
                        help="a camera that sends nothing for so long is gone (10)")  # fmt: skip
    parser.add_argument("--sink", default="gcoresink",
                        help='default: gcoresink; "tussink endpoint=…"')  # fmt: skip
    parser.add_argument("cameras", nargs="+", type=camera_argument, metavar="NAME=URL")
    arguments = parser.parse_args()
    Gst.init(None)
    factory = arguments.sink.split()[0]
    if not Gst.ElementFactory.find(factory):
        print(f"Error: no element {factory}", file=sys.stderr)
        return 1
    return 0 if House(arguments).run() else 1


if __name__ == "__main__":
    sys.exit(main())
