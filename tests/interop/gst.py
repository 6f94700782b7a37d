# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs gst-launch-1.0 with the built plugin, a private registry and a bound in time.

Must not know servers or what is tested.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time

from servers import stop

FIELD = r'{}=\([^)]*\)("(?:[^"\\]|\\.)*"|[^,;]*)'


class Run:
    """What a finished gst-launch-1.0 said."""

    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    def messages(self, name):
        """The element messages of that name, as printed by gst-launch-1.0 -m."""
        return [
            line.split(f"{name},", 1)[1]
            for line in self.out.splitlines()
            if line.startswith("Got message") and f": {name}," in line
        ]

    def field(self, message, field):
        """A field of the last such message, as text."""
        found = self.messages(message)
        match = found and re.search(r"(?:^|[ ,])" + FIELD.format(re.escape(field)), found[-1])
        if not match:
            raise AssertionError(f"no {message} with {field}: {self.tail()}")
        text = match.group(1)
        if text.startswith('"'):
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
        return text

    def errors(self):
        return [line for line in self.err.splitlines() if line.startswith("ERROR: from element")]

    def tail(self):
        return f"exit {self.status} after {self.seconds:.1f} s: ...{self.out[-1500:]}{self.err[-1500:]}"


class Launcher:
    def __init__(self, plugin_folder, folder):
        self.environment = {
            **os.environ,
            "GST_PLUGIN_PATH": str(plugin_folder),
            "GST_REGISTRY": str(folder / "registry.bin"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XDG_STATE_HOME": str(folder / "state"),
            "LC_ALL": "C.UTF-8",
        }
        for name in ("GST_DEBUG", "GST_DEBUG_FILE", "GCORE_API_KEY", "GCORE_BASE_URL"):
            self.environment.pop(name, None)
        # The first run scans every plugin: not in anybody's time.
        subprocess.run(
            ["gst-inspect-1.0", "tussink"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )

    def missing(self, *elements):
        """The first of these elements that is not installed."""
        for element in elements:
            status = subprocess.run(
                ["gst-inspect-1.0", "--exists", element], env=self.environment, check=False
            ).returncode
            if status != 0:
                return element
        return None

    def start(self, pipeline, *, environment=None, options=("-e", "-m"), stdin=subprocess.DEVNULL):
        # Files, not pipes: nobody reads while the pipeline runs.
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        process = subprocess.Popen(
            [shutil.which("gst-launch-1.0") or "gst-launch-1.0", *options, *pipeline.split()],
            env={**self.environment, **(environment or {})},
            stdin=stdin,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        process.said = (out, err)
        return process

    def finish(self, process, timeout=60, started=None):
        started = started or time.monotonic()
        stopped = ""
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            stop(process)
            stopped = f"\n(stopped by the test after {timeout} s)"
        seconds = time.monotonic() - started
        texts = []
        for file in process.said:
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
            file.close()
        return Run(process.returncode, texts[0], texts[1] + stopped, seconds)

    def run(self, pipeline, *, timeout=60, **options):
        started = time.monotonic()
        return self.finish(self.start(pipeline, **options), timeout, started)
