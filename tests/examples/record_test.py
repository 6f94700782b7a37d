#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gst-tus-record and gst-tus-check as a user runs them, against gcore-standin. Speaks TAP.

record_test.py --plugin FOLDER --standin PROGRAM --recover PROGRAM --record PROGRAM --check PROGRAM

What arrived is compared by SHA-256. What is not installed is skipped aloud.
"""

import argparse
import contextlib
import fcntl
import functools
import hashlib
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unicodedata
from pathlib import Path

# pylint: disable=wrong-import-position
from examples_test import (
    LONGEST, RtspCameras, completed, is_listening, stored_files, wait_until, with_bench,
)  # fmt: skip

import gst
import servers
from bench import expect, run_case, sha256
from servers import Unavailable

PICTURE = ("x264enc", "mp4mux")
NOBODY = "http://127.0.0.1:9"


def record(bench, *words, server=None, stdin=None, **more):
    return bench.run([bench.arguments.record, *words], server, stdin, **more)


def streams_of(path):
    if not shutil.which("ffprobe"):
        raise Unavailable("ffprobe is not installed")
    answer = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of",
         "default=noprint_wrappers=1:nokey=1", str(path)],
        capture_output=True, text=True, timeout=LONGEST, check=True,
    )  # fmt: skip
    return list(dict.fromkeys(answer.stdout.split()))  # a program's are told twice


def content_of(path):
    """What is in it, whenever the container was written."""
    if not shutil.which("ffmpeg"):
        raise Unavailable("ffmpeg is not installed")
    return subprocess.run(
        ["ffmpeg", "-loglevel", "error", "-i", str(path), "-map", "0", "-c", "copy", "-f",
         "streamhash", "-"], capture_output=True, text=True, timeout=LONGEST, check=True,
    ).stdout  # fmt: skip


def only_file(server):
    files = stored_files(server)
    expect(len(files) == 1, f"{files}")
    return files[0]


def test_picture(bench):
    bench.need(*PICTURE, "avenc_aac")
    server = bench.standin()
    copy = bench.folder / "my copy.mp4"
    run = record(bench, "test", "--duration", "2s", "--copy", copy, "--name", "a b.mp4",
                 "--wait", "ready", server=server)  # fmt: skip
    run.finish(0)
    stored = only_file(server)
    expect(sha256(stored) == sha256(copy), "what is stored is not what was recorded")
    expect(streams_of(stored) == ["h264", "aac"], f"{streams_of(stored)}")
    number = run.wait_for('^Video ([0-9]+) "a b.mp4"$')[0].group(1)
    run.wait_for(f"^Video {number} is ready$")
    run.wait_for(r"^  http://[^/]+/videos/[^/]+$")
    run.wait_for(r"^  http://.*\.m3u8")


def containers(bench):
    """Each is what a player takes."""
    bench.need("x264enc", "vp8enc", "mpegtsmux", "matroskamux", "webmmux")
    for container in ("mkv", "ts", "webm"):
        server = bench.standin()
        run = record(bench, "test", "--duration", "1s", "-c", container, "-b", "800k",
                     "--wait", "ready", server=server)  # fmt: skip
        run.finish(0)
        run.wait_for(r"^  http://[^/]+/videos/[^/]+$")
        expect(len(streams_of(only_file(server))) == 2, f"{container}: {run.tail()}")


def knows_dash():
    answer = subprocess.run(["ffmpeg", "-hide_banner", "-demuxers"], capture_output=True, text=True,
                            timeout=LONGEST, check=True)  # fmt: skip
    return re.search(r"^ D +dash ", answer.stdout, re.MULTILINE)


def plays_from_its_links(bench):
    """What another player than GStreamer has of them is what is in the file."""
    bench.need(*PICTURE, "avenc_aac", "mpegtsmux")
    for container, sound in (("mp4", ()), ("ts", ()), ("mp4", ("--audio", "none"))):
        server = bench.standin()
        run = record(bench, "test", "--duration", "3s", "-c", container, "-b", "800k", *sound,
                     "--wait", "ready", server=server)  # fmt: skip
        run.finish(0)
        stored = only_file(server)
        hls = run.wait_for(r"^  (http://.*/)master\.m3u8")[0]
        expect(content_of(hls.group(0).strip()) == content_of(stored), f"{container}: HLS differs")
        if container != "mp4" or not knows_dash():
            continue
        dash = hls.group(1) + "dash.mpd"
        expect(streams_of(dash) == streams_of(stored), f"{streams_of(dash)} over DASH")
        # ffmpeg ends with the shortest stream of several
        expect(not sound or content_of(dash) == content_of(stored), "DASH differs")


def to_a_tus_server(bench):
    bench.need(*PICTURE)
    server = bench.standin()
    run = record(bench, "test", "--duration", "1s", "--audio", "none", "--to", f"{server.url}/files/",
                 server=server, GCORE_API_KEY="")  # fmt: skip
    run.finish(0)
    run.wait_for("^  http://.*/files/")
    expect(streams_of(only_file(server)) == ["h264"], "a picture alone")


def pieces(bench):
    bench.need(*PICTURE, "splitmuxsink")
    server = bench.standin()
    copies = bench.folder / "copies"
    copies.mkdir()
    run = record(bench, "test", "--every", "2s", "--name", "100% door.mp4", "--copy",
                 copies / "c.mp4", server=server)  # fmt: skip
    run.wait_for("^100% door-0000[0-9].mp4: Complete", 2)
    run.interrupt()
    run.finish(0)
    here = sorted(content_of(path) for path in copies.iterdir())
    there = sorted(content_of(path) for path in stored_files(server))
    expect(len(here) >= 3 and here == there, f"{here} is not {there}: {run.tail()}")
    expect("100% door-00000.mp4" in completed(server), f"{completed(server)}")
    # started again, as a service is: what an earlier run has left stays
    (copies / "c-00041.mp4").write_bytes(b"of last night")
    (copies / "c-no number.mp4").write_bytes(b"of somebody else")
    before = {path: path.read_bytes() for path in copies.iterdir()}
    record(bench, "test", "--every", "1s", "--duration", "2s", "--name", "again.mp4", "--copy",
           copies / "c.mp4", server=server).finish(0)  # fmt: skip
    expect(all(path.read_bytes() == was for path, was in before.items()), "it was written over")
    expect((copies / "c-00042.mp4").exists(), f"{sorted(copies.iterdir())}")
    expect("again-00042.mp4" in completed(server), f"{completed(server)}")


def as_it_is(bench):
    """A file of that name, and standard input; and the line that is shown does the same."""
    clip = bench.folder / 'it\'s "quoted" $HOME.mp4'
    bench.need(*PICTURE)
    server = bench.standin()
    record(bench, "test", "--duration", "1s", "--to", f"{server.url}/files/", "--copy", clip,
           server=server).finish(0)  # fmt: skip
    server = bench.standin()
    record(bench, clip, server=server).finish(0)
    with open(clip, "rb") as stdin:
        record(bench, "-", "--name", "piped.mp4", server=server, stdin=stdin).finish(0)
    shown = record(bench, clip, "--dry-run", "--name", "shown.mp4", server=server)
    shown.finish(0)
    environment = bench.environment(server)
    subprocess.run(
        ["sh", "-c", shown.lines[0]], env=environment, check=True, timeout=LONGEST,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    expect(
        completed(server) == dict.fromkeys([clip.name, "piped.mp4", "shown.mp4"], sha256(clip)),
        f"{completed(server)}",
    )


@contextlib.contextmanager
def x11_screen(bench):
    """(its process, DISPLAY); its sides are odd."""
    bench.need(*PICTURE, "ximagesrc")
    if not shutil.which("Xvfb"):
        raise Unavailable("Xvfb is not installed")
    told, tells = os.pipe()
    x11 = subprocess.Popen(
        ["Xvfb", "-displayfd", str(tells), "-screen", "0", "641x361x24"], pass_fds=(tells,),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        os.close(tells)
        expect(select.select([told], [], [], LONGEST)[0], "Xvfb does not start")
        yield x11, f":{os.read(told, 16).decode().strip()}"
    finally:
        os.close(told)
        x11.send_signal(signal.SIGCONT)
        servers.stop(x11)


def screen_stands_still(bench):
    """What of it was recorded is in the copy."""
    server = bench.standin()
    for words, name in (((), "copy.mp4"), (("--every", "1h"), "copy-00000.mp4")):
        with x11_screen(bench) as (x11, display):
            run = record(bench, "screen", "-b", "200k", "--copy", bench.folder / "copy.mp4", *words,
                         server=server, DISPLAY=display, WAYLAND_DISPLAY="")  # fmt: skip
            run.wait_for("Video ")
            time.sleep(3)  # some fragments
            x11.send_signal(signal.SIGSTOP)
            time.sleep(1)  # until a picture is asked for
            run.interrupt()
            run.finish(3)
        run.wait_for("The copy may lack its end")
        expect(len(run.said("Video [0-9]+ \"")) == 1, f"another was begun: {run.tail()}")
        expect(streams_of(bench.folder / name) == ["h264"], run.tail())


def screen(bench):
    server = bench.standin()
    with x11_screen(bench) as (_, display):
        run = record(bench, "screen", "--duration", "1s", server=server, DISPLAY=display,
                     WAYLAND_DISPLAY="")  # fmt: skip
        run.finish(0)
    expect(streams_of(only_file(server)) == ["h264"], run.tail())
    run = record(bench, "screen", server=server, DISPLAY="", WAYLAND_DISPLAY="")
    run.finish(1)
    run.wait_for("no screen here")
    run = record(bench, "screen", server=server, DISPLAY=":99999", WAYLAND_DISPLAY="")
    run.finish(1)
    errors = [line for line in run.lines if line.strip()]
    expect(len(errors) == 1 and "display" in errors[0] and ".c(" not in errors[0], run.tail())


def camera_in_the_network(bench):
    bench.need(*PICTURE, "rtspsrc", "avenc_aac")
    camera = bench.keep(RtspCameras(bench.folder / "cameras", 1))
    for path, streams in (("stream", ["h264", "aac"]), ("camera0", ["h264"])):
        server = bench.standin()
        copy = bench.folder / f"{path}.mp4"
        run = record(bench, f"{camera.url}{path}", "--duration", "2s", "--copy", copy,
                     server=server)  # fmt: skip
        run.finish(0)
        expect(sha256(only_file(server)) == sha256(copy), run.tail())
        expect(streams_of(copy) == streams, f"{streams_of(copy)}")
    login = camera.url.replace("://", "://me:geheim@")
    run = record(bench, f"{login}camera0", "--dry-run", server=server)
    run.finish(0)
    run.wait_for("rtph264depay ! h264parse")
    run = record(bench, f"{login}nothing", server=server)
    run.finish(1)
    expect(not run.said("geheim"), run.tail())


class Door:
    """Of a camera: only the first connection comes through it before it is opened."""

    def __init__(self, port):
        self.port, self.knocks, self.opened = port, 0, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.sockets = [self.listener]
        self.in_thread(self.listen)

    @staticmethod
    def in_thread(work, *arguments):
        threading.Thread(target=work, args=arguments, daemon=True).start()

    def listen(self):
        with contextlib.suppress(OSError):  # it is stopped
            while True:
                caller = self.listener.accept()[0]
                self.knocks += 1
                self.in_thread(self.let_in, caller, self.knocks == 1)

    def let_in(self, caller, at_once):
        self.sockets.append(caller)
        if not at_once:
            self.opened.wait(LONGEST)
        camera = socket.create_connection(("127.0.0.1", self.port))
        self.sockets.append(camera)
        self.in_thread(self.carry, caller, camera)
        self.carry(camera, caller)

    @staticmethod
    def carry(one, other):
        with contextlib.suppress(OSError):
            while some := one.recv(1 << 16):
                other.sendall(some)
            other.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.opened.set()
        for each in self.sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def ended_while_a_camera_connects(bench):
    """The end of the recording waits for the camera, not for good."""
    bench.need(*PICTURE, "rtspsrc", "splitmuxsink", "avenc_aac")
    camera = bench.keep(RtspCameras(bench.folder / "cameras", 1))
    port = int(re.search(r":([0-9]+)/", camera.url).group(1))
    for path, words, pause, status in (
        ("camera0", (), 3, 0), ("stream", (), 3, 0), ("stream", ("--every", "1h"), 3, 0),
        ("camera0", (), None, 3),
    ):  # fmt: skip
        server = bench.standin()
        door = bench.keep(Door(port))
        run = record(bench, f"{door.url}{path}", *words, server=server)
        wait_until(lambda d=door: d.knocks == 2, "the recording's connection")
        time.sleep(0.5)
        run.interrupt()
        run.wait_for("Ctrl-C once more")
        if pause:
            time.sleep(pause)
            door.opened.set()
        run.finish(status)
        expect(len(completed(server)) == (status == 0), run.tail())


def no_device(bench):
    """Of that name there is none, wherever this runs."""
    server = bench.standin()
    for words in (("camera", "No Such"), ("microphone", "No Such"),
                  ("test", "--audio", "No Such")):  # fmt: skip
        run = record(bench, *words, server=server)
        run.finish(1)
        run.wait_for('has the name "No Such"')
    record(bench, "--list", server=server).finish(0)
    expect(not server.get("/standin")["uploads"], "something was sent")


def stopped_in_an_outage(bench):
    """The second Ctrl-C does not wait for a server that is away; nothing is lost by it."""
    bench.need(*PICTURE)
    server = bench.standin()
    copy = bench.folder / "copy.mp4"
    run = record(bench, "test", "--copy", copy, server=server)
    run.wait_for("^Video ")
    run.wait_for("at the server")
    server.process.send_signal(signal.SIGUSR1)
    run.wait_for("The server is away")
    run.interrupt()
    run.wait_for("Ctrl-C once more: stop now, and keep the rest")
    time.sleep(1)  # the end is through
    run.interrupt()
    run.finish(3)
    run.wait_for(", kept in /")
    run.wait_for("To send them: gst-tus-recover")
    for once in ("The recording goes on", "gst-tus-recover"):
        expect(len([line for line in run.lines if once in line]) == 1, f"{once}: {run.tail()}")
    server.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: is_listening(server), "the server is back")
    bench.recover(server)
    expect(list(completed(server).values()) == [sha256(copy)], "not what was recorded")


def catches(process, number):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status.read(), re.MULTILINE)
    return int(caught.group(1), 16) & 1 << (number - 1)


def ended_as_it_begins(bench):
    """One Ctrl-C, in the first moments in which it is heard: what was begun is finished."""
    bench.need(*PICTURE, "avenc_aac", "splitmuxsink", "mpegtsmux")
    server = bench.standin()
    clip = bench.folder / "clip"
    clip.write_bytes(b"x" * 3_000_000)
    for times, words in (
        (6, ("test", "--every", "10s")), (6, ("test", "--every", "10s", "-c", "ts")),
        (3, ("test",)), (24, (clip,)),
    ):  # fmt: skip
        for number in range(times):
            run = record(bench, *words, "--to", f"{server.url}/files/", server=server)
            deadline = time.monotonic() + LONGEST
            while not catches(run.process, signal.SIGINT):  # not slower than wait_until()
                expect(time.monotonic() < deadline, run.tail())
            time.sleep(0.006 * number / times)
            run.interrupt()
            run.finish(0)
    for number in range(24):  # and once more while it ends
        run = record(bench, clip, "--to", f"{server.url}/files/", server=server)
        run.wait_for("at the server|Complete")
        run.process.send_signal(signal.SIGINT)
        time.sleep(0.001 * number)
        run.process.send_signal(signal.SIGINT)
        run.process.wait(LONGEST)
        expect(run.process.returncode in (0, 3), f"{run.process.returncode}: {run.tail()}")


def end_waits_for_the_server(bench):
    """Longer than for anything else, after one Ctrl-C."""
    bench.need(*PICTURE)
    server = bench.standin()
    copy = bench.folder / "copy.mp4"
    run = record(bench, "test", "--copy", copy, server=server)
    run.wait_for("at the server")
    server.process.send_signal(signal.SIGUSR1)
    run.wait_for("The server is away")
    run.interrupt()
    time.sleep(13)
    server.process.send_signal(signal.SIGUSR2)
    run.finish(0)
    expect(not run.said("does not come through"), run.tail())
    expect(list(completed(server).values()) == [sha256(copy)], run.tail())


def proved_by_nothing(bench):
    """Warnings that say what to do are not taken for what has been said already."""
    bench.need(*PICTURE)
    (bench.folder / "small.bin").write_bytes(bytes(100_000))
    for habit in ("no-head", "no-head=400"):
        server = bench.standin("--habit", habit)
        run = record(bench, bench.folder / "small.bin", "--to", f"{server.url}/files/", server=server)
        run.finish(3)
        run.wait_for("^Complete: ")
        run.wait_for("^Nothing has shown yet that the recording is there; 100.0.kB are kept in /")
        run.wait_for("let HEAD through")
        expect(not run.said("(?i)not at the server"), run.tail())


def terminated(bench):
    """As a service is stopped: the recording ends, and all of it is sent."""
    bench.need(*PICTURE)
    server = bench.standin()
    run = record(bench, "test", server=server)
    run.wait_for("^Video ")
    run.interrupt(signal.SIGTERM)
    run.finish(0)
    expect(len(completed(server)) == 1, run.tail())


def at_a_wrong_address(bench, words, to, **variables):
    """Which counts as an outage: what is kept goes where gst-tus-recover is told to send it."""
    bench.need(*PICTURE)
    server = bench.standin()
    copy = bench.folder / "copy.mp4"
    run = record(bench, "test", *words, "--copy", copy, server=server, **variables)
    run.wait_for("The server is away")
    wait_until(lambda: copy.exists() and copy.stat().st_size, "more than its header is recorded")
    run.interrupt()
    run.wait_for("Ctrl-C once more: stop now, and keep the rest")
    time.sleep(1)  # the end is through
    run.interrupt()
    run.finish(3)
    hint = run.wait_for("If the address is wrong: gst-tus-recover --to (URL|gcore) '([^']+)'")[0]
    expect(hint.group(1) == ("URL" if words else "gcore"), hint.group(0))
    where = to.replace("SERVER", server.url)
    bench.run([bench.arguments.recover, "--to", where, hint.group(2)], server).finish(0)
    expect(list(completed(server).values()) == [sha256(copy)], "not what was recorded")


def disk_takes_not_all(bench):
    """What is lost is said, and is no exit status 3, which gst-tus-recover makes good."""
    bench.need(*PICTURE)
    server = bench.standin()
    server.process.send_signal(signal.SIGUSR1)
    script = 'trap "" XFSZ; ulimit -f 600; exec "$0" test --to "$1"'
    run = bench.run(["sh", "-c", script, bench.arguments.record, f"{server.url}/files/"], server)
    run.wait_for("The server is away")
    time.sleep(3)  # more than that is recorded
    run.interrupt()
    run.wait_for("Ctrl-C once more")
    run.interrupt()
    run.finish(1)
    run.wait_for("not all of it could be kept")


def terminal_is_gone(bench):
    """Its SIGHUP ends the recording as SIGTERM does; under nohup it ends nothing."""
    bench.need(*PICTURE)
    server = bench.standin()
    copy = bench.folder / "copy.mp4"
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may be under nohup
    run = record(bench, "test", "--copy", copy, server=server)
    run.wait_for("at the server")
    run.interrupt(signal.SIGHUP)
    run.finish(0)
    expect(list(completed(server).values()) == [sha256(copy)], run.tail())
    run = bench.run(["nohup", bench.arguments.record, "test", "--duration", "2s"], server)
    run.wait_for("at the server")
    run.interrupt(signal.SIGHUP)
    run.finish(0)
    expect(not run.said("nding the recording"), run.tail())


def copy_cannot_be_written(bench):
    """That is said at once, not found out by a pipeline that may stand still for it; and what would
    be recorded is not overwritten."""
    bench.need(*PICTURE, "splitmuxsink")
    server = bench.standin()
    pipe = bench.folder / "pipe"
    os.mkfifo(pipe)
    absent = bench.folder / "absent" / "x.mp4"
    for copy, more, why in (
        (bench.folder, (), "Is a directory"), (absent, (), "No such file"),
        (absent, ("--every", "2s"), "x-00000.mp4: No such file"), (pipe, (), "nobody reads"),
    ):  # fmt: skip
        run = record(bench, "test", "--copy", copy, *more, server=server)
        run.finish(1)
        run.wait_for(why)
    clip = bench.folder / "clip"
    clip.write_bytes(b"x" * 100_000)
    with open(clip, "rb") as stdin:
        run = record(bench, "-", "--copy", clip, server=server, stdin=stdin)
        run.finish(1)
    run.wait_for("is standard input itself")
    expect(clip.stat().st_size == 100_000, "what was to be recorded is gone")
    expect(not server.get("/standin")["uploads"], "something was sent")


def copy_into_a_pipe(bench):
    """As bash's >(…) is one: its reader has all of it."""
    bench.need(*PICTURE)
    server = bench.standin()
    pipe = bench.folder / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    run = record(bench, "test", "--duration", "1s", "--copy", pipe, server=server)
    digest = hashlib.sha256()
    while select.select([reader], [], [], LONGEST)[0] and (block := os.read(reader, 1 << 16)):
        digest.update(block)
    run.finish(0)
    os.close(reader)
    expect(list(completed(server).values()) == [digest.hexdigest()], "it differs")
    link = bench.folder / "link.mp4"  # to what is not there yet
    link.symlink_to("behind.mp4")
    record(bench, "test", "--duration", "1s", "--copy", link, server=server).finish(0)
    expect(sha256(link) in completed(server).values(), "it differs behind a link")


