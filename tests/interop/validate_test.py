#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""GstValidate's scenarios with the sinks: no more reports than with filesink. Speaks TAP.

validate_test.py --plugin FOLDER --standin PROGRAM

Debian 12 has no gst-validate-1.0: where the program or a scenario is missing, that is said.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import gst
import servers
from bench import expect, run_case
from interop_test import KEY
from servers import Unavailable

SOURCE = (
    "videotestsrc num-buffers=150 ! video/x-raw,width=160,height=120,framerate=30/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! h264parse ! mpegtsmux "
)
SCENARIOS = (
    "play_15s", "pause_resume", "change_state_intensive", "seek_forward", "seek_backward",
    "seek_forward_backward", "scrub_forward_seeking", "reverse_playback",
)  # fmt: skip
LONGEST = 90


def validate(launcher, scenario, sink):
    """Which reports there were, of which level, each as often as it came; and whether it hung."""
    try:
        answer = subprocess.run(
            ["gst-validate-1.0", "--set-scenario", scenario, *f"{SOURCE} ! {sink}".split()],
            env={**launcher.environment, "GST_VALIDATE_REPORTING_DETAILS": "all"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONGEST, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None
    if "Could not find scenario" in answer.stdout + answer.stderr:
        raise Unavailable(f"there is no scenario {scenario}")
    reports = re.findall(r"^\s*(issue|warning|critical) : (.*)$", answer.stdout, re.MULTILINE)
    return sorted(f"{level}: {text}" for level, text in reports if level != "issue")


def no_more_than_filesink(world, scenario):
    if not shutil.which("gst-validate-1.0"):
        raise Unavailable("gst-validate-1.0 is not installed")
    expected = validate(world.launcher, scenario, f"filesink location={world.folder}/{scenario}")
    if expected is None:
        raise Unavailable(f"filesink does not pass {scenario}")
    reports = validate(
        world.launcher, scenario, f"tussink endpoint={world.standin.url}/files/ stop-timeout=1000"
    )
    expect(reports is not None, f"does not end within {LONGEST} s")
    for report in expected:
        if report in reports:
            reports.remove(report)
    expect(not reports, f"more than with filesink: {reports}")


class World:
    """What the cases share."""

    def __init__(self, arguments, folder):
        self.folder = folder
        self.launcher = gst.Launcher(arguments.plugin.resolve(), folder)
        self.standin = servers.StandIn(folder / "server", arguments.standin, KEY)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name in ("plugin", "standin"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    arguments = parser.parse_args()
    print(f"1..{len(SCENARIOS)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="gst-tus-validate-") as folder:
        world = World(arguments, Path(folder))
        try:
            good = [
                run_case(
                    number, f"scenario {scenario}",
                    lambda world, scenario=scenario: no_more_than_filesink(world, scenario), world,
                )
                for number, scenario in enumerate(SCENARIOS, 1)
            ]  # fmt: skip
        finally:
            world.standin.stop()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
