# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One recording with faults: starts the recorder, lets the fault happen, gives what was measured.

Must not know which faults there are, nor which servers.
"""

import json
import subprocess
import threading
import time

from bench import expect
from servers import stop

MUXERS = {
    "ts": "mpegtsmux",
    "mp4": "mp4mux fragment-duration=500",
    "mkv": "matroskamux streamable=true",
}
OUTAGE_WARNING = "is tried again until it works"


def pipeline(sinks, copy, *, seconds, kbit, container):
    """A live picture, encoded and muxed, straight into the sinks, and into a file to compare with.
    No queue before the sinks: what holds them up holds up the source. One thread serves them all,
    so that only the first may wait for the state PLAYING."""
    branches = " ".join(
        f"t. ! {sink} name=upload{i}" + (" async=false" if i else "")
        for i, sink in enumerate(sinks)
    )
    return (
        f"videotestsrc name=source is-live=true pattern=snow num-buffers={30 * seconds} "
        "! video/x-raw,width=640,height=360,framerate=30/1 "
        f"! x264enc tune=zerolatency speed-preset=ultrafast bitrate={kbit} key-int-max=30 "
        f"! h264parse ! {MUXERS[container]} ! tee name=t {branches} "
        "t. ! queue max-size-buffers=0 max-size-time=0 max-size-bytes=400000000 "
        f"! filesink async=false location={copy}"
    )


class Recording:
    """A recorder that runs, and what it has said so far."""

    def __init__(self, recorder, description, environment, inside=()):
        self.lines, self.changed = [], threading.Condition()
        self.process = subprocess.Popen(
            [*inside, str(recorder), description],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self.other = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.wait_for("sink says where it uploads", lambda: self.all("message"), 30)
        self.began = time.monotonic()

    def read(self):
        for line in self.process.stdout:
            try:
                said = json.loads(line)
            except ValueError:
                self.other.append(line.rstrip())
                continue
            with self.changed:
                self.lines.append(said)
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def wait_for(self, what, found, seconds):
        with self.changed:
            self.changed.wait_for(lambda: found() or self.process.poll() is not None, seconds)
            if not found():
                stop(self.process)
                raise AssertionError(f"no {what}: {self.tail()}")

    def until(self, second):
        """Sleeps until the recording is that old."""
        time.sleep(max(0, self.began + second - time.monotonic()))

    def all(self, kind, name=None, sink=None):
        return [
            line
            for line in list(self.lines)
            if line["kind"] == kind
            and (name is None or line["name"] == name)
            and (sink is None or line["from"] == sink)
        ]

    def finish(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            stop(self.process)
            raise AssertionError(f"not complete after {seconds} s: {self.tail()}") from None
        self.reader.join(10)
        errors = [line["text"] for line in self.all("error")]
        expect(not errors, f"ERROR: {errors}")
        expect(self.process.returncode == 0, f"exit {self.process.returncode}: {self.tail()}")

    def tail(self):
        kept = [line for line in self.lines if line["kind"] != "sample"]
        return f"{json.dumps(kept[-12:])} {self.other[-5:]}"

    def warnings(self, sink):
        texts = [line["text"] for line in self.all("warning", sink=sink)]
        return (
            [text for text in texts if OUTAGE_WARNING in text],
            [text for text in texts if OUTAGE_WARNING not in text],
        )

    def measured(self, sink, back):
        """The row of one sink. `back`: when the fault ended, on the monotonic clock."""
        said = self.all("sink", sink=sink)[0]
        end = self.all("end")[0]
        complete = self.all("message", "tus-upload-complete", sink)
        resumed = self.all("message", "tus-upload-resumed", sink)
        expect(len(complete) == 1, f"{len(complete)} times complete: {self.tail()}")
        outage_warnings, other_warnings = self.warnings(sink)
        expect(
            len(outage_warnings) == said["outages"] == len(resumed),
            f"{said['outages']} outages, {len(outage_warnings)} warnings of one, "
            f"{len(resumed)} times resumed",
        )
        recovered = [line["t"] - back for line in resumed if back and line["t"] >= back]
        return {
            "bytes": complete[0]["bytes"],
            "url": complete[0]["upload-url"],
            "length_mode": said["length-mode"],
            "outages": said["outages"],
            "outage_seconds": round(sum(r["outage-time"] for r in resumed) / 1e9, 2),
            "retries": said["retries"],
            "bytes_resent": said["bytes-resent"],
            "longest_render_ms": round(said["longest-render"] * 1000, 2),
            "longest_render_own_ms": round(said["longest-render-own"] * 1000, 2),
            "first_render_ms": round(said["first-render"] * 1000, 2),
            "renders": said["renders"],
            "renders_of_5_ms": said["renders-of-5-ms"],
            "max_rss_mib": round(end["max-rss-kb"] / 1024, 1),
            "recovery_seconds": round(recovered[0], 2) if recovered else None,
            "drain_seconds": round(complete[0]["drain-time"] / 1e9, 2),
            "frames": end["frames"],
            "frames_late": end["frames-late"],
            "latest_frame_ms": round(end["latest-frame"] * 1000, 1),
            "idle_thread_late_ms": round(end["latest-idle-thread"] * 1000, 1),
            "other_warnings": other_warnings,
        }