def copy_stands_still(bench, signals):
    """One Ctrl-C ends it in the end, a second one at once; what is not at the server is kept."""
    bench.need(*PICTURE)
    server = bench.standin()
    pipe = bench.folder / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # and reads nothing
    run = record(bench, "test", "--copy", pipe, server=server)
    run.wait_for("^Video ")
    time.sleep(4)  # more than the pipe and the queue take
    run.interrupt()
    run.wait_for("Ctrl-C once more")
    if signals > 1:
        run.interrupt()
    run.finish(3)
    os.close(reader)
    expect(run.said("does not come through") or signals > 1, run.tail())
    run.wait_for("kept in")
    run.wait_for("does not end, and is left")
    bench.recover(server)
    expect(len(completed(server)) == 1, run.tail())


def standard_files_closed(bench):
    """Their numbers go to no file and no socket of the program."""
    bench.need(*PICTURE)
    server = bench.standin()
    run = bench.run(["sh", "-c", 'exec "$0" - <&-', bench.arguments.record], server)
    run.finish(2)
    run.wait_for("standard input is closed")
    marks = bench.folder / "marks"
    script = (
        f'"$0" test --duration 3s <&- >&- 2>&- & p=$!; sleep 1; '
        f"for n in 0 1 2; do readlink /proc/$p/fd/$n; done > {marks}; wait $p"
    )
    bench.run(["sh", "-c", script, bench.arguments.record], server).finish(0)
    expect(marks.read_text() == "/dev/null\n" * 3, marks.read_text())


