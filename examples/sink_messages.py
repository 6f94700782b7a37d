# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tussink and gcoresink tell on the bus, said in words: for the Python examples beside it.

Runs where the bus is watched. Must not know pipelines; one Listener for each recording.
"""

from __future__ import annotations

import sys
from typing import IO, Any, Optional

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402  pylint: disable=wrong-import-position


class Terminal:
    """Whole lines, and one that is written again and again, which the next whole line ends."""

    def __init__(self) -> None:
        self._open = False

    def line(self, text: str, stream: Optional[IO[str]] = None) -> None:
        self.end_line()
        print(text, file=stream or sys.stdout, flush=True)

    def status(self, text: str) -> None:
        if not sys.stdout.isatty():
            print(text, flush=True)
            return
        print(f"\r{text}  ", end="", flush=True)
        self._open = True

    def end_line(self) -> None:
        if self._open:
            print(flush=True)
        self._open = False


def field(fields: Gst.Structure, name: str, otherwise: Any = "") -> Any:
    """A field of a message, or what stands for one that is not there."""
    if not fields.has_field(name):
        return otherwise
    value = fields.get_value(name)
    return otherwise if value is None else value


def seconds(nanoseconds: int) -> float:
    return nanoseconds / Gst.SECOND


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


class Listener:
    """Says what the messages about one recording mean, and remembers how it ended."""

    def __init__(
        self, terminal: Terminal, name: str = "", report: Optional[IO[str]] = None
    ) -> None:
        self.created = 0  # uploads: one, or one for each fragment of a splitmuxsink
        self.completed = 0  # those that the server has every byte of
        self.kept = ""  # the folder of what is not at the server
        self.failed = False  # there was an ERROR
        self._terminal = terminal
        self._prefix = f"{name}: " if name else ""
        self._report = report

    @property
    def complete(self) -> bool:
        return self.completed > 0 and self.completed >= self.created

    def say(self, text: str, stream: Optional[IO[str]] = None) -> None:
        self._terminal.line(self._prefix + text, stream)

    def take(self, message: Gst.Message) -> None:
        """Any message of the bus; those that say nothing of an upload are passed over."""
        if message.type == Gst.MessageType.ERROR:
            error, detail = message.parse_error()
            self.failed = True
            self.say(f"Error: {error.message}\n{detail or ''}".rstrip(), sys.stderr)
        elif message.type == Gst.MessageType.WARNING:
            self.say(f"Warning: {message.parse_warning()[0].message}", sys.stderr)
        elif message.type == Gst.MessageType.ELEMENT:
            fields = message.get_structure()
            told = getattr(self, "_" + fields.get_name().replace("-", "_"), None)
            if told:
                told(fields)

    def note(self, name: str, value: Any) -> None:
        if self._report:
            print(f"{name}={value}", file=self._report, flush=True)

    # One function for each message that is worth a line, by its name.

    def _gcore_video_created(self, fields: Gst.Structure) -> None:
        self.say(f'Video {field(fields, "video-id")} "{field(fields, "name")}"')
        self.note("video-id", field(fields, "video-id"))

    def _tus_upload_created(self, _fields: Gst.Structure) -> None:
        self.created += 1

    def _tus_upload_stalled(self, fields: Gst.Structure) -> None:
        if field(fields, "attempt", 1) <= 1:
            self.say(f"The server is away ({field(fields, 'reason')}). The recording goes on.")
        else:
            self.say(f"Still away; next try in {seconds(field(fields, 'retry-in', 0)):.1f} s.")

    def _tus_upload_resumed(self, fields: Gst.Structure) -> None:
        away = seconds(field(fields, "outage-time", 0))
        self.say(f"The server is back after {away:.1f} s; nothing was lost.")
        self.note("outage-seconds", f"{away:.1f}")

    def _tus_upload_complete(self, fields: Gst.Structure) -> None:
        self.completed += 1
        size, drain = field(fields, "bytes", 0), seconds(field(fields, "drain-time", 0))
        location = field(fields, "location")  # which fragment, where there are several
        self.say(
            f"Upload {location}{' ' if location else ''}complete: {size} bytes, "
            f"{drain:.2f} s after the end of the recording, SHA-256 {field(fields, 'sha256')}"
        )
        self.note("bytes", size)
        self.note("sha256", field(fields, "sha256"))
        self.note("drain-seconds", f"{drain:.3f}")
        self.note("upload-url", field(fields, "upload-url"))

    def _tus_upload_kept(self, fields: Gst.Structure) -> None:
        self.kept = field(fields, "path")
        missing = megabytes(field(fields, "bytes-missing", 0))
        kept = "kept" if field(fields, "whole", True) else "not all kept"
        self.say(
            f"{missing} are not at the server, and are {kept} on disk. "
            f"To finish: {field(fields, 'command')}"
        )
        self.note("kept", self.kept)

    def _tus_upload_removed(self, _fields: Gst.Structure) -> None:
        self.say("The upload was removed from the server.")

    def _gcore_video_deleted(self, _fields: Gst.Structure) -> None:
        self.say("The video was deleted again.")

    def _gcore_video_status(self, fields: Gst.Structure) -> None:
        error = field(fields, "error")
        self.say(f"Video status: {field(fields, 'status')}{': ' if error else ''}{error}")
        self.note("status", field(fields, "status"))


def stop(pipeline: Gst.Element, listener: Listener) -> None:
    """Down to NULL. On the last step the bus is emptied, unread; what the sinks have left on disk
    they say on the way to READY: stop there first, and read it."""
    pipeline.set_state(Gst.State.READY)
    bus = pipeline.get_bus()
    while message := bus.pop():
        listener.take(message)
    pipeline.set_state(Gst.State.NULL)
