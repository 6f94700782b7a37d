#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stand-in's page in a real Chromium: a recording plays while it is uploaded and afterwards, faults
switched on there reach the sink, and people can use it by keyboard, on a phone and in the dark. TAP.

    page_test.py --plugin FOLDER --standin PROGRAM --recorder PROGRAM [--shots FOLDER] [CASE...]

Must not know the project's sources; only what a person sees. --shots keeps pictures of the page.
"""

import argparse
import base64
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request

import chromium

KEY = "4242$page0test0key0marker"
TOKEN = "page0test0token0marker"
NAME = "<img src=x onerror='window.pwned=1'>" + "long-name" * 15
START_SECONDS = 20
PATIENCE = 40


class Skip(Exception):
    """Why a case cannot be tried here."""


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def wait_for(holds, what, timeout=PATIENCE):
    deadline = time.monotonic() + timeout
    while not (value := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.05)
    return value


class Program:
    """Something that runs in the background; what it prints is in a file."""

    def __init__(self, command, log, environment):
        self.log = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def said(self):
        return self.log.read_text(errors="replace")

    def says(self, pattern, timeout=PATIENCE):
        try:
            return wait_for(lambda: re.search(pattern, self.said()), pattern, timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}; it said: {self.said()[-1500:]}") from None

    def end(self):
        """Ends the recording as Ctrl-C does: the upload is finished first."""
        self.process.send_signal(signal.SIGINT)
        self.ended_well()

    def ended_well(self):
        status = self.process.wait(PATIENCE)
        expect(status == 0, f"exit status {status}: {self.said()[-1500:]}")

    def stop(self):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                os.killpg(self.process.pid, sign)
                try:
                    self.process.wait(5)
                except subprocess.TimeoutExpired:
                    pass


class World:
    """A stand-in and a browser; each case gets its own stand-in, all share the browser."""

    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.environment = {
            **os.environ,
            "GST_PLUGIN_PATH": str(arguments.plugin),
            "GST_REGISTRY": str(folder / "registry.bin"),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "GCORE_API_KEY": KEY,
            "LC_ALL": "C.UTF-8",
        }
        for name in ("GST_DEBUG", "GST_DEBUG_FILE", "GCORE_BASE_URL"):
            self.environment.pop(name, None)
        self.programs, self.tabs = [], []
        self.browser = chromium.Browser(folder)

    def run(self, *command):
        program = Program(command, self.folder / f"{len(self.programs)}.log", self.environment)
        self.programs.append(program)
        return program

    def standin(self, *options):
        folder = self.folder / f"videos-{len(self.programs)}"
        program = self.run(self.arguments.standin, "--dir", folder, "--api-key", KEY, *options)
        self.page = program.says(r"page at (\S+)", START_SECONDS).group(1)
        self.url = re.search(r"listening on (\S+)", program.said()).group(1)

    def recorder(self, *options, sink=""):
        sink = f'gcoresink api-url={self.url} location="{NAME}" wait-status=ready {sink}'
        return self.run(self.arguments.recorder, *options, sink)

    def launch(self, pipeline):
        # written line by line, though it is a file
        return self.run("stdbuf", "-oL", "gst-launch-1.0", "-e", "-m", *pipeline.split())

    def need(self, *elements):
        for element in elements:
            command = ["gst-inspect-1.0", "--exists", element]
            if subprocess.run(command, env=self.environment, check=False).returncode != 0:
                raise Skip(f"no element {element} here")

    def open(self, url=None, **view):
        tab = self.browser.open(url or self.page, **view)
        self.tabs.append(tab)
        return tab

    def shot(self, tab, name):
        if self.arguments.shots:
            time.sleep(0.3)
            tab.screenshot(self.arguments.shots / f"{name}.png")

    def clear(self):
        """Ends what a case has started, and says what the console has complained of meanwhile."""
        complaints = [text for tab in self.tabs for text in tab.complaints()]
        for tab in self.tabs:
            tab.close()
        for program in self.programs:
            program.stop()
        self.tabs.clear()
        return complaints

    def close(self):
        self.clear()
        self.browser.close()


TIME = "document.querySelector('#video').currentTime"
GROWING = "document.querySelectorAll('#recordings .growing').length > 0"
COMPLETE = "document.querySelector('#recordings .note').textContent.includes('Complete')"


def focus_by_tab(tab, element):
    """With the keyboard alone to the element with this id."""
    for _ in range(60):
        tab.press("Tab")
        if tab.run(f"document.activeElement.id === '{element}'"):
            return
    raise AssertionError(f"Tab does not lead to {element}")


def plays_on(tab, seconds=1.0):
    """The picture moves: its time grows, and frames are shown."""
    begin = tab.until(f"{TIME} > 0 && {TIME}", "the player begins")
    tab.until(f"{TIME} >= {begin + seconds}", f"currentTime grows from {begin}")
    expect(tab.run("video.getVideoPlaybackQuality().totalVideoFrames") > 5, "no frames are shown")


def plays_while_it_grows(tab):
    tab.until("document.querySelector('#video').buffered.length > 0", "something to play has come")
    expect(tab.run("video.src.startsWith('blob:')"), "it is not played from what comes")
    focus_by_tab(tab, "from-start")
    tab.press("Enter")
    plays_on(tab)
    # long enough for plays_afterwards()
    tab.until("video.buffered.length > 0 && video.buffered.end(video.buffered.length - 1) > 3", "3 s of it")
    expect(tab.run(GROWING), "the upload had ended before it was played")


def plays_afterwards(tab):
    tab.until(COMPLETE, "the recording is complete")
    focus_by_tab(tab, "from-start")
    tab.press("Enter")
    # what ended while it grew stands at its end still, and a file without an index is played from pieces again
    ready = "Number.isFinite(video.duration) && !video.seeking && video.readyState >= 2"
    tab.until(f"{ready} && {TIME} < video.duration - 1", "it is played from its start", 20)
    duration = tab.run("video.duration")
    expect(2 < duration < 300, f"a duration of {duration}")
    plays_on(tab, 0.5)
    for place in (duration - 1.5, 0.5):
        tab.run(f"new Promise((done) => {{ video.onseeked = done; video.currentTime = {place}; }})")
        expect(abs(tab.run(TIME) - place) < 1, f"seeking to {place} led to {tab.run(TIME)}")


def switch(tab, name):
    """Turns a switch with the keyboard, and waits until the page shows it."""
    checked = f"document.querySelector('#switch-{name}').getAttribute('aria-checked')"
    before = tab.run(checked)
    tab.run(f"document.querySelector('#switch-{name}').focus()")
    tab.press(" ")
    tab.until(f"{checked} !== '{before}'", f"the switch {name} is turned")


def text_of(tab, element):
    return tab.run(f"document.querySelector('{element}').textContent")


# ----------------------------------------------------------------- cases


def mp4_plays_and_outage_reaches_the_sink(world):
    world.need("x264enc", "avenc_aac", "mp4mux")
    world.standin()
    recorder = world.recorder("--bitrate", "14000")
    tab = world.open(width=1280, height=900)
    plays_while_it_grows(tab)
    world.shot(tab, "playing")
    # the newest: what was before it is not fetched
    tab.until("Number(document.querySelector('#recordings .facts').textContent.match(/([0-9.]+) MB/)?.[1]) > 8", "8 MB")
    focus_by_tab(tab, "from-end")
    tab.press("Enter")
    tab.until("video.buffered.length > 0 && video.buffered.start(0) > 1", "it is joined late")
    # a start is not always a time that can be set: the player is there, and fetches nothing before it
    start = tab.run("video.buffered.start(0)")
    tab.run(f"new Promise((done) => {{ video.onseeked = done; video.currentTime = {start} - 5e-7; }})")
    plays_on(tab, 0.3)
    expect(tab.run("video.buffered.start(0)") == start, "what was before it is fetched")
    focus_by_tab(tab, "switch-away")
    tab.press(" ")
    recorder.says("The server is away")
    tab.until("document.querySelector('#server').textContent === 'The server is away.'", "the page says so")
    tab.until("document.querySelector('#troubles .bad').textContent.includes('Server away')", "and since when")
    tab.until("document.querySelector('#recordings .note').textContent.includes('No new byte')", "nothing comes")
    world.shot(tab, "away")
    tab.press(" ")
    recorder.says("The server is back")
    tab.until("document.querySelector('#server').textContent === 'The server is here.'", "it is back")
    recorder.end()
    plays_afterwards(tab)
    expect(not tab.run("window.pwned") and not tab.run("document.images.length"), "a name became HTML")
    expect(text_of(tab, "#recordings .name") == NAME, "the name is not shown as it is")
    html = tab.run("document.documentElement.outerHTML")
    for secret in (KEY, KEY.split("$")[1], "eyJhbGci"):
        expect(secret not in html, f"{secret} is on the page")
    world.shot(tab, "complete")
    phone_and_dark(world)
    player_link(world)


def phone_and_dark(world):
    """Of the page as the recording before has left it."""
    for width, dark in ((320, True), (320, False), (1280, True)):
        tab = world.open(width=width, height=700, dark=dark, calm=True)
        tab.until("document.querySelectorAll('#requests li').length > 5", "requests are listed")
        tab.until("video.readyState >= 2", "a picture")
        expect(
            tab.run("document.documentElement.scrollWidth <= innerWidth"),
            f"it scrolls sideways at {width}: {tab.run('document.documentElement.scrollWidth')}",
        )
        light = tab.run("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        expect((sum(light) < 200) == dark, f"the background is {light}")
        expect(tab.run("document.getAnimations().length") == 0, "something moves")
        world.shot(tab, f"{'phone' if width == 320 else 'desk'}-{'dark' if dark else 'light'}")
        named_for_readers(tab)


def named_for_readers(tab):
    """Whatever can be used has a name for who does not see it."""
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "switch", "link", "Video", "list", "img"}
    used = [node for node in nodes if node.get("role", {}).get("value") in roles and not node["ignored"]]
    without = [
        node["role"]["value"]
        for node in used
        if not node.get("name", {}).get("value") and node["role"]["value"] != "list"
    ]
    expect(len(used) > 10 and not without, f"without a name: {without}")
    switches = [node for node in used if node["role"]["value"] == "switch"]
    expect(len(switches) >= 5, f"{len(switches)} switches")


def player_link(world):
    """The link in the API's answers leads to a player of that video alone."""
    request = urllib.request.Request(
        world.url + "/streaming/videos", headers={"Authorization": f"APIKey {KEY}"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        link = json.load(answer)[0]["iframe_url"]
    tab = world.open(link, width=640, height=360)
    tab.until("video.readyState >= 2 && video.duration > 10", "the player has the video")
    expect(tab.run("document.querySelectorAll('button').length") == 0, "the player has switches")


def webm_plays_and_faults_reach_the_sink(world):
    world.need("vp8enc", "opusenc", "webmmux")
    world.standin()
    run = world.launch(
        "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 "
        "! vp8enc deadline=1 keyframe-max-dist=30 ! queue ! mux. audiotestsrc is-live=true "
        "! audio/x-raw,rate=48000 ! opusenc ! queue ! mux. webmmux name=mux "
        f"! tussink endpoint={world.url}/files/ location=show.webm metadata=meta,token={TOKEN} "
        "flush-interval=300"
    )
    tab = world.open(width=1000)
    plays_while_it_grows(tab)
    for name, told in (("unavailable", "503"), ("login", r"Something\\? else")):
        before = run.said().count("tus-upload-resumed")
        switch(tab, name)
        run.says(rf"tus-upload-stalled[^\n]*({told})")
        switch(tab, name)
        wait_for(lambda: run.said().count("tus-upload-resumed") > before, "it goes on")
    run.end()
    plays_afterwards(tab)
    expect(TOKEN not in tab.run("document.documentElement.outerHTML"), "a token is on the page")
    faults = tab.run("[...document.querySelectorAll('#requests .fault')].map((one) => one.textContent).join()")
    expect("answer 503" in faults and "with HTML" in faults, f"the requests show {faults}")


def parts_play_as_one(world):
    world.need("x264enc", "mp4mux")
    world.standin()
    run = world.launch(
        "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 "
        "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse "
        f"! mp4mux fragment-duration=500 ! tussink endpoint={world.url}/files/ location=parts.mp4 "
        "length-mode=concatenation chunk-size=100000 flush-interval=300"
    )
    tab = world.open(width=1000)
    plays_while_it_grows(tab)
    tab.until("/[2-9][0-9]* parts/.test(document.querySelector('#recordings .facts').textContent)", "parts")
    expect(tab.run("document.querySelectorAll('#recordings > li').length") == 1, "parts are listed apart")
    run.end()
    plays_afterwards(tab)
    expect(tab.run("document.querySelectorAll('#recordings > li').length") == 1, "the parts and the whole")


def what_cannot_be_played_is_said(world):
    world.need("x264enc", "mpegtsmux", "mp4mux", "wavenc")
    world.standin()
    source = "videotestsrc num-buffers=60 ! video/x-raw,width=320,height=240,framerate=30/1 ! x264enc"
    said = "document.querySelector('#player-line').textContent"
    tab = world.open(width=1000)
    sink = f"tussink endpoint={world.url}/files/"
    world.launch(f"{source} ! mpegtsmux ! {sink} location=a.ts").ended_well()
    tab.until(f"{said}.includes('MPEG transport stream')", "why an MPEG transport stream is not played")
    expect(tab.run("!document.querySelector('#download').hidden"), "it cannot be downloaded")
    # one that is uploaded anew while another is shown
    live = world.launch(
        "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 "
        f"! x264enc tune=zerolatency ! mpegtsmux ! {sink} location=live.ts flush-interval=200"
    )
    tab.until(f"document.querySelector('#playing').textContent === 'live.ts' && {said}.includes('MPEG transport')", "while it grows")
    live.end()
    # its index comes first, but of the whole file: played when it is complete
    file = world.folder / "plain.mp4"
    world.launch(f"{source} ! h264parse ! mp4mux faststart=true ! filesink location={file}").ended_well()
    slow = world.launch(f"filesrc location={file} blocksize=4096 ! {sink} location=plain.mp4 max-upload-rate=1000000")
    tab.until(f"{said}.includes('when it is complete')", "what is to be waited for")
    slow.ended_well()
    tab.until("video.readyState >= 2 && video.duration > 1", "it plays when it is complete")


def upload(world, name, data):
    """A plain upload that has these bytes and never ends; its address."""
    headers = {"Tus-Resumable": "1.0.0"}
    named = {"Upload-Defer-Length": "1", "Upload-Metadata": "filename " + base64.b64encode(name.encode()).decode()}
    request = urllib.request.Request(f"{world.url}/files/", method="POST", headers={**headers, **named})
    with urllib.request.urlopen(request, timeout=20) as answer:
        address = answer.headers["Location"]
    append(address, 0, data)
    return address


def append(address, offset, data, length=None):
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
        **({"Upload-Length": str(length)} if length is not None else {}),
    }
    request = urllib.request.Request(address, data, headers, method="PATCH")
    with urllib.request.urlopen(request, timeout=20) as answer:
        expect(answer.status == 204, f"status {answer.status}")


PICTURE = "videotestsrc num-buffers=45 ! video/x-raw,format=I420,width=320,height=240,framerate=30/1"
SOUND = "audiotestsrc num-buffers=80 ! audio/x-raw,rate=48000,channels=2"
MP4 = "mp4mux fragment-duration=500 name=mux"
# name: pipeline up to the file, what the codecs are (None: of no interest)
FILES = {
    "avc-aac.mp4": (
        f"{PICTURE} ! x264enc speed-preset=ultrafast key-int-max=15 ! h264parse ! queue ! mux. "
        f"{SOUND} ! avenc_aac ! aacparse ! queue ! mux. {MP4}",
        r"avc1\.[0-9a-f]{6},mp4a\.40\.2",
    ),
    "opus.mp4": (f"{SOUND} ! opusenc ! queue ! {MP4}", "opus"),
    "aac.mp4": (f"{SOUND} ! avenc_aac ! aacparse ! {MP4}", r"mp4a\.40\.2"),
    "hevc.mp4": (f"{PICTURE} ! x265enc speed-preset=ultrafast ! h265parse ! {MP4}", r"hvc1\.1\.6\.L\d+.*"),
    "av1.mp4": (f"{PICTURE} ! svtav1enc preset=13 ! av1parse ! {MP4}", r"av01\.0\.\d\dM\.08"),
    "vp9.mp4": (f"{PICTURE} ! vp9enc deadline=1 cpu-used=8 ! vp9parse ! {MP4}", r"vp09\.\d\d\.\d\d\.08"),
    "vp9-vorbis.webm": (
        f"{PICTURE} ! vp9enc deadline=1 cpu-used=8 keyframe-max-dist=15 ! queue ! mux. "
        f"{SOUND} ! audioconvert ! vorbisenc ! queue ! mux. webmmux name=mux",
        "vp9,vorbis",
    ),
    "opus.webm": (f"{SOUND} ! opusenc ! webmmux", "opus"),
    "vp8-opus.mkv": (
        f"{PICTURE} ! vp8enc deadline=1 keyframe-max-dist=15 ! queue ! mux. "
        f"{SOUND} ! opusenc ! queue ! mux. matroskamux name=mux",
        "vp8,opus",
    ),
    "avc.mkv": (f"{PICTURE} ! x264enc speed-preset=ultrafast ! h264parse ! matroskamux", None),
    "sound.flac": (f"{SOUND} ! flacenc", None),
    "vorbis.ogg": (f"{SOUND} ! audioconvert ! vorbisenc ! oggmux", None),
}

SURE = ("avc-aac.mp4", "aac.mp4", "vp9-vorbis.webm", "opus.webm")


def codecs_are_recognised(world):
    """Whatever is recognised is either played from its pieces, or it is said that it is not."""
    world.standin()
    made = {}
    for name, (pipeline, codecs) in FILES.items():
        # streamed, as the sink gets it: nothing is written over
        file = world.folder / name
        command = f"{pipeline} ! queue ! fdsink fd=3".split()
        elements = [word for word in command if re.fullmatch(r"[a-z0-9_]+(enc|mux|parse)", word)]
        try:
            world.need(*elements)
        except Skip as reason:
            print(f"# {name} is left out: {reason}")
            continue
        # a pipe: a muxer that could go back in the file would
        shell = f"set -o pipefail; gst-launch-1.0 -q {shlex.join(command)} 3>&1 >/dev/null | cat > {file}"
        subprocess.run(["bash", "-c", shell], env=world.environment, check=True, timeout=PATIENCE, stderr=subprocess.DEVNULL)
        made[name] = (file.read_bytes(), codecs)
    expect(len(made) > 5, f"only {list(made)}")
    tab = world.open()
    for name, (data, codecs) in made.items():
        upload(world, name, data)
        tab.until(f"document.querySelector('#playing').textContent === '{name}'", f"{name} is shown")
        shown = tab.until(
            "video.readyState >= 2 && video.src.startsWith('blob:') ? 'played' : "
            "/cannot play/.test(document.querySelector('#player-line').textContent) && 'told'",
            f"{name} is played, or not",
        )
        key = f"document.querySelector('#download').href"
        told = tab.run(
            f"Promise.all([import('/media.js'), fetch({key}).then((answer) => answer.arrayBuffer())])"
            ".then(([media, bytes]) => { const told = media.identify(new Uint8Array(bytes));"
            " return {codecs: told.codecs.join(), can: told.live && MediaSource.isTypeSupported(media.mimeOf(told))}; })"
        )
        if codecs:
            expect(re.fullmatch(codecs, told["codecs"]), f"{name}: {told}")
        line = text_of(tab, "#player-line")
        expect(shown == "told" or told["can"], f"{name} is {shown}, {told}")
        # what is right for a browser and not for this one: with its own words
        expect(shown == "played" or not told["can"] or "It says" in line, f"{name}: {line}")
        if name in SURE:
            expect(shown == "played", f"{name} is not played: {line}")


def broken_files_break_nothing(world):
    """Bytes that are no media, cut off anywhere, or lie about their sizes."""
    world.need("x264enc", "mp4mux")
    world.standin()
    file = world.folder / "good.mp4"
    good = f"{PICTURE} ! x264enc speed-preset=ultrafast ! h264parse ! {MP4} ! filesink location={file}"
    world.launch(good).ended_well()
    data = file.read_bytes()
    moov = data.index(b"moov")
    noise = random.Random(7)
    broken = {
        "noise": noise.randbytes(100000),
        "zeros": bytes(100000),
        "html": b"<!DOCTYPE html><script>window.pwned = 1</script>",
        "ftyp alone": data[: moov - 4] + bytes(64),
        "box of no size": data[: moov - 4] + b"\0\0\0\7moov" + data[moov + 4 :],
        "huge box": data[: moov - 4] + b"\x7f\xff\xff\xffmoov" + data[moov + 4 :],
        "noise in moov": data[: moov + 4] + noise.randbytes(500) + data[moov + 504 :],
        "noise in the picture": data[:3000] + noise.randbytes(30000),
        "ebml of ones": b"\x1a\x45\xdf\xa3" + b"\xff" * 5000,
        "ebml of zeros": b"\x1a\x45\xdf\xa3" + bytes(5000),
        "ebml noise": b"\x1a\x45\xdf\xa3" + noise.randbytes(50000),
    }
    tab = world.open()
    for name, bytes_ in broken.items():
        upload(world, name, bytes_)
        tab.until(f"document.querySelector('#playing').textContent === '{name}'", f"{name} is shown")
        time.sleep(0.2)
        expect(tab.run("document.querySelector('#server').textContent.includes('here')"), "the page stands still")
    expect(not tab.run("window.pwned"), "a file was run")
    address = upload(world, "good", data[:900])
    tab.until("document.querySelector('#playing').textContent === 'good'", "the good one is shown")
    append(address, 900, data[900:], len(data))
    tab.until("video.readyState >= 2", "the good one can be played after all that")


CASES = {
    "mp4": mp4_plays_and_outage_reaches_the_sink,
    "webm": webm_plays_and_faults_reach_the_sink,
    "parts": parts_play_as_one,
    "others": what_cannot_be_played_is_said,
    "codecs": codecs_are_recognised,
    "broken": broken_files_break_nothing,
}


def tell(text):
    """Why a case failed; where meson shows it, too."""
    print(f"# {text}", flush=True)
    print(text, file=sys.stderr, flush=True)


def run_case(number, name, world):
    start = time.monotonic()
    try:
        try:
            CASES[name](world)
        except BaseException:
            for tab in world.tabs[:1]:
                player = "[video.src, video.currentTime, video.error?.message, video.readyState].join()"
                try:
                    tell(f"the page: {tab.run('document.body.innerText')[:1500]!r}")
                    tell(f"the player: {tab.run(player)}")
                except chromium.BrowserError:
                    pass
            raise
        finally:
            complaints = world.clear()
        expect(not complaints, f"the console says: {complaints}")
        print(f"ok {number} {name} # {time.monotonic() - start:.1f} s", flush=True)
        return True
    except Skip as reason:
        print(f"ok {number} {name} # SKIP {reason}", flush=True)
        return True
    except (AssertionError, OSError, chromium.BrowserError, subprocess.SubprocessError):
        for line in traceback.format_exc().splitlines():
            tell(line)
        print(f"not ok {number} {name}", flush=True)
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--plugin", required=True, type=pathlib.Path)
    parser.add_argument("--standin", required=True, type=pathlib.Path)
    parser.add_argument("--recorder", required=True, type=pathlib.Path)
    parser.add_argument("--shots", type=pathlib.Path)
    parser.add_argument("cases", nargs="*")
    arguments = parser.parse_args()
    cases = arguments.cases or list(CASES)
    missing = "no chromium here" if not chromium.program() else None
    if not missing and not shutil.which("gst-launch-1.0"):
        missing = "no gst-launch-1.0 here"
    if missing:
        print(f"1..0 # SKIP {missing}")
        return 0
    with tempfile.TemporaryDirectory(prefix="gst-tus-page-", ignore_cleanup_errors=True) as folder:
        world = World(arguments, pathlib.Path(folder))
        print(f"1..{len(cases)}", flush=True)
        try:
            good = [run_case(number, name, world) for number, name in enumerate(cases, 1)]
        finally:
            world.close()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