def output_cannot_be_written(bench):
    """What a program is to read, and a status that says so."""
    if not os.path.exists("/dev/full"):
        raise Unavailable("no /dev/full here")
    bench.need(*PICTURE)
    server = bench.standin()
    spool = bench.folder / "spool"
    upload = spool / "upload-20260101T000000Z-1-00000000"
    upload.mkdir(parents=True)
    (upload / "journal").touch()
    arguments = bench.arguments
    for program, *words in (
        (arguments.record, "test", "--dry-run"), (arguments.recover, "--list", spool),
        (arguments.recover, "--list", "--json", spool), (arguments.check, "--json", f"{server.url}/files/"),
    ):  # fmt: skip
        run = bench.run(["sh", "-c", 'exec "$0" "$@" > /dev/full', program, *words], server)
        run.finish(1)
        run.wait_for("standard output could not be written")
        bench.run([program, *words], server).finish(0)


def shown_without_secrets(bench):
    server = bench.standin()
    run = record(bench, "test", "--to", "https://me:geheim@tus.example/files/?sig=geheim2",
                 "--dry-run", server=server)  # fmt: skip
    run.finish(0)
    run.wait_for("login and the query of --to are left out")
    run.wait_for('endpoint="https://tus.example/files/')
    expect(not run.said("geheim"), run.tail())


