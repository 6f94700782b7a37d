#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The gst-tus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes docs/recording-grows.png, the picture in README.md: the stand-in's page while a recording
is uploaded to it and played.

    picture.py --plugin FOLDER --standin PROGRAM FILE.png
"""

import argparse
import pathlib
import tempfile

import page_test

PIPELINE = (
    "videotestsrc is-live=true ! video/x-raw,width=1280,height=720,framerate=30/1 "
    "! x264enc tune=zerolatency speed-preset=veryfast bitrate=6000 "
    "key-int-max=30 ! h264parse ! queue ! mux. "
    "audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=48000 ! avenc_aac ! aacparse ! queue "
    "! mux. mp4mux name=mux fragment-duration=500"
)
ENOUGH = (
    "Number(document.querySelector('#recordings .facts')?.textContent"
    ".match(/([0-9.]+) MB/)?.[1]) > 9"
)


def take(world, target):
    world.need("x264enc", "avenc_aac", "mp4mux")
    world.standin()
    run = world.launch(
        f"{PIPELINE} ! gcoresink api-url={world.url} location=camera.mp4 flush-interval=500"
    )
    tab = world.open(width=1080, height=720, calm=True)
    tab.call("Emulation.setScrollbarsHidden", {"hidden": True})
    tab.until(ENOUGH, "9 MB have come", 60)
    page_test.focus_by_tab(tab, "from-end")
    tab.press("Enter")
    page_test.plays_on(tab, 4)  # until its controls are hidden
    tab.run("document.activeElement.blur()")
    tab.screenshot(target, whole=False)
    run.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for name in ("plugin", "standin"):
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gst-tus-picture-") as folder:
        world = page_test.World(arguments, pathlib.Path(folder))
        try:
            take(world, arguments.target.resolve())
        finally:
            world.close()


if __name__ == "__main__":
    main()
