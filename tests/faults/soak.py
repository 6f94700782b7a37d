#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A soak: one process records again and again, and long, while things go wrong. Speaks TAP.

Memory, threads and descriptors must stay flat: what the last third of the time needed is compared
with what the first third did. Everything that is said to be complete must be at the server, byte
for byte.

Must not know the project's sources; only what a user sees.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))

# pylint: disable=wrong-import-position
import gst
import servers
from bench import expect, run_case
from servers import Unavailable

PYTHON = "/usr/bin/python3"  # Debian's bindings are its own Python's
KEY = "4242$soak0key0marker"
BEAT = 1.0  # seconds between two looks
OUTAGE = (20, 6)  # every so many seconds, for so long
# What may be more in the last third, as the peak of each third: memory that the allocator keeps.
MORE = {"rss MiB": 16, "threads": 2, "descriptors": 2}
WARM_UP = 0.1  # of the time: plugins, caches
# An arena for each new thread, of which recordings bring many, would grow for an hour by itself.
ALLOCATOR = {"MALLOC_PERTURB_": "0", "MALLOC_ARENA_MAX": "2"}


def look(pid):
    """What the process holds now."""
    status = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return {
        "rss MiB": int(fields["VmRSS"].split()[0]) / 1024,
        "threads": int(fields["Threads"]),
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
    }


def watch(process, server, seconds):
    """A look a second, with outages of the server; the last one is over before the end."""
    began, looks = time.monotonic(), []
    away, outages = False, 0
    while (age := time.monotonic() - began) < seconds and process.poll() is None:
        looks.append({"age": age, **look(process.pid)})
        should = age > OUTAGE[0] and age % OUTAGE[0] < OUTAGE[1] and age < seconds - OUTAGE[0]
        if should != away:
            server.process.send_signal(signal.SIGUSR1 if should else signal.SIGUSR2)
            away, outages = should, outages + should
        time.sleep(BEAT)
    if away:
        server.process.send_signal(signal.SIGUSR2)
    return looks, outages


def thirds(looks, seconds):
    """The mean and the peak of each third, after the warm-up."""
    begin = WARM_UP * seconds
    width = (seconds - begin) / 3
    rows = []
    for third in range(3):
        there = [
            one for one in looks
            if begin + third * width <= one["age"] < begin + (third + 1) * width
        ]  # fmt: skip
        expect(there, "ended too early to compare anything")
        rows.append({
            name: (sum(one[name] for one in there) / len(there), max(one[name] for one in there))
            for name in MORE
        })  # fmt: skip
    return rows


def table(rows):
    yield f"{'':12} {'first third':>20} {'second':>20} {'last third':>20}   may grow by"
    for name, more in MORE.items():
        cells = [f"{row[name][0]:8.1f}, peak {row[name][1]:6.1f}" for row in rows]
        yield f"{name:12} " + " ".join(f"{cell:>20}" for cell in cells) + f"   {more}"


def check_uploads(said, server):
    complete = [line for line in said if line["kind"] == "complete"]
    expect(complete, "nothing was recorded")
    uploads = {one["id"]: one for one in server.get("/standin")["uploads"]}
    for one in complete:
        there = uploads.get(one["url"].rsplit("/", 1)[1])
        expect(there and there["sha256"] == one["sha256"], f"not at the server: {one}")
    ended = [line for line in said if line["kind"] == "ended"][-1]
    expect(ended["created"] == len(complete), f"{ended['created']} begun, {len(complete)} complete")
    return complete


def soak(arguments, launcher, folder):
    seconds = 60 * arguments.minutes
    if absent := launcher.missing("x264enc", "mpegtsmux", "splitmuxsink"):
        raise Unavailable(f"{absent} is not installed")
    probe = "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst"
    if (
        not Path(PYTHON).exists()
        or subprocess.run([PYTHON, "-c", probe], stderr=subprocess.DEVNULL, check=False).returncode
    ):
        raise Unavailable(f"{PYTHON} has no bindings for GStreamer")
    server = servers.StandIn(folder / "server", arguments.standin, KEY, "--discard", "--no-examine")
    process = None
    try:
        with open(folder / "said", "wb") as out, open(folder / "errors", "wb") as err:
            process = subprocess.Popen(
                [PYTHON, str(HERE / "soak_recorder.py"), f"{server.url}/files/", str(seconds)],
                env={**launcher.environment, **ALLOCATOR}, stdin=subprocess.DEVNULL,
                stdout=out, stderr=err, start_new_session=True,
            )  # fmt: skip
        looks, outages = watch(process, server, seconds)
        process.wait(180)
        said = [json.loads(line) for line in (folder / "said").read_text().splitlines()]
        errors = (folder / "errors").read_text()[-3000:]
        expect(process.returncode == 0, f"exit status {process.returncode}: {errors}")
        complete = check_uploads(said, server)
    finally:
        if process:
            servers.stop(process)
        server.stop()
    rows = thirds(looks, seconds)
    print(f"# {arguments.minutes:g} min, {len(complete)} uploads, "
          f"{sum(one['bytes'] for one in complete) >> 20} MiB, {outages} outages")  # fmt: skip
    lines = list(table(rows))
    print("# " + "\n# ".join(lines), flush=True)
    if arguments.table:
        arguments.table.write_text("\n".join(lines) + "\n")
    for name, more in MORE.items():
        first, last = rows[0][name][1], rows[2][name][1]
        expect(last <= first + more, f"{name} grows: {first:.1f} at most, then {last:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name in ("plugin", "standin"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--minutes", type=float,
                        default=float(os.environ.get("GST_TUS_SOAK_MINUTES") or 120))  # fmt: skip
    parser.add_argument("--table", type=Path, help="write the table there")
    arguments = parser.parse_args()
    print("1..1", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="gst-tus-soak-"))
    try:
        launcher = gst.Launcher(arguments.plugin.resolve(), folder)
        good = run_case(
            1, "memory, threads and descriptors stay flat",
            lambda _: soak(arguments, launcher, folder), None,
        )  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