def refused(bench):
    bench.need(*PICTURE)
    server = bench.standin()
    run = record(bench, "test", server=server, GCORE_API_KEY="1$wrong")
    run.finish(3)
    run.wait_for("^Error: .*check api-key")
    expect(not run.said("wrong"), run.tail())
    run = record(bench, "test", "--to", f"{server.url}/files/", server=server,
                 GST_TUS_AUTHORIZATION="Bearer geheim")  # fmt: skip
    run.finish(2)
    expect(not run.said("geheim"), run.tail())
    for word, base in (("ftp://127.0.0.1/", ""), ("http://", ""), ("gcore", "foo")):
        run = record(bench, "test", "--to", word, server=server, GCORE_BASE_URL=base)
        run.finish(2)
        run.wait_for("GCORE_BASE_URL" if base else "--to is gcore, or the address of a tus server")
    run = record(bench, "test", "--to", "http://me:geheim@127.0.0.1:9/files/", server=server)
    run.finish(1)
    run.wait_for("must not contain a user name")
    expect(len([line for line in run.lines if "must not contain" in line]) == 1, run.tail())


def authorization_goes_to_its_host(bench):
    bench.need(*PICTURE)
    server = bench.standin()
    host = server.url.split("://")[1]
    for value, name in ((f"{host}=Bearer geheim", "own"), ("other.example=Bearer geheim", "other")):
        run = record(bench, "test", "--duration", "1s", "--to", f"{server.url}/files/", "--name", name,
                     server=server, GST_TUS_AUTHORIZATION=value, GST_DEBUG="tus:5")  # fmt: skip
        run.finish(0)
        expect(not run.said("geheim"), run.tail())


def columns_of(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)  # fmt: skip


def on_a_terminal(bench, columns):
    """One line that grows, and fits; some characters are wide, some take no place."""
    bench.need(*PICTURE)
    server = bench.standin()
    shown, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [str(bench.arguments.record), "test", "--duration", "3s", "--every", "1h",
         "--name", "監視カメラ e\u0301" * 8],
        env=bench.environment(server), stdin=terminal, stdout=terminal, stderr=terminal,
    )  # fmt: skip
    os.close(terminal)
    text = b""
    try:
        while True:
            text += os.read(shown, 4096)
    except OSError:
        pass
    os.close(shown)
    expect(process.wait(LONGEST) == 0, text.decode())
    steps = re.findall(r"\r(recording|sending) ([^\r\n\x1b]*)\x1b\[K", text.decode())
    expect(len(steps) >= 2, text.decode())
    longest = max(columns_of(f"{word} {rest}") for word, rest in steps)
    expect(longest < columns, f"{longest} columns: {steps}")
    expect(columns < 80 or any("監視" in rest for _, rest in steps), f"no name: {steps}")


def check(bench, *words, server=None, **more):
    return bench.run([bench.arguments.check, *words], server, **more)


def uploads_left(server):
    return [upload for upload in server.get("/standin")["uploads"] if not upload.get("removed")]


def check_of_an_account(bench):
    """Each thing that a server may not be able to do; nothing is left there."""
    bench.need(*PICTURE)
    for extensions, mode in (
        ("creation,creation-defer-length,termination", "deferred"),
        ("creation,concatenation,termination", "concatenation"),
        ("creation,termination", "spool"),
    ):
        server = bench.standin("--extensions", extensions)
        run = check(bench, server=server)
        run.finish(0)
        run.wait_for("^api-key +works")
        run.wait_for("^distance +127.0.0.1 in ")
        run.wait_for("^video-status +ready")
        run.wait_for("^removed +video")
        run.wait_for(f"length-mode={mode}")
        videos = server.get("/streaming/videos")
        expect(videos == [], f"{videos}")


def check_of_a_server(bench):
    bench.need(*PICTURE)
    server = bench.standin()
    address = f"{server.url}/files/?sig=%FF%FE"  # no UTF-8
    run = check(bench, address, "--json", server=server, GCORE_API_KEY="")
    run.finish(0)
    found = {line["what"]: line for line in map(json.loads, run.lines) if "what" in line}
    expect(found["late-length"]["value"] == "is noted", run.tail())
    expect(all(line["result"] == "good" for line in found.values()), run.tail())
    expect(not uploads_left(server), f"{uploads_left(server)}")


NO_RECORDING = "No recording can be uploaded there as it is."


def check_that_fails(bench):
    bench.need(*PICTURE)
    server = bench.standin()
    run = check(bench, server=server, GCORE_API_KEY="1$geheim")
    run.finish(1)
    run.wait_for("^api-key +! .*check api-key")
    expect(not run.said("geheim"), run.tail())
    expect(run.lines[-1] == NO_RECORDING, run.tail())
    run = check(bench, server=server, GCORE_BASE_URL="foo")
    run.finish(1)
    expect(run.lines[-1] == NO_RECORDING, run.tail())
    check(bench, server=server, GCORE_API_KEY="").finish(2)
    check(bench, "ftp://x", server=server).finish(2)
    run = check(bench, server.url, server=server)
    run.finish(1)
    run.wait_for("without a word of tus")
    expect(run.lines[-1] == NO_RECORDING, run.tail())
    server = bench.standin("--fault", "on PATCH any: answer 403")
    run = check(bench, server=server)
    run.finish(1)
    run.wait_for("^recording +! ")
    run.wait_for("^removed +video")


def check_is_interrupted(bench):
    """What was made for it is removed."""
    bench.need(*PICTURE)
    server = bench.standin("--fault", "on PATCH any: stall 60 s")
    run = check(bench, server=server)
    run.wait_for("^tus-max-size")
    wait_until(lambda: server.get("/standin")["methods"].get("PATCH"), "a PATCH")
    run.interrupt()
    run.finish(1)
    run.wait_for("^recording +! interrupted")
    run.wait_for("^removed +video")


CASES = [
    ("a test picture, copied, and followed at Gcore", test_picture),
    ("each container", containers),
    ("played from the links of the video", plays_from_its_links),
    ("to a tus server, without sound", to_a_tus_server),
    ("in pieces, with copies", pieces),
    ("a file and standard input as they are", as_it_is),
    ("the screen", screen),
    ("a screen that stands still", screen_stands_still),
    ("a camera in the network", camera_in_the_network),
    ("Ctrl-C while a camera connects", ended_while_a_camera_connects),
    ("no such device", no_device),
    ("Ctrl-C twice, in an outage", stopped_in_an_outage),
    ("Ctrl-C as it begins", ended_as_it_begins),
    ("Ctrl-C once, in an outage", end_waits_for_the_server),
    ("a server whose HEAD does not get through", proved_by_nothing),
    ("SIGTERM", terminated),
    ("a wrong address, then a tus server", functools.partial(
        at_a_wrong_address, words=("--to", NOBODY + "/files/"), to="SERVER/files/")),
    ("a wrong address, then Gcore", functools.partial(
        at_a_wrong_address, words=("--to", NOBODY + "/files/"), to="gcore")),
    ("a wrong GCORE_BASE_URL, then Gcore", functools.partial(
        at_a_wrong_address, words=(), to="gcore", GCORE_BASE_URL=NOBODY)),
    ("a disk that takes not all", disk_takes_not_all),
    ("SIGHUP", terminal_is_gone),
    ("a copy that cannot be written", copy_cannot_be_written),
    ("a copy into a pipe, behind a link", copy_into_a_pipe),
    ("a copy that stands still", functools.partial(copy_stands_still, signals=1)),
    ("a copy that stands still, Ctrl-C twice", functools.partial(copy_stands_still, signals=2)),
    ("standard input, output and error closed", standard_files_closed),
    ("an output that cannot be written", output_cannot_be_written),
    ("what is shown has no secrets", shown_without_secrets),
    ("a wrong key, a wrong variable", refused),
    ("an authorization goes to its host", authorization_goes_to_its_host),
    ("a terminal of 80 columns", functools.partial(on_a_terminal, columns=80)),
    ("gst-tus-check of an account", check_of_an_account),
    ("gst-tus-check of a server", check_of_a_server),
    ("gst-tus-check that fails", check_that_fails),
    ("gst-tus-check that is interrupted", check_is_interrupted),
    ("a terminal of 30 columns", functools.partial(on_a_terminal, columns=30)),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name in ("plugin", "standin", "recover", "record", "check"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--match", default="", help="only cases whose name holds this")
    arguments = parser.parse_args()
    cases = [case for case in CASES if arguments.match in case[0]]
    print(f"1..{len(cases)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="gst-tus-record-") as folder:
        launcher = gst.Launcher(arguments.plugin, Path(folder))
        good = [
            run_case(number, name, with_bench(case, arguments, launcher, folder), None)
            for number, (name, case) in enumerate(cases, 1)
        ]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
